//! The operator's folder, what the host offers, and the vendors' services, in that order.

use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::publication::{Need, foreseen};
use cloister_attestation::snp::CertificateTable;
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
    /// From the operator's folder.
    own: Endorsements,
    /// From the guest's host, which is not on our side.
    offered: Endorsements,
    /// What the Evidence will want, by its own words.
    foreseen: Vec<Need>,
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
        let own = self.folder.endorsements(evidence)?;
        let offered = if let Evidence::Snp(report) = evidence.hardware() {
            let table = CertificateTable::parse(offered.unwrap_or_default())?;
            Endorsements::Snp(table.endorsements(report))
        } else {
            none(evidence.tee())?
        };
        Ok(AtHand { own, offered, foreseen: foreseen(evidence) })
    }

    /// What [`Self::verify`] begins with. Asks nobody.
    #[must_use]
    pub fn first(&self, at_hand: &AtHand, now: UnixTime) -> Endorsements {
        if self.fetcher.settings().is_online() {
            self.kept(at_hand, now).or(without_crl(at_hand.offered.clone()))
        } else {
            at_hand.own.clone().or(at_hand.offered.clone())
        }
    }

    /// Calls `verify` with what is at hand, and again with what it missed.
    ///
    /// Where services are asked, stale files are passed over for them, and so is the host's word
    /// where it does not hold: hosts offer certificates of the firmware before. Where that is in
    /// vain, everything at hand decides after all, and verification says what is wrong with it.
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
        let everything = at_hand.own.clone().or(at_hand.offered.clone());
        if !self.fetcher.settings().is_online() {
            let done = self.fetcher.complete(everything, now, &mut verify).await?;
            return Ok(Verification { outcome: done.outcome, failures: done.failures });
        }
        let ours = self.kept(&at_hand, now);
        let hinted = ours.clone().or(without_crl(at_hand.offered));
        let mut done = self.fetcher.complete(hinted.clone(), now, &mut verify).await?;
        if matches!(done.outcome, Err(VerifyError::Refused { .. })) && hinted != ours {
            let alone = self.fetcher.complete(ours, now, &mut verify).await?;
            if alone.outcome.is_ok() {
                done = alone;
            }
        }
        let Completion { outcome, endorsements, failures } = done;
        let last_resort = endorsements.clone().or(everything);
        if failures.is_empty() || last_resort == endorsements {
            return Ok(Verification { outcome, failures });
        }
        Ok(Verification { outcome: verify(last_resort).await?, failures })
    }

    /// The operator's files that are current, and what was fetched before.
    fn kept(&self, at_hand: &AtHand, now: UnixTime) -> Endorsements {
        let own = at_hand.own.clone().without_stale(now);
        let mut fetched = own.clone();
        for need in &at_hand.foreseen {
            if let Some(publication) = self.fetcher.at_hand(*need, now) {
                publication.add_to(&mut fetched);
            }
        }
        own.or(fetched)
    }
}

/// Nothing, for this TEE.
fn none(tee: Tee) -> Result<Endorsements, EndorsementError> {
    Endorsements::none(tee).ok_or(EndorsementError::Tee { tee })
}

/// SECURITY: a host could offer an old CRL for ever, so that it counts only where nobody else has
/// one.
fn without_crl(mut offered: Endorsements) -> Endorsements {
    if let Endorsements::Snp(snp) = &mut offered {
        snp.crl = None;
    }
    offered
}
