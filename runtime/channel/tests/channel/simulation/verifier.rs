//! A modelled Verifier: real leases under real keys, revocations, policy epochs and key rotation,
//! every change with its sequence number.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseId;
use cloister_channel::trust::{Revocation, TrustParts};
use cloister_channel::{AgentName, ChannelKey, IdentityKey, InstanceId, LeaseSigner, TrustBundle};

use super::clock::{Ms, wall};
use crate::world::{NOW, World};
use cloister_domain::random::Random;

/// Names one boot of one node, in the order in which they came up.
pub(super) type Boot = usize;

/// A revocation that stands.
#[derive(Debug)]
pub(super) struct Revoked {
    instance: InstanceId,
    why: Revocation,
}

/// What a Verifier answers to a lease request.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) channel: Arc<ChannelKey>,
    pub(super) certificate: Vec<u8>,
    pub(super) lease: Vec<u8>,
    pub(super) trust: TrustBundle,
}

/// Who asks for a lease.
#[derive(Debug)]
pub(super) struct Applicant<'a> {
    pub(super) boot: Boot,
    pub(super) agent: &'a AgentName,
    pub(super) identity: &'a Arc<IdentityKey>,
}

#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) up: bool,
    offset: i64,
    lifetime: Duration,
    epoch: u64,
    /// The floor, and since when it stands.
    pub(super) floor: (u64, Ms),
    keys: KeyUse,
    pub(super) revoked: BTreeMap<Boot, Revoked>,
    /// Everything that was ever told; the number of an entry is its place, from 1.
    log: Vec<Event>,
    /// The latest end of any lease of a boot.
    ends: BTreeMap<Boot, UnixTime>,
}

/// How far the rotation of the Verifier's key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyUse {
    First,
    BothPublished,
    Second,
}

impl Verifier {
    pub(super) fn new(offset: i64, lifetime: u64) -> Self {
        Self {
            up: true,
            offset,
            lifetime: Duration::from_secs(lifetime),
            epoch: 1,
            floor: (1, 0),
            keys: KeyUse::First,
            revoked: BTreeMap::new(),
            log: Vec::new(),
            ends: BTreeMap::new(),
        }
    }

    pub(super) fn now(&self, at: Ms) -> UnixTime {
        wall(at, self.offset)
    }

    pub(super) fn sequence(&self) -> u64 {
        u64::try_from(self.log.len()).unwrap()
    }

    /// What came after `sequence`.
    pub(super) fn since(&self, sequence: u64) -> &[Event] {
        self.log.get(usize::try_from(sequence).unwrap()..).unwrap_or_default()
    }

    /// The latest end of any lease that a boot was given.
    pub(super) fn lease_end(&self, boot: Boot) -> UnixTime {
        self.ends[&boot]
    }

    /// The state as a whole.
    pub(super) fn bundle(&self, world: &World, next: &LeaseSigner) -> TrustBundle {
        let mut lease_keys = vec![world.signer.public().clone()];
        if self.keys != KeyUse::First {
            lease_keys.push(next.public().clone());
        }
        let parts = TrustParts {
            trust_domain: world.domain.clone(),
            issuers: vec![world.ca.der().to_vec()],
            lease_keys,
            policy_epoch_floor: self.floor.0,
            revoked: self.revoked.values().map(|r| (r.instance, r.why.clone())).collect(),
            sequence: self.sequence(),
            issued_at: NOW,
        };
        TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap()
    }

    /// A lease under present policy, or `None` for a revoked instance.
    pub(super) fn issue(
        &mut self,
        at: Ms,
        world: &World,
        next: &LeaseSigner,
        applicant: &Applicant<'_>,
        random: &mut Random,
    ) -> Option<Issued> {
        if self.revoked.contains_key(&applicant.boot) {
            return None;
        }
        let channel = Arc::new(ChannelKey::generate().unwrap());
        let ik = *applicant.identity.thumbprint();
        let mut claims = world.claims(applicant.agent.as_str(), ik, *channel.thumbprint());
        let half = random.between(0, u64::MAX - 1).to_be_bytes();
        claims.id = LeaseId::new([half, half].concat().try_into().unwrap());
        claims.issued_at = self.now(at);
        claims.expires_at = claims.issued_at.plus(self.lifetime);
        claims.policy_epoch = self.epoch;
        let signer = if self.keys == KeyUse::Second { next } else { &world.signer };
        let lease = signer.sign(&claims).unwrap();
        let certificate = world.certificate(&claims, &lease, channel.public());
        self.ends.insert(applicant.boot, claims.expires_at);
        let trust = self.bundle(world, next);
        Some(Issued { channel, certificate, lease, trust })
    }

    pub(super) fn revoke(&mut self, at: Ms, applicant: &Applicant<'_>) {
        let why = Revocation {
            agent: applicant.agent.clone(),
            reason: "operator.revoked".into(),
            forget_after: self.now(at).plus(self.lifetime),
        };
        let instance = applicant.identity.instance();
        self.log.push(Event::Revoked(v1::RevokedInstance {
            agent: why.agent.to_string(),
            instance: instance.to_string(),
            reason: why.reason.clone(),
            forget_after: why.forget_after.as_secs(),
        }));
        self.revoked.insert(applicant.boot, Revoked { instance, why });
    }

    /// Lifts the oldest revocation.
    pub(super) fn restore(&mut self) -> Option<Boot> {
        let (boot, Revoked { instance, why }) = self.revoked.pop_first()?;
        let (agent, instance) = (why.agent.to_string(), instance.to_string());
        self.log.push(Event::Restored(v1::RestoredInstance { agent, instance }));
        Some(boot)
    }

    /// Leases issued until now do not count any more.
    pub(super) fn raise_floor(&mut self, at: Ms) {
        self.epoch += 1;
        self.floor = (self.epoch, at);
        self.log.push(Event::PolicyEpoch(v1::PolicyEpoch { floor: self.epoch }));
    }

    pub(super) fn publish_next_key(&mut self) {
        if self.keys == KeyUse::First {
            self.keys = KeyUse::BothPublished;
            self.log.push(Event::TrustChanged(v1::TrustChanged {}));
        }
    }

    pub(super) fn sign_with_next_key(&mut self) {
        if self.keys == KeyUse::BothPublished {
            self.keys = KeyUse::Second;
        }
    }
}
