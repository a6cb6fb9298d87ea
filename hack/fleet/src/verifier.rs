//! The Verifier's part: real leases, certificates and trust bundles, without Evidence.

use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::time::UnixTime;
use cloister_channel::trust::Revocation;
use cloister_channel::{ChannelKey, IdentityKey, TrustBundle};
use cloister_domain::world::World;

/// What a runtime is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) lease: Vec<u8>,
    pub(crate) jwt: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) trust: v1::TrustBundle,
}

#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) world: World,
    lifetime: Duration,
    state: TrustBundle,
    epoch: u64,
}

impl Verifier {
    pub(crate) fn new(lifetime: Duration) -> Self {
        let world = World::new();
        let state = world.trust();
        Self { epoch: state.policy_epoch_floor(), world, lifetime, state }
    }

    /// A lease for these keys, in both forms, with everything that travels with it.
    pub(crate) fn admit(
        &self,
        agent: &str,
        identity: &IdentityKey,
        channel: &ChannelKey,
        now: UnixTime,
    ) -> anyhow::Result<Answer> {
        let mut claims = self.world.claims(agent, *identity.thumbprint(), *channel.thumbprint());
        claims.issued_at = now;
        claims.expires_at = now.plus(self.lifetime);
        claims.policy_epoch = self.epoch;
        let lease = self.world.signer.sign(&claims)?;
        Ok(Answer {
            jwt: self.world.signer.sign_jwt(&claims)?,
            certificate: self.world.certificate(&claims, &lease, channel.public()),
            trust: self.trust()?,
            lease,
        })
    }

    /// The trust bundle as it travels.
    pub(crate) fn trust(&self) -> anyhow::Result<v1::TrustBundle> {
        Ok(self.state.to_wire(&self.world.signer)?)
    }

    /// Revokes an instance, and says so as watchers hear it.
    pub(crate) fn revoke(
        &mut self,
        of: &IdentityKey,
        agent: &str,
        now: UnixTime,
    ) -> anyhow::Result<v1::WatchEvent> {
        let (instance, reason) = (of.instance(), "agent.quarantined".to_owned());
        let forget_after = now.plus(self.lifetime);
        let why = Revocation { agent: agent.parse()?, reason: reason.clone(), forget_after };
        self.state.revoke(instance, why)?;
        Ok(self.announce(Event::Revoked(v1::RevokedInstance {
            agent: agent.to_owned(),
            instance: instance.to_string(),
            reason,
            forget_after: forget_after.as_secs(),
        })))
    }

    /// Ends every lease that was issued so far.
    pub(crate) fn raise_epoch(&mut self) -> v1::WatchEvent {
        self.epoch += 1;
        self.state.raise_policy_epoch_floor(self.epoch);
        self.announce(Event::PolicyEpoch(v1::PolicyEpoch { floor: self.epoch }))
    }

    fn announce(&mut self, event: Event) -> v1::WatchEvent {
        let sequence = self.state.sequence() + 1;
        self.state.advance_to(sequence);
        v1::WatchEvent { sequence, event: Some(event) }
    }
}
