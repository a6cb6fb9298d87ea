//! The certificate: an X.509-SVID for the channel key that carries the lease.
//!
//! SPEC: SPIFFE X509-SVID; draft-ietf-rats-msg-wrap section 6.1 for the extension: id-pe-cmw, not
//! critical, whose value is the `cbor` choice of `CMW`, an OCTET STRING that holds the CBOR record
//! `["application/eat+cwt", lease, 8]` (8 marks an Attestation Result).

mod chain;
mod cmw;
mod error;
mod memory;
mod parse;

use cloister_attestation::time::UnixTime;

pub(crate) use chain::Usage;
pub use chain::verify_chain;
pub use cmw::{CMW_OID_ARCS, MEDIA_TYPE, lease_extension};
pub use error::{CODES, SvidError};
pub(crate) use memory::Memory;

use crate::identity::PublicKey;
use crate::lease::{LeaseClaims, VerifiedLease};
use crate::limits::NOT_BEFORE_LEEWAY;
use crate::spiffe::SpiffeId;

/// A certificate that is an SVID with exactly one lease in it.
///
/// # Security
/// Parsed, not verified: neither its issuer's signature nor its lease. The rustls configurations of
/// [`crate::tls`] verify the chain and the dates, as [`verify_chain`] does; the session verifies the lease and calls
/// [`Self::check`].
#[derive(Clone, Debug)]
pub struct Svid {
    id: SpiffeId,
    key: PublicKey,
    lease: Vec<u8>,
    not_before: UnixTime,
    not_after: UnixTime,
}

impl Svid {
    /// Parses a DER certificate.
    ///
    /// # Errors
    /// [`SvidError`] if it is too long, is not an X.509-SVID of an agent with a P-256 key, or does
    /// not carry exactly one lease of a permitted size in the extension.
    pub fn parse(der: &[u8]) -> Result<Self, SvidError> {
        parse::parse(der)
    }

    /// The SPIFFE ID.
    #[must_use]
    pub const fn id(&self) -> &SpiffeId {
        &self.id
    }

    /// The channel key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The lease, as carried.
    #[must_use]
    pub fn lease(&self) -> &[u8] {
        &self.lease
    }

    /// Whether `secs` since 1970 is within the certificate's dates, as for [`verify_chain`].
    fn is_valid_at(&self, secs: u64) -> bool {
        (self.not_before..=self.not_after).contains(&UnixTime::from_secs(secs))
    }

    /// Checks that this certificate is the one that `lease` was issued with: same key, same name,
    /// and not valid for longer.
    ///
    /// # Errors
    /// [`SvidError`] with what does not agree.
    pub fn check(&self, lease: &VerifiedLease) -> Result<(), SvidError> {
        let claims = lease.claims();
        if self.key.thumbprint() != &claims.channel_key {
            return Err(SvidError::Key {
                expected: claims.channel_key,
                observed: *self.key.thumbprint(),
            });
        }
        if self.id != claims.spiffe_id() {
            return Err(SvidError::Name {
                expected: claims.spiffe_id().to_string(),
                observed: self.id.to_string(),
            });
        }
        if self.not_after > claims.expires_at {
            return Err(SvidError::Outlives {
                not_after: self.not_after,
                expires_at: claims.expires_at,
            });
        }
        Ok(())
    }
}

/// `notBefore` and `notAfter` of the certificate that goes with a lease. It starts before the lease
/// by as much as clocks may differ, and ends with it.
#[must_use]
pub fn validity(claims: &LeaseClaims) -> (UnixTime, UnixTime) {
    (claims.issued_at.minus(NOT_BEFORE_LEEWAY), claims.expires_at)
}
