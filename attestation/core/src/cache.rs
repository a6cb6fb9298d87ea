//! Verified endorsements kept for the next Evidence of the same machine.
//!
//! Most of a verification is the vendor's chain and collateral, which are the same each time.
//! [`EndorsementCache::verify`] says what [`verify`] says, and skips what it verified before.
//!
//! What keeps an entry honest:
//! - *Content is the key.* An entry is found only by a digest over every byte of the endorsements
//!   that were verified, and over the anchors. One bit, or another anchor, is another key.
//! - *Only what was verified gets in*, by type: an entry holds a [`snp::VerifiedChain`],
//!   a [`VerifiedCollateral`] or a [`VerifiedPlatform`], which nothing else can construct, and its
//!   key is computed here from what it was made from. It gets in only after the Evidence that came
//!   with it verified as well: by a machine that holds the key, not by who can fetch certificates.
//! - *Nothing outlives what it rests on.* An entry ends with the first of its certificates, CRLs
//!   and documents. When a newer issue of one of those has been verified, every entry that rests
//!   on an older issue, or was made without one, goes.
//! - *No verdict is kept.* The Evidence's own signature is verified each time, and appraisal never
//!   comes here: a changed policy counts at once.
//! - *Bounded.* By entries, by bytes, and by entries of one machine. Beyond, the entry goes that
//!   was not used for longest, of the machine that has too many or else of all. Whoever wants to
//!   flush the entries of others, or to fill the cache, needs that many genuine machines; many
//!   spellings of one machine's certificates replace each other.
//!
//! It is a matter of speed alone: without it, or with it empty, every verdict is the same.

mod entry;
mod key;
mod shelf;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entry::{Entry, Verified};
use key::ContentKey;
pub use shelf::Bounds;
use shelf::Shelf;

use crate::anchor::Anchors;
use crate::azure;
use crate::evidence::Evidence;
use crate::snp;
use crate::tdx::{self, VerifiedCollateral, VerifiedPlatform};
use crate::time::UnixTime;
use crate::verify::{Endorsements, VerifiedEvidence, VerifyError, verify};

/// Verifies Evidence and keeps its verified endorsements. Shared between threads; nothing slow is
/// done while it is locked.
#[derive(Debug, Default)]
pub struct EndorsementCache {
    shelf: Mutex<Shelf>,
}

impl EndorsementCache {
    /// Empty, with other bounds than the default ones.
    #[must_use]
    pub fn with_bounds(bounds: Bounds) -> Self {
        Self { shelf: Mutex::new(Shelf::new(bounds)) }
    }

    /// Says what [`verify`] says of the same arguments. Steps that were not taken again show the
    /// time at which they were taken.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(
        &self,
        evidence: Evidence,
        with: &Endorsements,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<VerifiedEvidence, VerifyError> {
        match (evidence, with) {
            (Evidence::Snp(report), Endorsements::Snp(with)) if with.vek.is_some() => {
                self.snp(report, with, anchors, now).map(VerifiedEvidence::Snp)
            }
            (Evidence::Tdx(quote), Endorsements::Tdx(with)) => {
                self.tdx(quote, with, anchors, now).map(VerifiedEvidence::Tdx)
            }
            (Evidence::Azure(evidence), with) => {
                azure::verify_with(evidence, anchors, now, |hardware| {
                    self.verify(hardware, with, anchors, now)
                })
                .map(VerifiedEvidence::Azure)
            }
            (evidence @ (Evidence::Snp(_) | Evidence::Tdx(_)), with) => {
                verify(evidence, with, anchors, now)
            }
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelf().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the entries take, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shelf().bytes()
    }

    /// How often endorsements were found, since it was made.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.shelf().hits()
    }

    fn snp(
        &self,
        report: snp::Report,
        with: &snp::Endorsements,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<snp::VerifiedReport, VerifyError> {
        let key = ContentKey::of_chain(with, anchors);
        if let Some(Verified::Chain(chain)) = self.shelf().find(&key, now) {
            return snp::verify_report(report, &chain, now);
        }
        let chain = Arc::new(snp::verify_chain(with, anchors, now)?);
        let verified = snp::verify_report(report, &chain, now)?;
        self.shelf().keep(key, Entry::of_chain(chain, with, anchors), now);
        Ok(verified)
    }

    fn tdx(
        &self,
        quote: tdx::Quote,
        with: &tdx::Collateral,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<tdx::VerifiedQuote, VerifyError> {
        let of_collateral = ContentKey::of_collateral(with, anchors);
        let of_platform = of_collateral.and(quote.auth_data().pck_chain());
        if let Some(Verified::Platform(platform)) = self.shelf().find(&of_platform, now) {
            return platform.verify(quote, now);
        }
        let found = self.shelf().find(&of_collateral, now);
        let collateral = match found {
            Some(Verified::Collateral(collateral)) => collateral,
            Some(Verified::Chain(_) | Verified::Platform(_)) | None => {
                VerifiedCollateral::new(with, anchors, now)?
            }
        };
        let platform = Arc::new(VerifiedPlatform::new(&quote, &collateral, now)?);
        let certificates = quote.auth_data().pck_chain().to_vec();
        let verified = platform.verify(quote, now)?;
        let mut shelf = self.shelf();
        shelf.keep(of_collateral, Entry::of_collateral(&platform, with, anchors), now);
        shelf.keep(of_platform, Entry::of_platform(platform, &certificates, anchors), now);
        Ok(verified)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A panic elsewhere leaves the shelf whole: entries are inserted and removed finished.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
