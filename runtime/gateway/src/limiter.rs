//! Counts what peers have of what policies permit within limits, and shares what is left.
//!
//! Two things are counted. Each limit of a policy, for each peer by itself: one peer's requests
//! take nothing from another's. And requests in flight altogether, where there is a capacity: a
//! peer may have at most as many as are still free. So one peer alone gets half of the capacity and
//! two get a third each, and a peer that comes late finds room however greedy the others are.
//!
//! Time is an argument. What is over the limits is refused at once: a queue would only move the
//! overload to where nobody sees it.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_policy::{Limited, Rate};
use tokio::time::Instant;

use crate::limits::ACCOUNTS_MAX;

/// Counts for every peer. Cheap to share.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Requests in flight altogether; `None` is without limit.
    capacity: Option<usize>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    in_flight: usize,
    peers: HashMap<String, usize>,
    accounts: HashMap<Key, Account>,
}

/// What one policy leaves to one peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    policy: String,
    peer: String,
}

/// How much of it is used.
#[derive(Clone, Copy, Debug)]
struct Account {
    in_flight: u32,
    /// When every request so far would have come, had they come as evenly as the rate says.
    due: Instant,
}

/// Why a request was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Overload {
    /// The peer has used up what a policy leaves to it.
    #[error("the peer is over the {kind} that `{policy}` permits")]
    Limit {
        /// The policy.
        policy: String,
        /// `rate` or `concurrency`.
        kind: &'static str,
    },
    /// The peer has its share of the capacity, or there is none left.
    #[error("the peer has its share of the requests that are in flight at a time")]
    Capacity,
}

/// A request in flight. Dropping it makes room.
#[derive(Debug)]
pub(crate) struct Ticket {
    limiter: Arc<Limiter>,
    peer: String,
    policies: Vec<String>,
}

impl Limiter {
    pub(crate) fn new(capacity: Option<usize>) -> Arc<Self> {
        Arc::new(Self { capacity, counts: Mutex::default() })
    }

    /// Lets one request of `peer` in, if it is within every limit.
    pub(crate) fn admit(
        self: &Arc<Self>,
        peer: &str,
        limited: &[Limited],
        now: Instant,
    ) -> Result<Ticket, Overload> {
        let mut counts = self.lock();
        // Everything is looked at before anything is counted: a refused request uses up nothing.
        counts.check_share(peer, self.capacity)?;
        counts.make_room(limited.len(), now)?;
        for limited in limited {
            counts.account(limited, peer, now).check(limited, now)?;
        }
        counts.in_flight = counts.in_flight.saturating_add(1);
        let held = counts.peers.entry(peer.to_owned()).or_default();
        *held = held.saturating_add(1);
        for limited in limited {
            counts.account(limited, peer, now).count(limited, now);
        }
        let policies = limited.iter().map(|limited| limited.policy.clone()).collect();
        Ok(Ticket { limiter: Arc::clone(self), peer: peer.to_owned(), policies })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.limiter.lock();
        counts.in_flight = counts.in_flight.saturating_sub(1);
        if let Some(held) = counts.peers.get_mut(&self.peer) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                counts.peers.remove(&self.peer);
            }
        }
        for policy in core::mem::take(&mut self.policies) {
            let key = Key { policy, peer: self.peer.clone() };
            if let Some(account) = counts.accounts.get_mut(&key) {
                account.in_flight = account.in_flight.saturating_sub(1);
            }
        }
    }
}

impl Counts {
    fn check_share(&self, peer: &str, capacity: Option<usize>) -> Result<(), Overload> {
        let Some(capacity) = capacity else { return Ok(()) };
        let held = self.peers.get(peer).copied().unwrap_or_default();
        let free = capacity.saturating_sub(self.in_flight);
        if held < free { Ok(()) } else { Err(Overload::Capacity) }
    }

    /// Forgets accounts that say nothing any more, where there are many. Who finds none to forget
    /// is refused: what cannot be counted is not let in.
    fn make_room(&mut self, more: usize, now: Instant) -> Result<(), Overload> {
        if self.accounts.len().saturating_add(more) <= ACCOUNTS_MAX {
            return Ok(());
        }
        self.accounts.retain(|_, account| account.in_flight > 0 || account.due > now);
        let fits = self.accounts.len().saturating_add(more) <= ACCOUNTS_MAX;
        if fits { Ok(()) } else { Err(Overload::Capacity) }
    }

    fn account(&mut self, limited: &Limited, peer: &str, now: Instant) -> &mut Account {
        let key = Key { policy: limited.policy.clone(), peer: peer.to_owned() };
        self.accounts.entry(key).or_insert(Account { in_flight: 0, due: now })
    }
}

impl Account {
    fn check(&self, limited: &Limited, now: Instant) -> Result<(), Overload> {
        let over = |kind| Err(Overload::Limit { policy: limited.policy.clone(), kind });
        if limited.limits.concurrency.is_some_and(|most| self.in_flight >= most) {
            return over("concurrency");
        }
        let rate = limited.limits.rate;
        if rate.is_some_and(|rate| self.due > now + tolerance(rate)) {
            return over("rate");
        }
        Ok(())
    }

    fn count(&mut self, limited: &Limited, now: Instant) {
        self.in_flight = self.in_flight.saturating_add(1);
        if let Some(rate) = limited.limits.rate {
            self.due = self.due.max(now) + interval(rate);
        }
    }
}

/// Between two requests, if they come evenly.
fn interval(rate: Rate) -> Duration {
    // INVARIANT: a rate counts from 1.
    rate.period().checked_div(rate.count()).unwrap_or_default()
}

/// How far ahead of an even pace a peer may be: as many as the rate counts may come at once.
fn tolerance(rate: Rate) -> Duration {
    rate.period().saturating_sub(interval(rate))
}

#[cfg(test)]
mod tests;
