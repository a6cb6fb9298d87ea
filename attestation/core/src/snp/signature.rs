//! The signature of a report.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, ParsedPublicKey};

use super::report::Report;

/// SPEC: AMD 56860 table 139: R and S, each 72 bytes little-endian, then zero to the end.
const COMPONENT_BYTES: usize = 72;
const SCALAR_BYTES: usize = 48;

/// A key that may have signed a report: a point of P-384.
pub(super) fn key(point: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).ok()
}

/// Why the signature does not hold, or nothing if it does.
///
/// SECURITY: over the received bytes. aws-lc refuses R and S of zero and from the group order up.
pub(super) fn refusal(report: &Report, key: &ParsedPublicKey) -> Option<&'static str> {
    let Some(signature) = fixed(report.signature()) else {
        return Some("bytes of the signature field that must be zero are not");
    };
    if key.verify_sig(report.signed(), &signature).is_err() {
        return Some("signature does not verify with the key of the chain");
    }
    None
}

/// R and S as aws-lc reads them: big-endian, 48 bytes each.
fn fixed(field: &[u8]) -> Option<[u8; 2 * SCALAR_BYTES]> {
    let (r, rest) = field.split_at_checked(COMPONENT_BYTES)?;
    let (s, rest) = rest.split_at_checked(COMPONENT_BYTES)?;
    let (r, r_above) = r.split_at_checked(SCALAR_BYTES)?;
    let (s, s_above) = s.split_at_checked(SCALAR_BYTES)?;
    if [r_above, s_above, rest].into_iter().flatten().any(|byte| *byte != 0) {
        return None;
    }
    let mut out = [0; 2 * SCALAR_BYTES];
    let big_endian = r.iter().rev().chain(s.iter().rev());
    out.iter_mut().zip(big_endian).for_each(|(to, from)| *to = *from);
    Some(out)
}
