//! The registry that admitted runtimes ask: where agents listen, and what is revoked.

use std::time::Duration;

use cloister_api::v1;
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::VerifiedLease;
use cloister_channel::name::AgentName;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::error::ServiceError;
use crate::limits::{WATCH_HEARTBEAT, WATCH_STALL_MAX};
use crate::store::{AgentState, EventKind, Store};
use crate::trust::Trust;
use crate::wire;

/// Answers admitted runtimes.
#[derive(Clone, Debug)]
pub struct Registry {
    store: Store,
    trust: Trust,
    clock: Clock,
    pace: Pace,
    stopping: CancellationToken,
}

/// How watches keep time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often a silent watch says that it is still there.
    pub heartbeat: Duration,
    /// How long a watcher may leave an event unread before it is cut off.
    pub unread: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { heartbeat: WATCH_HEARTBEAT, unread: WATCH_STALL_MAX }
    }
}

/// Why a watch ended, other than by the watcher's own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEnd {
    /// The service stops.
    Stopping,
    /// The watcher holds no lease any more.
    NoLease,
    /// The database failed.
    Failed,
}

/// One item of a watch: an event, or why there are no more.
pub type Watched = Result<v1::WatchEvent, WatchEnd>;

/// Events on their way to one watcher. The log in the database is the queue; this is a hand's
/// breadth of it.
const IN_FLIGHT: usize = 16;

impl Registry {
    /// Over one record. Watches end when `stopping` is cancelled.
    #[must_use]
    pub const fn new(
        store: Store,
        trust: Trust,
        clock: Clock,
        pace: Pace,
        stopping: CancellationToken,
    ) -> Self {
        Self { store, trust, clock, pace, stopping }
    }

    /// The live lease that the caller's certificate carries.
    ///
    /// # Errors
    /// [`ServiceError::LeaseRequired`] if there is none.
    pub async fn caller(&self, certificate: Option<&[u8]>) -> Result<VerifiedLease, ServiceError> {
        let Some(certificate) = certificate else {
            let reason = "the connection has no client certificate".to_owned();
            return Err(ServiceError::LeaseRequired { reason });
        };
        self.trust.caller(certificate, self.clock.now()).await
    }

    /// Where the live runtimes of an agent listen, as they said.
    ///
    /// # Errors
    /// [`ServiceError`] if there is no such agent.
    pub async fn resolve(&self, agent: &str) -> Result<v1::ResolveResponse, ServiceError> {
        let expected = "1 to 63 lower-case letters, digits and inner hyphens";
        let name = AgentName::new(agent)
            .map_err(|_| ServiceError::Argument { what: "agent", expected })?;
        let record = self.store.agent(name.as_str()).await?;
        let record = record
            .ok_or_else(|| ServiceError::NotFound { what: "agent", name: name.to_string() })?;
        let now = self.clock.now();
        let live = record.instances.iter().filter(|instance| instance.is_live(now));
        let endpoints = match record.state {
            AgentState::Active => live.map(wire::endpoint).collect(),
            AgentState::Quarantined | AgentState::Retired => Vec::new(),
        };
        Ok(v1::ResolveResponse { endpoints })
    }

    /// Announcements after `sequence`, as they happen. The first item is a heartbeat.
    ///
    /// A watcher that leaves an event unread for too long is cut off; it comes back with the last
    /// number that it applied.
    #[must_use]
    pub fn watch(&self, caller: VerifiedLease, sequence: u64) -> mpsc::Receiver<Watched> {
        let (items, watcher) = mpsc::channel(IN_FLIGHT);
        let watch = Watch {
            registry: self.clone(),
            wake: self.store.newest_event(),
            caller,
            sequence,
            items,
        };
        tokio::spawn(watch.run());
        watcher
    }
}

/// One watcher's position in the log.
struct Watch {
    registry: Registry,
    wake: watch::Receiver<u64>,
    caller: VerifiedLease,
    sequence: u64,
    items: mpsc::Sender<Watched>,
}

/// The watcher is gone, or too slow to be kept.
struct Gone;

impl Watch {
    async fn run(mut self) {
        let stopping = self.registry.stopping.clone();
        let end = tokio::select! {
            () = stopping.cancelled() => Some(WatchEnd::Stopping),
            end = self.follow() => end,
        };
        if let Some(end) = end {
            // A watcher that does not read its end finds the stream closed.
            let _ = self.items.try_send(Err(end));
        }
    }

    /// Until the watcher is gone (`None`) or has to be sent away.
    async fn follow(&mut self) -> Option<WatchEnd> {
        // A watcher that is ahead of the log has followed another one: it has to see the gap.
        let newest = *self.wake.borrow_and_update();
        self.send(wire::heartbeat(self.sequence.min(newest))).await.ok()?;
        self.sequence = self.sequence.min(newest);
        loop {
            match self.catch_up().await {
                Ok(Some(end)) => return Some(end),
                Ok(None) => {}
                Err(Gone) => return None,
            }
            let woken =
                tokio::time::timeout(self.registry.pace.heartbeat, self.wake.changed()).await;
            match woken {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Some(WatchEnd::Stopping),
                Err(_) => {
                    if !self.still_leased().await {
                        return Some(WatchEnd::NoLease);
                    }
                    self.send(wire::heartbeat(self.sequence)).await.ok()?;
                }
            }
        }
    }

    /// Sends everything up to the end of the log. A watcher hears of its own revocation, and
    /// nothing after that.
    async fn catch_up(&mut self) -> Result<Option<WatchEnd>, Gone> {
        loop {
            let events = match self.registry.store.events_after(self.sequence).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::error!(error = %crate::error::chain(&error), "watch failed");
                    return Ok(Some(WatchEnd::Failed));
                }
            };
            if events.is_empty() {
                return Ok(None);
            }
            for event in events {
                let own = self.is_own_revocation(&event.kind);
                self.sequence = event.sequence;
                self.send(wire::event(event)).await?;
                if own && !self.still_leased().await {
                    return Ok(Some(WatchEnd::NoLease));
                }
            }
        }
    }

    fn is_own_revocation(&self, kind: &EventKind) -> bool {
        let own = self.caller.claims().instance().to_string();
        matches!(kind, EventKind::Revoked { instance, .. } if *instance == own)
    }

    /// The lease that the watch began with ends in minutes; the instance renews it meanwhile.
    async fn still_leased(&self) -> bool {
        let now: UnixTime = self.registry.clock.now();
        match self.registry.trust.holds_lease(&self.caller, now).await {
            Ok(holds) => holds,
            Err(error) => {
                tracing::error!(error = %crate::error::chain(&error), "watch failed");
                false
            }
        }
    }

    async fn send(&self, event: v1::WatchEvent) -> Result<(), Gone> {
        let sent =
            tokio::time::timeout(self.registry.pace.unread, self.items.send(Ok(event))).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone),
            Err(_) => {
                let instance = self.caller.claims().instance();
                tracing::warn!(%instance, "watcher is cut off: it does not read");
                Err(Gone)
            }
        }
    }
}

#[cfg(test)]
mod tests;
