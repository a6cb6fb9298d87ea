//! The seam to the audit log: what is on record before it happens.

use core::fmt;

use cloister_audit::record::{Direction, Operation, Outcome, PeerFacts, ToolDrifted};
use cloister_policy::Subject;

use crate::dialer::BoxFuture;

/// Puts on record what the gateway does.
///
/// The gateway forwards nothing of an operation before [`Recorder::record`] has resolved, and
/// nothing at all where it fails.
pub trait Recorder: Send + Sync + 'static {
    /// The policy epoch of the runtime's lease.
    fn policy_epoch(&self) -> u64;

    /// Takes an operation with its verdict. Success asserts that the record survives whatever the
    /// runtime's configuration demands that it survives; it gives the record's number.
    fn record(&self, operation: Operation) -> BoxFuture<'_, Result<u64, RecordError>>;

    /// Takes what became of an operation that was permitted. Called once for each that was
    /// recorded, and never waited for.
    fn outcome(&self, outcome: Outcome);

    /// Takes that a tool's definition is not what is expected. Called once for each definition.
    fn drifted(&self, drift: ToolDrifted);
}

/// Something could not be put on record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(String);

impl RecordError {
    /// For the reason given.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// A peer as records have it.
#[must_use]
pub fn peer_facts(peer: &Subject) -> PeerFacts {
    PeerFacts {
        agent: peer.agent.clone(),
        instance: peer.instance.clone(),
        trust_domain: peer.trust_domain.clone(),
        image: peer.image.clone(),
        version: peer.version.clone(),
        tee: peer.tee.to_string(),
        tier: peer.tier.to_string(),
        simulated: peer.simulated,
    }
}

/// A direction as records have it.
#[must_use]
pub const fn direction(direction: cloister_policy::Direction) -> Direction {
    match direction {
        cloister_policy::Direction::Inbound => Direction::Inbound,
        cloister_policy::Direction::Outbound => Direction::Outbound,
    }
}
