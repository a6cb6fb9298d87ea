//! Received certificate chains, and the one root that they may end at.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::anchor::Anchors;
use crate::check::Check;
use crate::code::Code;
use crate::tdx::codes;
use crate::tdx::trail::Trail;
use crate::tdx::window::Window;
use crate::time::UnixTime;
use crate::verify::VerifyError;
use crate::x509::{Certificate, KeyAlgorithm, X509Error, pem};

/// Reads a PEM chain of exactly `N` certificates and puts them in order: leaf first, root last.
///
/// The order in which they came is not relied on: some services write the root first. Quoting
/// libraries write the chain as a C string; one NUL at its end is not part of the text.
pub(super) fn read<const N: usize>(
    trail: &mut Trail,
    code: &'static Code,
    text: &[u8],
) -> Result<[Certificate; N], VerifyError> {
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    let expected = format!("a PEM chain of {N} certificates");
    let certificates = core::str::from_utf8(text)
        .map_err(|error| X509Error::Pem { reason: error.to_string() })
        .and_then(pem::certificates)
        .map_err(|error| error.to_string())
        .and_then(|mut found| {
            found.sort_by_key(rank);
            found.try_into().map_err(|found: Vec<_>| format!("{} certificates", found.len()))
        });
    trail.holds(code, expected, certificates)
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

/// Requires that `issuer` signed `certificate` and may do so.
pub(super) fn require_issued(
    trail: &mut Trail,
    code: &'static Code,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), VerifyError> {
    let expected = format!("{} signed by {}", certificate.subject(), issuer.subject());
    trail.holds(code, expected, certificate.verify_signed_by(issuer))
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
#[derive(Clone, Debug)]
pub(super) struct SigningKey {
    point: [u8; 65],
}

impl SigningKey {
    /// The key of a certificate; `None` if it is not on P-256.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        if certificate.key_algorithm() != KeyAlgorithm::EcP256 {
            return None;
        }
        certificate.key().try_into().ok().map(|point| Self { point })
    }

    /// From X and Y, 32 bytes each, big-endian.
    // SPEC: SEC 1 section 2.3.3: an uncompressed point begins with 4.
    pub(super) fn from_coordinates(coordinates: &[u8; 64]) -> Self {
        let mut point = [4; 65];
        point.iter_mut().skip(1).zip(coordinates).for_each(|(to, from)| *to = *from);
        Self { point }
    }

    /// Whether `signature`, R and S of 32 bytes each, is by this key over `message`. A point that
    /// is not on the curve verifies nothing.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.point)
            .verify(message, signature)
            .is_ok()
    }
}
