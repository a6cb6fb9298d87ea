//! One dial, and all who wait for it.
//!
//! A burst of requests makes one dial. It belongs to none of them: that one request is cancelled
//! does not cancel it for the others, and a failure is the failure of all, so that no one dials
//! again behind it.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::ChannelError;
use super::peers::{Peer, Pooled};

/// What a dial led to.
pub(super) type Outcome<C> = Result<Arc<C>, Arc<ChannelError>>;

/// A dial under way.
#[derive(Debug)]
pub(super) struct Dialling<C>(watch::Receiver<Option<Outcome<C>>>);

impl<C> Clone for Dialling<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> Dialling<C> {
    /// Waits for its outcome.
    pub(super) async fn outcome(mut self) -> Outcome<C> {
        match self.0.wait_for(Option::is_some).await.map(|outcome| outcome.clone()) {
            Ok(Some(outcome)) => outcome,
            // The dial was dropped: the runtime ends.
            Ok(None) | Err(_) => Err(Arc::new(ChannelError::Closed(None))),
        }
    }
}

/// The turn to dial. Dropping it gives the dial up.
#[derive(Debug)]
pub(super) struct Turn<C: Pooled> {
    peer: Arc<Peer<C>>,
    sender: watch::Sender<Option<Outcome<C>>>,
}

impl<C: Pooled> Turn<C> {
    pub(super) fn new(peer: Arc<Peer<C>>) -> (Self, Dialling<C>) {
        let (sender, receiver) = watch::channel(None);
        (Self { peer, sender }, Dialling(receiver))
    }

    /// The peer to dial.
    pub(super) const fn peer(&self) -> &Arc<Peer<C>> {
        &self.peer
    }

    /// Tells everybody who waits.
    pub(super) fn finish(self, outcome: Outcome<C>) {
        self.peer.dialled(Some(&outcome), Instant::now());
        self.sender.send_replace(Some(outcome));
    }
}

impl<C: Pooled> Drop for Turn<C> {
    fn drop(&mut self) {
        if self.sender.borrow().is_none() {
            self.peer.dialled(None, Instant::now());
        }
    }
}
