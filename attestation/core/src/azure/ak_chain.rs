//! Azure's certificate for a virtual TPM's attestation key.

use const_oid::ObjectIdentifier;
use der::asn1::UintRef;
use der::{Decode as _, Reader as _, SliceReader};

use super::codes;
use crate::anchor::Anchors;
use crate::check::Check;
use crate::time::UnixTime;
use crate::tpm::{AttestationKey, RSA_EXPONENT};
use crate::x509::{Certificate, KeyAlgorithm, X509Error, pem};

/// Leaf, two intermediates and a root are usual; one more is room for another generation.
const CHAIN_MAX: usize = 5;

/// SPEC: RFC 5280 section 4.2.1.12.
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// SPEC: TCG Credential Profile EK for TPM 2.0, `tcg-kp-AIKCertificate`.
const AIK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");

/// Checks that `text` is a chain for `ak`: the key's own certificate first, each signed by the next,
/// all valid at `now`, and a root at the end whose key is pinned.
pub(super) fn check(text: &[u8], ak: &AttestationKey, anchors: &Anchors, now: UnixTime) -> Check {
    let expected = "a certificate for this key that chains to a root of Azure's virtual TPMs";
    match chain(text, ak, anchors, now) {
        Ok(subject) => Check::decided(&codes::AK_CERTIFICATE, true, expected, subject),
        Err(reason) => Check::decided(&codes::AK_CERTIFICATE, false, expected, reason),
    }
}

fn chain(
    text: &[u8],
    ak: &AttestationKey,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<String, String> {
    let words = |error: X509Error| error.to_string();
    let text = str::from_utf8(text).map_err(|error| error.to_string())?;
    let blocks = pem::blocks(text).map_err(words)?;
    if blocks.len() > CHAIN_MAX {
        return Err(format!("a chain of {} certificates", blocks.len()));
    }
    let chain: Result<Vec<_>, _> = blocks.iter().map(|der| Certificate::parse_pkcs1(der)).collect();
    let chain = chain.map_err(words)?;
    let (Some(leaf), Some(root)) = (chain.first(), chain.last()) else {
        return Err("no certificate".to_owned());
    };
    // SECURITY: the root comes with the Evidence; its key decides, and nothing else about it.
    if !anchors.azure_vtpm_roots().contains(&root.key_pin()) {
        return Err(format!("{} at the end, which is no pinned root", root.subject()));
    }
    for certificate in &chain {
        certificate.valid_at(now).map_err(words)?;
    }
    for (certificate, issuer) in chain.iter().zip(chain.iter().skip(1)) {
        certificate.verify_signed_by(issuer).map_err(words)?;
    }
    root.verify_signed_by(root).map_err(words)?;
    for_key(leaf, ak)?;
    Ok(leaf.subject().to_string())
}

/// The leaf certifies this very key, as an attestation key and as no authority.
fn for_key(leaf: &Certificate, ak: &AttestationKey) -> Result<(), String> {
    let certified = modulus(leaf);
    if certified.is_none() || certified != ak.modulus() {
        return Err(format!("{} is for another key", leaf.subject()));
    }
    if leaf.is_ca() {
        return Err(format!("{} is an authority", leaf.subject()));
    }
    let usage = leaf.extension(EXTENDED_KEY_USAGE).map_err(|error| error.to_string())?;
    if !usage.and_then(purposes).is_some_and(|purposes| purposes.contains(&AIK_CERTIFICATE)) {
        return Err(format!("{} is not for an attestation key", leaf.subject()));
    }
    Ok(())
}

// SPEC: RFC 8017 appendix A.1.1, RSAPublicKey.
fn modulus(certificate: &Certificate) -> Option<&[u8]> {
    if certificate.key_algorithm() != KeyAlgorithm::Rsa {
        return None;
    }
    let mut reader = SliceReader::new(certificate.key()).ok()?;
    let (modulus, exponent) = reader
        .sequence(|reader| {
            Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
        })
        .ok()?;
    reader.finish().ok()?;
    (exponent.as_bytes() == RSA_EXPONENT).then_some(modulus.as_bytes())
}

fn purposes(extension: &[u8]) -> Option<Vec<ObjectIdentifier>> {
    Vec::<ObjectIdentifier>::from_der(extension).ok()
}
