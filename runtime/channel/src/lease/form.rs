//! The two forms of a lease, told apart by what each must look like.

use cloister_attestation::key::SignedMessage;
use cloister_attestation::{cose, jws};

use super::{LeaseClaims, LeaseError, codec, json};
use crate::limits::{LEASE_BYTES_MAX, LEASE_JWT_BYTES_MAX};

/// `typ` of a lease that is a JWT, so that no other JWT of the same key is taken for one.
///
/// SPEC: RFC 8725 section 3.11, RFC 7515 section 4.1.9 (without `application/`).
pub const JWT_TYP: &str = "vnd.cloister.lease+jwt";

/// An untagged COSE_Sign1 is an array of four items, whose one deterministic head is this.
const COSE_SIGN1: u8 = 0x84;

/// How a lease is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// CBOR claims in a COSE_Sign1.
    Cwt,
    /// JSON claims in a compact JWS.
    Jwt,
}

impl Form {
    /// The form that `bytes` have the outline of, within its length. No bytes have both.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, LeaseError> {
        let form = if bytes.first() == Some(&COSE_SIGN1) {
            Self::Cwt
        } else if is_compact(bytes) {
            Self::Jwt
        } else {
            return Err(LeaseError::malformed("neither a COSE_Sign1 nor a compact JWS"));
        };
        form.check_len(bytes)?;
        Ok(form)
    }

    pub(super) fn check_len(self, bytes: &[u8]) -> Result<(), LeaseError> {
        let (bytes_max, reason) = match self {
            Self::Cwt => (LEASE_BYTES_MAX, "longer than 16 KiB"),
            Self::Jwt => (LEASE_JWT_BYTES_MAX, "longer than 48 KiB"),
        };
        if bytes.len() > bytes_max { Err(LeaseError::malformed(reason)) } else { Ok(()) }
    }

    /// The signed message that `bytes` are.
    pub(super) fn message(self, bytes: &[u8]) -> Result<SignedMessage, LeaseError> {
        Ok(match self {
            Self::Cwt => cose::parse(bytes, None)?,
            Self::Jwt => jws::parse(bytes, JWT_TYP)?,
        })
    }

    /// What the payload of a message of this form says.
    pub(super) fn claims(self, payload: &[u8]) -> Result<LeaseClaims, LeaseError> {
        match self {
            Self::Cwt => codec::claims(payload),
            Self::Jwt => json::claims(payload),
        }
    }
}

/// Three parts of base64url characters with a dot between them.
fn is_compact(bytes: &[u8]) -> bool {
    let mut parts = 0_u8;
    let spelled = bytes.split(|byte| *byte == b'.').all(|part| {
        parts = parts.saturating_add(1);
        part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
    });
    spelled && parts == 3
}
