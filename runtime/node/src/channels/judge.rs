//! The question that every channel is put to policy with, at its beginning and at every renewal.

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_channel::{Decision, Peer};
use cloister_gateway::subject;
use cloister_policy::{Action, Direction, InForce, LocalAgent, Request, Subject, VisitorRequest};
use tracing::info;

use crate::audit::AuditLog;

/// Asks policy whether a peer may be connected.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) local: LocalAgent,
    pub(crate) policy: Arc<InForce>,
    pub(crate) audit: Arc<AuditLog>,
}

/// What a peer is judged on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Occasion {
    /// It proved who it is on a new connection.
    Session,
    /// It has a new lease.
    Renewal,
}

impl Judge {
    /// Whether `peer` may be at the other end of a channel. The answer is on the record.
    pub(super) fn decide(&self, direction: Direction, peer: &Peer, occasion: Occasion) -> Decision {
        let attested = subject(peer);
        let decision = self.policy.decide(&Request {
            direction,
            peer: &attested,
            local: &self.local,
            action: Action::Connect,
        });
        info!(peer = %peer.agent, instance = %peer.instance, direction = direction.as_str(), ?occasion, simulated = peer.simulated, tier = %peer.tier, %decision, "judged a peer");
        if matches!(occasion, Occasion::Session) {
            self.audit.authenticated(direction, &attested, &decision);
        }
        if decision.allows() { Decision::Accept } else { Decision::Refuse }
    }

    /// Whether an open channel may stay. Nothing new is let in by it.
    pub(crate) fn keeps(&self, direction: Direction, peer: &Subject) -> bool {
        let (local, action) = (&self.local, Action::Connect);
        self.policy.decide(&Request { direction, peer, local, action }).allows()
    }

    /// Whether somebody may stay of whom nothing is attested.
    pub(crate) fn keeps_visitors(&self) -> bool {
        let (local, action) = (&self.local, Action::Connect);
        self.policy.decide_visitor(&VisitorRequest { local, action }).allows()
    }

    /// Whether somebody may come in of whom nothing but an address is known. The answer is on the
    /// record.
    pub(super) fn admits_visitor(&self, from: SocketAddr) -> bool {
        let action = Action::Connect;
        let decision = self.policy.decide_visitor(&VisitorRequest { local: &self.local, action });
        info!(%from, %decision, "judged a visitor");
        self.audit.visitor(&decision);
        decision.allows()
    }
}
