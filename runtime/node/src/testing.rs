//! For unit tests: a trust domain whose present is the clock's, with channels that were established.

use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::AnchorPolicy;
use cloister_audit::record::Began;
use cloister_channel::tls::KeyExchange;
use cloister_channel::trust::Revocation;
use cloister_channel::{AgentName, Credentials, Established, IdentityKey, InstanceId, TrustBundle};
use cloister_domain::link::Link;
use cloister_domain::world::{self, NOW};
use cloister_policy::{InForce, LocalAgent, PolicyBundle};

use crate::audit::{AuditLog, Owner};
use crate::channels::{ChannelTable, Judge};
use crate::clock::Clock;
use crate::state::State;

/// One Verifier's keys.
pub(crate) struct World(pub(crate) world::World);

/// A clock at the trust domain's present.
pub(crate) fn clock() -> Arc<Clock> {
    let clock = Clock::default();
    clock.raise(NOW);
    Arc::new(clock)
}

/// A runtime that is not admitted yet.
pub(crate) fn state() -> State {
    State::new(clock(), KeyExchange::PostQuantum, Arc::new(ChannelTable::new(8)), audit())
}

/// An audit log in memory.
pub(crate) fn audit() -> Arc<AuditLog> {
    Arc::new(AuditLog::in_memory(owner(), began()).unwrap())
}

/// Whose log a test's is.
pub(crate) fn owner() -> Owner {
    Owner {
        identity: Arc::new(IdentityKey::generate().unwrap()),
        trust_domain: "example.org".into(),
        agent: "me".into(),
        clock: clock(),
    }
}

pub(crate) fn began() -> Began {
    Began {
        image: "image".into(),
        version: "1.0.0".into(),
        manifest: Digest48::sha384(b"manifest"),
        policy: Digest48::sha384(b"policy"),
        runtime: "0.1.0".into(),
        durable: true,
        predecessor: None,
    }
}

/// What policy says, where this is all that it says.
pub(crate) fn judge(policy: &str) -> Arc<Judge> {
    let local = LocalAgent {
        agent: "me".into(),
        trust_domain: "example.org".into(),
        principal: "example.org".into(),
    };
    let policy = PolicyBundle::parse(policy.as_bytes()).unwrap();
    let policy = Arc::new(InForce::new(policy).unwrap());
    Arc::new(Judge { local, policy, audit: audit() })
}

impl World {
    pub(crate) fn new() -> Self {
        Self(world::World::new())
    }

    /// The trust bundle after `sequence` events, with these instances revoked.
    pub(crate) fn trust(&self, sequence: u64, revoked: &[InstanceId]) -> TrustBundle {
        let why = Revocation {
            agent: AgentName::new("translator").unwrap(),
            reason: "agent.quarantined".into(),
            forget_after: NOW.plus(Duration::from_secs(3600)),
        };
        let mut parts = self.0.parts();
        parts.sequence = sequence;
        parts.revoked = revoked.iter().map(|instance| (*instance, why.clone())).collect();
        TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap()
    }

    /// A genuine runtime whose lease began a minute ago and lives for `life` from now.
    pub(crate) fn runtime(&self, name: &str, life: Duration) -> Arc<Credentials> {
        let ends = |claims: &mut cloister_channel::LeaseClaims| claims.expires_at = NOW.plus(life);
        self.0.runtime_with(name, AnchorPolicy::Vendor, ends)
    }

    /// The verdict of `own`, which dialled `peer`.
    pub(crate) fn dialled(&self, own: &Arc<Credentials>, peer: &Arc<Credentials>) -> Established {
        let trust = Arc::new(self.trust(1, &[]));
        Link::genuine(&self.0, own, peer).established(own, peer, &trust).0
    }
}
