//! Leases that verified before, by their content: a lease lives for minutes, and a peer shows it on
//! every connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;

use super::{LeaseError, VerifiedLease, verify};
use crate::limits::LEASES_REMEMBERED_MAX;
use crate::trust::TrustBundle;

/// What is known about form and signature, under one set of lease keys that never changes. Clones
/// share it.
///
/// # Security
/// Only bytes that verified are found again. Dates, revocation, policy epoch and kind of root are
/// checked at every use and never remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<HashMap<Digest48, VerifiedLease>>>);

impl Memory {
    /// As [`verify`], which is asked only for bytes that are not known.
    pub(crate) fn verify(
        &self,
        bytes: &[u8],
        trust: &TrustBundle,
        now: UnixTime,
    ) -> Result<VerifiedLease, LeaseError> {
        let known = self.leases().get(&Digest48::sha384(bytes)).cloned();
        if let Some(lease) = known {
            return lease.recheck(trust, now).map(|()| lease);
        }
        let lease = verify(bytes, trust, now)?;
        self.keep(&lease, now);
        Ok(lease)
    }

    /// How many leases are known.
    pub(crate) fn len(&self) -> usize {
        self.leases().len()
    }

    /// Makes room by forgetting leases that ended, and all of them where that is not enough.
    fn keep(&self, lease: &VerifiedLease, now: UnixTime) {
        let mut leases = self.leases();
        if leases.len() >= LEASES_REMEMBERED_MAX {
            leases.retain(|_, known| known.claims().expires_at > now);
        }
        if leases.len() >= LEASES_REMEMBERED_MAX {
            leases.clear();
        }
        leases.insert(*lease.digest(), lease.clone());
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<Digest48, VerifiedLease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
