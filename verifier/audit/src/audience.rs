//! Who was shown which checkpoints of a log, and which of them it certainly has.

use std::collections::BTreeMap;

use crate::checkpoint::SignedCheckpoint;
use crate::limits::{OFFERS_UNANSWERED_MAX, WITNESSES_MAX};

/// Somebody who is shown checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Observer {
    /// The Verifier.
    Verifier,
    /// A peer, by its instance.
    Peer(String),
}

/// What each observer was shown.
///
/// An answer may be lost, so that it is not known which of the last checkpoints somebody has; every
/// offer therefore has a proof from each of them. No more are left unanswered than an offer has
/// proofs for: after that, the last one is offered again.
#[derive(Debug, Default)]
pub struct Audience {
    observers: BTreeMap<Observer, Shown>,
    turn: u64,
}

#[derive(Debug, Default)]
struct Shown {
    held: Option<SignedCheckpoint>,
    offered: Vec<SignedCheckpoint>,
    /// When it was shown something last, counted in offers.
    turn: u64,
    /// It cannot be shown anything at the moment.
    left: bool,
}

impl Audience {
    /// The checkpoint to offer once more, where so many offers are unanswered that no new one may be
    /// made.
    #[must_use]
    pub fn unanswered(&self, observer: &Observer) -> Option<&SignedCheckpoint> {
        let offered = &self.observers.get(observer)?.offered;
        if offered.len() < OFFERS_UNANSWERED_MAX { None } else { offered.last() }
    }

    /// The checkpoint that `observer` certainly has.
    #[must_use]
    pub fn held(&self, observer: &Observer) -> Option<&SignedCheckpoint> {
        self.observers.get(observer)?.held.as_ref()
    }

    /// Whether there is room for `observer`: for the Verifier always, for as many peers as may be,
    /// and for more in the place of those that left.
    #[must_use]
    pub fn admits(&self, observer: &Observer) -> bool {
        *observer == Observer::Verifier
            || self.observers.contains_key(observer)
            || self.peers().count() < WITNESSES_MAX
            || self.peers().any(|(_, shown)| shown.left)
    }

    /// `observer` cannot be shown anything any more, until it is. What it has is remembered for as
    /// long as nobody needs its place.
    pub fn leave(&mut self, observer: &Observer) {
        if let Some(shown) = self.observers.get_mut(observer) {
            shown.left = true;
        }
    }

    /// The sizes that `observer` may have.
    pub fn sizes(&self, observer: &Observer) -> impl Iterator<Item = u64> {
        self.observers.get(observer).into_iter().flat_map(Shown::sizes)
    }

    /// `checkpoint` is offered to `observer`, for whom there is room. Of the peers that left, the one
    /// that was shown something longest ago is forgotten where there are too many.
    pub fn offer(&mut self, observer: Observer, checkpoint: &SignedCheckpoint) {
        self.turn = self.turn.saturating_add(1);
        let turn = self.turn;
        let shown = self.observers.entry(observer).or_default();
        (shown.turn, shown.left) = (turn, false);
        if !shown.offered.contains(checkpoint) {
            shown.offered.push(checkpoint.clone());
        }
        while self.peers().count() > WITNESSES_MAX {
            let left = self.peers().filter(|(_, shown)| shown.left);
            let oldest = left.min_by_key(|(_, shown)| shown.turn).map(|(who, _)| who.clone());
            let Some(oldest) = oldest else { return };
            self.observers.remove(&oldest);
        }
    }

    fn peers(&self) -> impl Iterator<Item = (&Observer, &Shown)> {
        self.observers.iter().filter(|(who, _)| **who != Observer::Verifier)
    }

    /// The checkpoint of this size that was offered to `observer` and not answered.
    #[must_use]
    pub fn offered(&self, observer: &Observer, size: u64) -> Option<&SignedCheckpoint> {
        let offered = &self.observers.get(observer)?.offered;
        offered.iter().find(|offered| offered.checkpoint().size == size)
    }

    /// `observer` has the checkpoint of this size, and with it none before. Nothing changes if it
    /// was not offered.
    pub fn accept(&mut self, observer: &Observer, size: u64) {
        let Some(held) = self.offered(observer, size).cloned() else { return };
        if let Some(shown) = self.observers.get_mut(observer) {
            shown.held = Some(held);
            shown.offered.retain(|offered| offered.checkpoint().size > size);
        }
    }

    /// Whether somebody may have to be proved that the log extends its first `size` records.
    #[must_use]
    pub fn needs(&self, size: u64) -> bool {
        self.observers.values().any(|shown| shown.sizes().any(|other| other == size))
    }
}

impl Shown {
    fn sizes(&self) -> impl Iterator<Item = u64> {
        self.held.iter().chain(&self.offered).map(|offered| offered.checkpoint().size)
    }
}
