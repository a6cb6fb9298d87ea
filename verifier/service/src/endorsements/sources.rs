//! The operator's folder, what the host offers, and the vendors' services, in that order.

use cloister_attestation::evidence::Evidence;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError};
use cloister_endorsements::{Completion, Failure, Fetcher};

use super::{EndorsementError, OfflineFolder};

/// Where the endorsements of one installation come from.
#[derive(Debug)]
pub struct Sources {
    folder: OfflineFolder,
    fetcher: Fetcher,
}

/// What is there without asking anybody.
#[derive(Clone, Debug)]
pub struct AtHand {
    /// From the folder, and what the host offers that verifies or does not.
    pub(super) endorsements: Endorsements,
    /// The host's CRL, where the folder has none. A host could offer an old one for ever, so it
    /// counts only where nobody else has one.
    pub(super) offered_crl: Option<Vec<u8>>,
}

/// How verification ended, and what could not be fetched for it.
#[derive(Debug)]
pub struct Verification {
    /// The conclusion.
    pub outcome: Result<VerifiedEvidence, VerifyError>,
    /// What could not be fetched.
    pub failures: Vec<Failure>,
}

impl Sources {
    /// Looks into `folder` first and asks with `fetcher`.
    #[must_use]
    pub const fn new(folder: OfflineFolder, fetcher: Fetcher) -> Self {
        Self { folder, fetcher }
    }

    /// What is there for `evidence`, with `offered` as the guest's host offered it. May block.
    ///
    /// # Errors
    /// [`EndorsementError`] if something that is there cannot be used.
    pub fn at_hand(
        &self,
        evidence: &Evidence,
        offered: Option<&[u8]>,
    ) -> Result<AtHand, EndorsementError> {
        self.folder.endorsements(evidence, offered)
    }

    /// Calls `verify` with what is at hand, and again with what it missed.
    ///
    /// Where a service is asked, stale documents at hand are passed over for it. Where that is in
    /// vain, they decide after all: verification then says which is stale.
    ///
    /// # Errors
    /// Whatever `verify` fails with, other than a conclusion.
    pub async fn verify<F, Fut, E>(
        &self,
        at_hand: AtHand,
        now: UnixTime,
        mut verify: F,
    ) -> Result<Verification, E>
    where
        F: FnMut(Endorsements) -> Fut + Send,
        Fut: Future<Output = Result<Result<VerifiedEvidence, VerifyError>, E>> + Send,
    {
        let all = at_hand.clone().all();
        let start = if self.fetcher.settings().is_online() {
            at_hand.endorsements.without_stale(now)
        } else {
            all.clone()
        };
        let completion = self.fetcher.complete(start, now, &mut verify).await?;
        let Completion { outcome, endorsements, failures } = completion;
        let last_resort = endorsements.clone().or(all);
        if failures.is_empty() || last_resort == endorsements {
            return Ok(Verification { outcome, failures });
        }
        Ok(Verification { outcome: verify(last_resort).await?, failures })
    }
}

impl AtHand {
    /// Everything, the host's CRL included.
    fn all(self) -> Endorsements {
        let mut all = self.endorsements;
        if let Endorsements::Snp(snp) = &mut all {
            snp.crl = snp.crl.take().or(self.offered_crl);
        }
        all
    }
}
