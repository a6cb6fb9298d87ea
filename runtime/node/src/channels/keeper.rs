//! Keeps a channel true as time passes: drives its [`Life`] with the clock, the trust bundle, this
//! side's new leases, and what the peer says on the channel's own stream.
//!
//! A peer that does not take that stream keeps its channel until the first of the two leases ends.

use core::future::{Future, pending};
use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::life::{Event, PeerRenewed};
use cloister_channel::{Decision, Life};
use cloister_gateway::subject;
use cloister_policy::Direction;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::end::End;
use super::judge::{Judge, Occasion};
use super::own_stream::{Heard, OwnStream};
use super::table::Known;
use super::{ChannelError, Facts};
use crate::limits::ENFORCE_INTERVAL;
use crate::state::{Standing, State};

/// Keeps one channel.
#[derive(Debug)]
pub(super) struct Keeper {
    life: Life,
    channel: u64,
    direction: Direction,
    known: Known<Facts>,
    judge: Arc<Judge>,
    state: Arc<State>,
}

impl Keeper {
    pub(super) const fn new(
        life: Life,
        (channel, direction): (u64, Direction),
        known: Known<Facts>,
        judge: Arc<Judge>,
        state: Arc<State>,
    ) -> Self {
        Self { life, channel, direction, known, judge, state }
    }

    /// Takes what changed since the session, before the first application byte.
    ///
    /// # Errors
    /// [`ChannelError`] if the channel has ended by it.
    pub(super) fn begin(&mut self, standing: &Standing) -> Result<(), ChannelError> {
        self.life.trust(Arc::clone(&standing.trust), self.state.clock().now());
        match self.life.poll_event() {
            Some(Event::Ended(ending)) => Err(ChannelError::Ended(ending)),
            _ => Ok(()),
        }
    }

    /// Keeps the channel until it ends, and says why. Renewals begin once `opening` gives a stream;
    /// at `finish` that stream is closed, and no renewal is made or taken any more.
    pub(super) async fn keep(
        mut self,
        opening: impl Future<Output = Option<OwnStream>>,
        finish: CancellationToken,
    ) -> End {
        let mut changes = self.state.changes();
        let mut opening = pin!(async {
            match finish.run_until_cancelled(opening).await.flatten() {
                Some(stream) => stream,
                None => pending().await,
            }
        });
        let mut stream = None;
        self.adopt(&changes, false);
        loop {
            if let Some(end) = self.settle(stream.as_ref()) {
                return end;
            }
            tokio::select! {
                biased;
                () = finish.cancelled(), if stream.is_some() => stream = None,
                heard = hear(&mut stream) => if let Some(end) = self.heard(heard) { return end },
                opened = &mut opening, if stream.is_none() && !finish.is_cancelled() => {
                    stream = Some(opened);
                    self.adopt(&changes, true);
                }
                changed = changes.changed() => match changed {
                    Ok(()) => self.adopt(&changes, stream.is_some()),
                    Err(_) => pending().await,
                },
                () = tokio::time::sleep(self.patience()) => {
                    self.life.handle_timeout(self.state.clock().now());
                }
            }
        }
    }

    /// Does what the life asks for; `Some` once it is over.
    fn settle(&mut self, stream: Option<&OwnStream>) -> Option<End> {
        while let Some(bytes) = self.life.poll_transmit() {
            if !stream.is_some_and(|stream| stream.say(bytes)) {
                warn!(peer = %self.life.peer().agent, "the peer does not read renewals");
                self.life.handle_end();
            }
        }
        while let Some(event) = self.life.poll_event() {
            match event {
                Event::PeerRenewed(renewed) => self.judge(&renewed),
                Event::Ended(ending) => {
                    let end = End::of_life(&ending);
                    info!(peer = %self.life.peer().agent, code = ending.code().id, %ending, "the channel is over");
                    if let Some(result) = end.refused_renewal() {
                        self.state.events().renewals.add_one(result);
                    }
                    return Some(end);
                }
                // An event that this version does not know permits nothing.
                _ => return Some(End::Broken),
            }
        }
        None
    }

    fn judge(&mut self, renewed: &PeerRenewed) {
        let decision = self.judge.decide(self.direction, &renewed.peer, Occasion::Renewal);
        let facts = Facts::of(self.channel, self.direction, &self.life);
        let facts = Facts { peer: Arc::new(subject(&renewed.peer)), ..facts };
        self.state.audit().renewed(&facts, &renewed.lease, decision == Decision::Accept);
        if let Err(error) = self.life.decide(decision, self.state.clock().now()) {
            debug!(%error, "a decision came too late");
        }
        if decision == Decision::Accept {
            self.state.events().renewals.add_one("accepted");
        }
        self.publish();
    }

    /// Takes this side's newest credentials, where there is a stream to say so on, and the newest
    /// trust bundle. In this order: the bundle may be the reason for the credentials.
    fn adopt(&mut self, changes: &watch::Receiver<Option<Arc<Standing>>>, renews: bool) {
        let Some(standing) = changes.borrow().clone() else { return };
        let now = self.state.clock().now();
        let known = *self.life.own_lease().digest();
        if renews && *standing.credentials.lease().digest() != known {
            let result = match self.life.renew(Arc::clone(&standing.credentials), now) {
                Ok(()) => "sent",
                Err(error) => {
                    warn!(peer = %self.life.peer().agent, code = error.code().id, %error, "cannot renew a channel");
                    "failed"
                }
            };
            self.state.events().renewals.add_one(result);
        }
        self.life.trust(Arc::clone(&standing.trust), now);
        self.publish();
    }

    /// Everybody who asks about the channel learns of the leases that count now.
    fn publish(&self) {
        self.known.set(Facts::of(self.channel, self.direction, &self.life));
    }

    fn heard(&mut self, heard: Heard) -> Option<End> {
        match heard {
            Heard::Bytes(bytes) => {
                let now = self.state.clock().now();
                if let Err(error) = self.life.handle_bytes(&bytes, now) {
                    debug!(%error, "bytes came too late");
                }
                None
            }
            Heard::End => {
                self.life.handle_end();
                None
            }
            Heard::Broken => Some(End::Broken),
        }
    }

    /// How long nothing can happen by itself. Never nothing: the clock has whole seconds.
    fn patience(&self) -> Duration {
        let now = self.state.clock().now();
        let deadline = self.life.deadline().map_or(Duration::MAX, |deadline| deadline.since(now));
        deadline.max(ENFORCE_INTERVAL)
    }
}

async fn hear(stream: &mut Option<OwnStream>) -> Heard {
    match stream {
        Some(stream) => stream.hear().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
