//! The channels that are open, and the one way to close them.
//!
//! Every channel stands in the table from its verdict to its end. Whoever takes a permission away
//! (a revocation, the end of a lease, a shutdown) closes by what a channel *is*, not by holding
//! on to it, so that no channel can be forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// Why a channel is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Closing {
    /// The lease of one side ended, or is no longer good under the trust bundle.
    LeaseEnded,
    /// The lease of one side was taken away.
    Revoked,
    /// Policy does not permit it any more.
    Forbidden,
    /// The runtime shuts down.
    Shutdown,
}

impl Closing {
    /// Whether a permission was lost, which leaves no time to drain.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        match self {
            Self::LeaseEnded | Self::Revoked | Self::Forbidden => true,
            Self::Shutdown => false,
        }
    }
}

/// All open channels, each with what is known about it.
#[derive(Debug)]
pub struct Table<T> {
    most: usize,
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    opened: u64,
    open: BTreeMap<u64, Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    facts: Known<T>,
    closing: watch::Sender<Option<Closing>>,
}

impl<T: Clone> Table<T> {
    /// An empty table for at most `most` channels.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, inner: Mutex::new(Inner { opened: 0, open: BTreeMap::new() }) }
    }

    /// Enters a channel; `None` if the table is full. Dropping the registration removes it.
    pub fn enter(self: &Arc<Self>, facts: T) -> Option<Registration<T>> {
        let mut inner = self.lock();
        if inner.open.len() >= self.most {
            return None;
        }
        let (sender, closing) = watch::channel(None);
        let id = inner.opened;
        inner.opened = inner.opened.wrapping_add(1);
        let known = Known(Arc::new(Mutex::new(facts)));
        inner.open.insert(id, Entry { facts: known.clone(), closing: sender });
        Some(Registration { id, table: Arc::clone(self), known, notice: Notice(closing) })
    }

    /// Closes every channel that `why` gives a reason for; says how many it told. The first
    /// reason that a channel was given stays, but that a lost permission ends a drain.
    pub fn close(&self, why: impl Fn(&T) -> Option<Closing>) -> usize {
        let told = |entry: &&Entry<T>| {
            why(&entry.facts.now()).is_some_and(|reason| {
                entry.closing.send_if_modified(|closing| {
                    let told = closing.is_none_or(|given| !given.is_loss() && reason.is_loss());
                    if told {
                        *closing = Some(reason);
                    }
                    told
                })
            })
        };
        self.lock().open.values().filter(told).count()
    }

    /// What is open, oldest first.
    #[must_use]
    pub fn facts(&self) -> Vec<T> {
        self.lock().open.values().map(|entry| entry.facts.now()).collect()
    }

    /// How many are open, and how many were opened since the start.
    #[must_use]
    pub fn counts(&self) -> (usize, u64) {
        let inner = self.lock();
        (inner.open.len(), inner.opened)
    }
}

impl<T> Table<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One channel's place in the table.
#[derive(Debug)]
pub struct Registration<T> {
    id: u64,
    table: Arc<Table<T>>,
    known: Known<T>,
    notice: Notice,
}

impl<T> Registration<T> {
    /// Tells when and why the channel has to close. Can be handed to every stream.
    #[must_use]
    pub fn notice(&self) -> Notice {
        self.notice.clone()
    }

    /// What is known about the channel.
    #[must_use]
    pub fn known(&self) -> Known<T> {
        self.known.clone()
    }
}

impl<T> Drop for Registration<T> {
    fn drop(&mut self) {
        self.table.lock().open.remove(&self.id);
    }
}

/// What is known about one channel, as it changes. Cheap to clone.
#[derive(Debug)]
pub struct Known<T>(Arc<Mutex<T>>);

impl<T> Clone for Known<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Known<T> {
    /// As it is now.
    #[must_use]
    pub fn now(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As it is from now on.
    pub(super) fn set(&self, facts: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }
}

/// Tells when and why a channel has to close.
#[derive(Clone, Debug)]
pub struct Notice(watch::Receiver<Option<Closing>>);

impl Notice {
    /// Why the channel has to close, if it has to.
    #[must_use]
    pub fn given(&self) -> Option<Closing> {
        *self.0.borrow()
    }

    /// Whether the channel has left the table: it was closed, or ended by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.given().is_some() || self.0.has_changed().is_err()
    }

    /// Waits until the channel has to close. For ever, if it ends by itself.
    pub async fn wait(&mut self) -> Closing {
        self.until(|_| true).await
    }

    /// Waits until the channel has to close and there is no time to drain. For ever, if that does
    /// not happen.
    pub async fn lost(&mut self) -> Closing {
        self.until(Closing::is_loss).await
    }

    async fn until(&mut self, wanted: impl Fn(Closing) -> bool) -> Closing {
        match self.0.wait_for(|closing| closing.is_some_and(&wanted)).await.map(|closing| *closing)
        {
            Ok(Some(closing)) => closing,
            // The entry is gone: the channel ended by itself and there is nothing left to close.
            Ok(None) | Err(_) => core::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Closing, Table};

    #[tokio::test]
    async fn closing_reaches_the_chosen_channels_and_no_others() {
        let table = Arc::new(Table::new(8));
        let (a, b) = (table.enter("a").unwrap(), table.enter("b").unwrap());
        let told = table.close(|name| (*name == "a").then_some(Closing::LeaseEnded));
        assert_eq!(told, 1);
        assert_eq!(a.notice().wait().await, Closing::LeaseEnded);
        assert_eq!(b.notice().given(), None);
        assert!(a.notice().is_over() && !b.notice().is_over());
    }

    #[test]
    fn a_channel_is_closed_by_what_is_known_of_it_now() {
        let table = Arc::new(Table::new(8));
        let a = table.enter(1).unwrap();
        a.known().set(2);
        assert_eq!((table.facts(), a.known().now()), (vec![2], 2));
        assert_eq!(table.close(|facts| (*facts == 1).then_some(Closing::LeaseEnded)), 0);
        assert_eq!(table.close(|facts| (*facts == 2).then_some(Closing::LeaseEnded)), 1);
    }

    #[test]
    fn the_first_reason_stays() {
        let table = Arc::new(Table::new(8));
        let a = table.enter("a").unwrap();
        assert_eq!(table.close(|_| Some(Closing::Revoked)), 1);
        assert_eq!(table.close(|_| Some(Closing::Shutdown)), 0);
        assert_eq!(a.notice().given(), Some(Closing::Revoked));
    }

    #[test]
    fn a_channel_that_drains_can_still_lose_its_permission() {
        let table = Arc::new(Table::new(8));
        let a = table.enter("a").unwrap();
        assert_eq!(table.close(|_| Some(Closing::Shutdown)), 1);
        assert_eq!(table.close(|_| Some(Closing::Shutdown)), 0);
        assert_eq!(table.close(|_| Some(Closing::LeaseEnded)), 1);
        assert_eq!(table.close(|_| Some(Closing::Revoked)), 0);
        assert_eq!(a.notice().given(), Some(Closing::LeaseEnded));
    }

    #[test]
    fn a_full_table_refuses_and_an_ended_channel_makes_room() {
        let table = Arc::new(Table::new(1));
        let a = table.enter("a").unwrap();
        let notice = a.notice();
        assert!(table.enter("b").is_none());
        drop(a);
        assert!(notice.is_over());
        let b = table.enter("b").unwrap();
        assert_eq!(table.facts(), ["b"]);
        assert_eq!(table.counts(), (1, 2));
        drop(b);
    }
}
