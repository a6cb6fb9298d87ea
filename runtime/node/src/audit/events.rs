//! What the runtime's parts put on record.

use cloister_attestation::bytes::Digest48;
use cloister_audit::Event;
use cloister_audit::record::{
    Authentication, Barrier, ChannelClosed, ChannelOpened, ChannelRenewed, Fenced, Leased, Omitted,
    Operation, Outcome, POLICIES_NAMED_MAX, PolicyPublished, ToolDrifted, VisitBegan, VisitEnded,
    recordable,
};
use cloister_channel::lease::VerifiedLease;
use cloister_gateway::{
    BoxFuture, RecordError, Recorder, peer_facts, recorded_direction as recorded,
};
use cloister_policy::{Decision, Direction, Subject};

use super::AuditLogError;
use super::log::AuditLog;
use crate::channels::{Facts, VisitFacts};

impl Recorder for AuditLog {
    fn policy_epoch(&self) -> u64 {
        self.epoch()
    }

    fn record(&self, operation: Operation) -> BoxFuture<'_, Result<u64, RecordError>> {
        let recorded = Self::record(self, Event::Operation(Box::new(operation)));
        Box::pin(async move { recorded.await.map_err(RecordError::new) })
    }

    fn outcome(&self, outcome: Outcome) {
        self.note(Event::Outcome(outcome));
    }

    fn drifted(&self, drift: ToolDrifted) {
        self.note(Event::ToolDrifted(drift));
    }
}

impl AuditLog {
    /// The runtime has a lease from now on.
    pub(crate) fn leased(&self, lease: &VerifiedLease) {
        let claims = lease.claims();
        self.set_epoch(claims.policy_epoch);
        self.note(Event::Leased(Leased {
            lease: *lease.digest(),
            expires_at: claims.expires_at,
            policy_epoch: claims.policy_epoch,
        }));
    }

    /// The Verifier published a policy. From now on `bundle` counts: it, or what is in its stead.
    pub(crate) fn policy_published(
        &self,
        number: u64,
        bundle: Digest48,
        refused: Option<&'static str>,
    ) {
        let refused = refused.map(str::to_owned);
        self.note(Event::PolicyPublished(PolicyPublished { number, bundle, refused }));
    }

    /// A peer proved who it is, and policy decided.
    pub(crate) fn authenticated(&self, direction: Direction, peer: &Subject, decision: &Decision) {
        self.note(judged(direction, Some(peer), decision));
    }

    /// Policy decided about somebody of whom nothing is attested. As many may be refused as like,
    /// and fill no log with it.
    pub(crate) fn visitor(&self, decision: &Decision) {
        if decision.allows() || self.notes_strangers() {
            self.note(judged(Direction::Inbound, None, decision));
        }
    }

    /// Somebody failed to prove who it is; `dialled` names whom this side wanted.
    pub(crate) fn not_authenticated(
        &self,
        direction: Direction,
        dialled: Option<&str>,
        code: &'static str,
    ) {
        if !self.notes_strangers() {
            return;
        }
        self.note(Event::Authentication(Authentication {
            direction: recorded(direction),
            peer: None,
            dialled: dialled.map(recordable),
            refused: Some(code.to_owned()),
            policies: Vec::new(),
        }));
    }

    /// Whether one more stranger is recorded on its own, with how many were not before it.
    fn notes_strangers(&self) -> bool {
        let Some(omitted) = self.admit_stranger() else { return false };
        if omitted > 0 {
            let what = "authentication".to_owned();
            self.note(Event::Omitted(Omitted { what, count: omitted }));
        }
        true
    }

    /// The agent met its fence `count` times, and was denied `subject`.
    pub(crate) fn fenced(
        &self,
        barrier: Barrier,
        subject: Option<&str>,
        refused: Option<&'static str>,
        count: u64,
    ) {
        let Some(omitted) = self.admit_fenced() else { return };
        if omitted > 0 {
            self.note(Event::Omitted(Omitted { what: "fence".to_owned(), count: omitted }));
        }
        let (subject, refused) = (subject.map(recordable), refused.map(str::to_owned));
        self.note(Event::Fenced(Fenced { barrier, subject, refused, count }));
    }

    /// The agent is about to be let through to `subject`.
    pub(crate) async fn passed(&self, subject: &str) -> Result<(), AuditLogError> {
        let (barrier, subject) = (Barrier::Egress, Some(recordable(subject)));
        let event = Event::Fenced(Fenced { barrier, subject, refused: None, count: 1 });
        self.record(event).await.map(drop)
    }

    /// A visit carries requests from now on.
    pub(crate) fn visited(&self, facts: &VisitFacts) {
        self.note(Event::VisitBegan(VisitBegan {
            visit: facts.visit,
            from: facts.from.to_string(),
            key_exchange: facts.group.to_owned(),
            own_lease: *facts.own_lease.digest(),
            ends_at: facts.ends(),
        }));
    }

    /// A visit carries nothing any more.
    pub(crate) fn visit_ended(&self, visit: u64, reason: &'static str) {
        self.note(Event::VisitEnded(VisitEnded { visit, reason: reason.to_owned() }));
    }

    /// A channel carries requests from now on.
    pub(crate) fn opened(&self, facts: &Facts) {
        self.note(Event::ChannelOpened(ChannelOpened {
            channel: facts.channel,
            direction: recorded(facts.direction),
            peer: peer_facts(&facts.peer),
            key_exchange: facts.group.to_owned(),
            lease: *facts.lease.digest(),
            own_lease: *facts.own_lease.digest(),
            ends_at: facts.ends(),
        }));
    }

    /// A peer's new lease was put to policy.
    pub(crate) fn renewed(&self, facts: &Facts, lease: &VerifiedLease, accepted: bool) {
        self.note(Event::ChannelRenewed(ChannelRenewed {
            channel: facts.channel,
            peer: peer_facts(&facts.peer),
            lease: *lease.digest(),
            result: if accepted { "accepted" } else { "refused" }.to_owned(),
        }));
    }

    /// A channel carries nothing any more.
    pub(crate) fn ended(&self, facts: &Facts, reason: &'static str) {
        self.note(Event::ChannelClosed(ChannelClosed {
            channel: facts.channel,
            peer: peer_facts(&facts.peer),
            reason: reason.to_owned(),
        }));
    }
}

fn judged(direction: Direction, peer: Option<&Subject>, decision: &Decision) -> Event {
    let policies = decision.policies().iter().take(POLICIES_NAMED_MAX);
    Event::Authentication(Authentication {
        direction: recorded(direction),
        peer: peer.map(peer_facts),
        dialled: None,
        refused: (!decision.allows()).then(|| "policy.denied".to_owned()),
        policies: policies.map(|id| recordable(id)).collect(),
    })
}
