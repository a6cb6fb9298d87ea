//! What the runtime knows at this moment, and every change that follows from a change.
//!
//! All transitions are here and are immediate: by the time [`State::trust`] or [`State::admit`]
//! returns, every channel that lost its permission has been told. Tasks watch; none of them
//! decides.

use std::sync::{Arc, Mutex, PoisonError};

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::{LeaseError, VerifiedLease};
use cloister_channel::tls::{
    Demands, TlsError, client_config, document_server_config, server_config, visit_server_config,
};
use cloister_channel::{Credentials, TrustBundle};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ServerConfig};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::audit::AuditLog;
use crate::channels::{ChannelTable, Closing, Judge, VisitTable};
use crate::clock::{Clock, TlsTime};
use crate::limits::VISITORS_MAX;
use crate::metrics::Events;
use crate::phase::Phase;

/// Phase, membership, trust and channels of one runtime.
#[derive(Debug)]
pub(crate) struct State {
    clock: Arc<Clock>,
    demands: Demands,
    phase: watch::Sender<Phase>,
    standing: watch::Sender<Option<Arc<Standing>>>,
    /// Held while [`Standing`] is made from the one before: a lease and a revocation may arrive at
    /// the same time, and neither may be lost.
    changing: Mutex<()>,
    channels: Arc<ChannelTable>,
    visits: Arc<VisitTable>,
    audit: Arc<AuditLog>,
    events: Arc<Events>,
}

/// What channels are opened under: own credentials, the trust bundle, and TLS made from both.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) trust: Arc<TrustBundle>,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
    /// For whoever asks for the attestation document.
    pub(crate) document: Arc<ServerConfig>,
    /// For visitors, where they are allowed.
    pub(crate) visit: Arc<ServerConfig>,
}

impl Standing {
    fn new(
        credentials: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        demands: Demands,
        clock: &Arc<Clock>,
    ) -> Result<Self, TlsError> {
        let time: Arc<dyn TimeProvider> = Arc::new(TlsTime::new(Arc::clone(clock)));
        let client = client_config(&credentials, &trust, demands, Arc::clone(&time))?;
        let server = server_config(&credentials, &trust, demands, Arc::clone(&time))?;
        let document = document_server_config(&credentials, Arc::clone(&time))?;
        let visit = visit_server_config(&credentials, demands.key_exchange, time)?;
        Ok(Self { credentials, trust, client, server, document, visit })
    }

    /// Why channels under these credentials have to close, if they have to.
    fn lost(&self, now: UnixTime) -> Option<Closing> {
        closing(self.credentials.lease(), &self.trust, now)
    }
}

impl State {
    pub(crate) fn new(
        clock: Arc<Clock>,
        demands: impl Into<Demands>,
        channels: Arc<ChannelTable>,
        audit: Arc<AuditLog>,
    ) -> Self {
        Self {
            clock,
            demands: demands.into(),
            phase: watch::Sender::new(Phase::Enrolling),
            standing: watch::Sender::new(None),
            changing: Mutex::default(),
            channels,
            visits: Arc::new(VisitTable::new(VISITORS_MAX)),
            audit,
            events: Arc::default(),
        }
    }

    pub(crate) const fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// What the measured configuration demands of every channel.
    pub(crate) const fn demands(&self) -> Demands {
        self.demands
    }

    pub(crate) const fn channels(&self) -> &Arc<ChannelTable> {
        &self.channels
    }

    pub(crate) const fn visits(&self) -> &Arc<VisitTable> {
        &self.visits
    }

    pub(crate) const fn audit(&self) -> &Arc<AuditLog> {
        &self.audit
    }

    pub(crate) const fn events(&self) -> &Arc<Events> {
        &self.events
    }

    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// The latest credentials and trust bundle, good or not; `None` before the first admission.
    pub(crate) fn latest(&self) -> Option<Arc<Standing>> {
        self.standing.borrow().clone()
    }

    /// The same, as it changes.
    pub(crate) fn changes(&self) -> watch::Receiver<Option<Arc<Standing>>> {
        self.standing.subscribe()
    }

    /// What channels may be opened under, while the runtime serves.
    pub(crate) fn standing(&self) -> Option<Arc<Standing>> {
        let standing = self.latest()?;
        let serves = self.phase.borrow().serves() && standing.lost(self.clock.now()).is_none();
        serves.then_some(standing)
    }

    /// Takes new credentials, and the trust bundle that came with them, into use.
    pub(crate) fn admit(
        &self,
        credentials: Arc<Credentials>,
        trust: TrustBundle,
    ) -> Result<(), TlsError> {
        self.clock.raise(credentials.lease().claims().issued_at);
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let trust = self.newer(trust);
        let standing = Standing::new(credentials, trust, self.demands, &self.clock)?;
        self.events.leases.add_one();
        self.audit.leased(standing.credentials.lease());
        self.standing.send_replace(Some(Arc::new(standing)));
        self.enter(Phase::Admitted);
        self.enforce();
        Ok(())
    }

    /// Takes a newer trust bundle into use. An older one than the one in use is refused.
    pub(crate) fn trust(&self, trust: TrustBundle) -> Result<(), TlsError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(latest) = self.latest() else { return Ok(()) };
        let credentials = Arc::clone(&latest.credentials);
        let trust = self.newer(trust);
        let standing = Standing::new(credentials, trust, self.demands, &self.clock)?;
        self.standing.send_replace(Some(Arc::new(standing)));
        self.enforce();
        Ok(())
    }

    /// The Verifier refused. A live lease keeps its worth until its end.
    pub(crate) fn refuse(&self) {
        let phase = *self.phase.borrow();
        if !phase.serves() && phase != Phase::Revoked {
            self.enter(Phase::Refused);
        }
    }

    /// The runtime is about to end: nothing new is served.
    pub(crate) fn stop(&self) {
        self.enter(Phase::Stopping);
    }

    /// Compares everything that is open with time and trust, and closes what is not good any more.
    pub(crate) fn enforce(&self) {
        let Some(standing) = self.latest() else { return };
        let now = self.clock.now();
        let own = standing.lost(now);
        match own {
            Some(Closing::Revoked) => self.leave(Phase::Revoked),
            Some(Closing::LeaseEnded | Closing::Forbidden | Closing::Shutdown) => {
                self.leave(Phase::Expired)
            }
            None => {}
        }
        let closed =
            self.channels.close(|facts| own.or_else(|| facts.closing(&standing.trust, now)));
        self.events.channels_closed.add(u64::try_from(closed).unwrap_or(u64::MAX));
        self.visits.close(|facts| own.or_else(|| facts.closing(&standing.trust, now)));
    }

    /// Closes what policy does not permit to exist any more; says how many channels that were.
    pub(crate) fn forbid(&self, judge: &Judge) -> usize {
        let closed = self.channels.close(|facts| {
            (!judge.keeps(facts.direction, &facts.peer)).then_some(Closing::Forbidden)
        });
        self.events.channels_closed.add(u64::try_from(closed).unwrap_or(u64::MAX));
        if !judge.keeps_visitors() {
            self.visits.close(|_| Some(Closing::Forbidden));
        }
        closed
    }

    /// The later of `trust` and the one in use: events may have been applied since it was sent.
    fn newer(&self, trust: TrustBundle) -> Arc<TrustBundle> {
        let Some(latest) = self.latest() else { return Arc::new(trust) };
        match trust.check_not_before(&latest.trust) {
            Ok(()) => Arc::new(trust),
            Err(older) => {
                info!(code = older.code().id, %older, "keeping the trust bundle in use");
                Arc::clone(&latest.trust)
            }
        }
    }

    /// From serving to not serving. A revocation is noticed in an expired runtime as well.
    fn leave(&self, lost: Phase) {
        let phase = *self.phase.borrow();
        if phase.serves() || (phase == Phase::Expired && lost == Phase::Revoked) {
            warn!(phase = %lost, "the lease is gone: every channel is closed");
            self.enter(lost);
        }
    }

    /// Every phase leads to every other, but for the last one, which stays.
    fn enter(&self, next: Phase) {
        self.phase.send_if_modified(|phase| {
            let changes = *phase != next && *phase != Phase::Stopping;
            if changes {
                info!(from = %phase, to = %next, "phase");
                *phase = next;
            }
            changes
        });
    }
}

/// Why a channel that rests on `lease` has to close, if it has to.
pub(crate) fn closing(
    lease: &VerifiedLease,
    trust: &TrustBundle,
    now: UnixTime,
) -> Option<Closing> {
    match lease.recheck(trust, now) {
        Ok(()) => None,
        Err(LeaseError::Revoked { .. }) => Some(Closing::Revoked),
        Err(_) => Some(Closing::LeaseEnded),
    }
}

#[cfg(test)]
mod tests;
