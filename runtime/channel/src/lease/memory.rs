//! Leases that verified before: a lease lives for minutes, and a peer shows it on every connection.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;

use super::{LeaseError, VerifiedLease, verify};
use crate::limits::LEASES_REMEMBERED_MAX;
use crate::remembered::Remembered;
use crate::trust::TrustBundle;

/// What is known about form and signature, under one set of lease keys that never changes. Clones
/// share it.
///
/// # Security
/// Only bytes that verified are found again. Dates, revocation, policy epoch and kind of root are
/// checked at every use and never remembered.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Remembered<VerifiedLease>);

impl Default for Memory {
    fn default() -> Self {
        Self(Remembered::new(LEASES_REMEMBERED_MAX))
    }
}

impl Memory {
    /// As [`verify`], which is asked only for bytes that are not known.
    pub(crate) fn verify(
        &self,
        bytes: &[u8],
        trust: &TrustBundle,
        now: UnixTime,
    ) -> Result<VerifiedLease, LeaseError> {
        if let Some(lease) = self.0.find(&Digest48::sha384(bytes)) {
            return lease.recheck(trust, now).map(|()| lease);
        }
        let lease = verify(bytes, trust, now)?;
        self.0.keep(*lease.digest(), lease.clone(), |known| known.claims().expires_at <= now);
        Ok(lease)
    }

    /// How many leases are known.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
