//! Received certificate chains, and the one root that they may end at.

use core::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};

use crate::anchor::Anchors;
use crate::bytes::hex::Hex;
use crate::check::Check;
use crate::code::Code;
use crate::key::Signature;
use crate::tdx::codes;
use crate::tdx::window::Window;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::verify::VerifyError;
use crate::x509::{Certificate, KeyAlgorithm, X509Error, pem};

/// Reads a PEM chain of exactly `N` certificates and puts them in order: leaf first, root last.
///
/// The order in which they came is not relied on: some services write the root first. Quoting
/// libraries write the chain as a C string; one NUL at its end is not part of the text.
///
/// `root` is the pinned one, if it was read before: it is not read again.
pub(super) fn read<const N: usize>(
    trail: &mut Trail,
    code: &'static Code,
    text: &[u8],
    root: Option<&Certificate>,
) -> Result<[Certificate; N], VerifyError> {
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    let parse = |der: Vec<u8>| match root {
        Some(root) if root.as_der() == der => Ok(root.clone()),
        _ => Certificate::parse(&der),
    };
    let certificates = core::str::from_utf8(text)
        .map_err(|error| X509Error::Pem { reason: error.to_string() })
        .and_then(pem::blocks)
        .and_then(|blocks| blocks.into_iter().map(parse).collect::<Result<Vec<_>, _>>())
        .map_err(|error| error.to_string())
        .and_then(|mut found| {
            found.sort_by_key(rank);
            found.try_into().map_err(|found: Vec<_>| format!("{} certificates", found.len()))
        });
    trail.holds(code, format_args!("a PEM chain of {N} certificates"), certificates)
}

/// Where a certificate belongs in a chain. Whoever signed whom is verified afterwards.
fn rank(certificate: &Certificate) -> u8 {
    match (certificate.is_ca(), certificate.subject() == certificate.issuer()) {
        (_, true) => 2,
        (true, false) => 1,
        (false, false) => 0,
    }
}

/// Requires that `root` has the pinned key.
pub(super) fn require_pinned(
    trail: &mut Trail,
    root: &Certificate,
    anchors: &Anchors,
) -> Result<(), VerifyError> {
    trail.require(Check::equal(&codes::ROOT_KEY, anchors.intel_root(), root.key_pin()))
}

/// Requires that a certificate is valid `now`, and narrows `window` to its validity.
pub(super) fn require_valid(
    trail: &mut Trail,
    code: &'static Code,
    certificate: &Certificate,
    window: &mut Window,
    now: UnixTime,
) -> Result<(), VerifyError> {
    let validity = Window::between(certificate.not_before(), certificate.not_after());
    window.admit(trail, code, validity, now)
}

/// A P-256 public key that signs raw messages: a TCB signer, a PCK or an attestation key.
#[derive(Clone)]
pub(super) struct SigningKey(ParsedPublicKey);

impl SigningKey {
    /// The key of a certificate; `None` if it is not on P-256.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        if certificate.key_algorithm() != KeyAlgorithm::EcP256 {
            return None;
        }
        Self::from_point(certificate.key().try_into().ok()?)
    }

    /// From X and Y, 32 bytes each, big-endian; `None` if that is no point of the curve.
    // SPEC: SEC 1 section 2.3.3: an uncompressed point begins with 4.
    pub(super) fn from_coordinates(coordinates: &[u8; 64]) -> Option<Self> {
        let mut point = [4; 65];
        point.iter_mut().skip(1).zip(coordinates).for_each(|(to, from)| *to = *from);
        Self::from_point(&point)
    }

    fn from_point(point: &[u8; 65]) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok().map(Self)
    }

    /// Whether `signature`, R and S of 32 bytes each, is by this key over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_sig(message, &Signature::new(*signature).to_der()).is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", Hex(self.0.as_ref()))
    }
}
