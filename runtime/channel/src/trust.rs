//! The trust bundle: what leases and certificates of one trust domain are checked against.

mod error;
mod event;
mod snapshot;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use rustls::pki_types::{CertificateDer, TrustAnchor};

pub use cloister_attestation::key::KeyId;
pub use error::{CODES, TrustError};
pub use event::Followed;

use crate::identity::PublicKey;
use crate::lease::{self, LeaseError, VerifiedLease};
use crate::limits::{CERTIFICATE_BYTES_MAX, ISSUERS_MAX, LEASE_KEYS_MAX, REVOKED_MAX};
use crate::name::{AgentName, InstanceId, TrustDomain};
use crate::svid::{self, Svid, SvidError};

/// Why and until when an instance's leases are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The agent whose instance this is.
    pub agent: AgentName,
    /// The Verifier's reason, as a stable code.
    pub reason: String,
    /// When the last lease of this instance ends, after which the entry says nothing new.
    pub forget_after: UnixTime,
}

/// What a trust bundle is made of.
#[derive(Clone, Debug)]
pub struct TrustParts {
    /// The trust domain.
    pub trust_domain: TrustDomain,
    /// Issuing CA certificates, DER.
    pub issuers: Vec<Vec<u8>>,
    /// Keys that sign leases.
    pub lease_keys: Vec<PublicKey>,
    /// Leases under an older policy epoch are refused.
    pub policy_epoch_floor: u64,
    /// Instances whose leases are revoked.
    pub revoked: Vec<(InstanceId, Revocation)>,
    /// The Verifier's event number that this state belongs to.
    pub sequence: u64,
    /// When the Verifier said so.
    pub issued_at: UnixTime,
}

/// What leases and certificates of one trust domain are checked against.
///
/// Everything in it comes from the Verifier over an authenticated connection, except the accepted
/// kind of root, which comes from the measured configuration: a Verifier cannot talk a production
/// runtime into simulated peers.
#[derive(Clone, Debug)]
pub struct TrustBundle {
    trust_domain: TrustDomain,
    anchors: AnchorPolicy,
    issuers: Vec<Issuer>,
    lease_keys: Vec<(KeyId, PublicKey)>,
    policy_epoch_floor: u64,
    /// Shared with the bundles that this one was made from until one of them changes it.
    revoked: Arc<HashMap<InstanceId, Revocation>>,
    sequence: u64,
    issued_at: UnixTime,
    leases: lease::Memory,
    chains: svid::Memory,
}

#[derive(Clone, Debug)]
struct Issuer {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
}

impl TrustBundle {
    /// Checks the parts and puts them together. `anchors` is the accepted kind of root.
    ///
    /// # Errors
    /// [`TrustError`] for a bundle without issuer or lease key, with a certificate that does not
    /// parse, or with more entries than its limits.
    pub fn new(parts: TrustParts, anchors: AnchorPolicy) -> Result<Self, TrustError> {
        if !(1..=ISSUERS_MAX).contains(&parts.issuers.len()) {
            return Err(TrustError::malformed("not 1 to 8 issuers"));
        }
        if !(1..=LEASE_KEYS_MAX).contains(&parts.lease_keys.len()) {
            return Err(TrustError::malformed("not 1 to 8 lease keys"));
        }
        let issuers = parts.issuers.into_iter().map(issuer).collect::<Result<_, _>>()?;
        let mut bundle = Self {
            trust_domain: parts.trust_domain,
            anchors,
            issuers,
            lease_keys: parts.lease_keys.into_iter().map(|key| (KeyId::of(&key), key)).collect(),
            policy_epoch_floor: parts.policy_epoch_floor,
            revoked: Arc::default(),
            sequence: parts.sequence,
            issued_at: parts.issued_at,
            leases: lease::Memory::default(),
            chains: svid::Memory::default(),
        };
        parts.revoked.into_iter().try_for_each(|(id, why)| bundle.revoke(id, why))?;
        Ok(bundle)
    }

    /// The trust domain.
    #[must_use]
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// The accepted kind of root, from the measured configuration.
    #[must_use]
    pub const fn anchors(&self) -> &AnchorPolicy {
        &self.anchors
    }

    /// Issuing CA certificates, DER.
    pub fn issuers(&self) -> impl Iterator<Item = &[u8]> {
        self.issuers.iter().map(|issuer| issuer.der.as_ref())
    }

    /// The issuers as ends of certificate chains, and what is known of chains that end there.
    pub(crate) fn trust_anchors(&self) -> (Vec<TrustAnchor<'static>>, svid::Memory) {
        let anchors = self.issuers.iter().map(|issuer| issuer.anchor.clone());
        (anchors.collect(), self.chains.clone())
    }

    /// Parses a certificate as [`Svid::parse`] does; one that verified before is not parsed again.
    pub(crate) fn svid(&self, der: &[u8]) -> Result<Svid, SvidError> {
        self.chains.parse(der)
    }

    /// The lease key with this id.
    #[must_use]
    pub fn lease_key(&self, kid: &[u8]) -> Option<&PublicKey> {
        self.lease_keys.iter().find(|(id, _)| id.as_bytes() == kid).map(|(_, key)| key)
    }

    /// The ids of the keys that sign leases.
    pub fn lease_key_ids(&self) -> impl Iterator<Item = &KeyId> {
        self.lease_keys.iter().map(|(id, _)| id)
    }

    /// The oldest policy epoch accepted.
    #[must_use]
    pub const fn policy_epoch_floor(&self) -> u64 {
        self.policy_epoch_floor
    }

    /// The Verifier's event number that this state belongs to.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the Verifier last said all of it at once.
    #[must_use]
    pub const fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// Refuses this bundle where `seen` is newer, by number or by date: what was revoked in
    /// between would be forgotten.
    ///
    /// # Errors
    /// [`TrustError::Sequence`], [`TrustError::Issued`].
    pub fn check_not_before(&self, seen: &Self) -> Result<(), TrustError> {
        if self.sequence < seen.sequence {
            return Err(TrustError::Sequence { seen: seen.sequence, observed: self.sequence });
        }
        if self.issued_at < seen.issued_at {
            return Err(TrustError::Issued { seen: seen.issued_at, observed: self.issued_at });
        }
        Ok(())
    }

    /// Why this instance is revoked, if it is.
    #[must_use]
    pub fn revocation(&self, instance: &InstanceId) -> Option<&Revocation> {
        self.revoked.get(instance)
    }

    /// Verifies a received lease as [`crate::lease::verify`] does. The signature of one that
    /// verified before is not verified again; everything that time and this bundle can change is.
    ///
    /// # Errors
    /// As [`crate::lease::verify`].
    pub fn verified_lease(&self, bytes: &[u8], now: UnixTime) -> Result<VerifiedLease, LeaseError> {
        self.leases.verify(bytes, self, now)
    }

    /// How many leases are remembered, at most [`crate::limits::LEASES_REMEMBERED_MAX`].
    #[must_use]
    pub fn leases_remembered(&self) -> usize {
        self.leases.len()
    }

    /// How many certificates are remembered, at most [`crate::limits::CHAINS_REMEMBERED_MAX`].
    #[must_use]
    pub fn chains_remembered(&self) -> usize {
        self.chains.len()
    }

    /// Takes an instance's leases away.
    ///
    /// # Errors
    /// [`TrustError::Full`] if there is no room.
    pub fn revoke(&mut self, instance: InstanceId, why: Revocation) -> Result<(), TrustError> {
        if self.revoked.len() >= REVOKED_MAX && !self.revoked.contains_key(&instance) {
            return Err(TrustError::Full);
        }
        Arc::make_mut(&mut self.revoked).insert(instance, why);
        Ok(())
    }

    /// Lifts a revocation; leases of this instance count again.
    pub fn restore(&mut self, instance: &InstanceId) {
        Arc::make_mut(&mut self.revoked).remove(instance);
    }

    /// Forgets revocations whose last lease has ended: those leases are refused by date.
    pub fn forget_ended(&mut self, now: UnixTime) {
        let ended = |why: &Revocation| why.forget_after < now;
        if self.revoked.values().any(ended) {
            Arc::make_mut(&mut self.revoked).retain(|_, why| !ended(why));
        }
    }

    /// Refuses leases under an older policy epoch. The floor never goes down.
    pub fn raise_policy_epoch_floor(&mut self, floor: u64) {
        self.policy_epoch_floor = self.policy_epoch_floor.max(floor);
    }

    /// Notes the Verifier's event number that this state now belongs to. It never goes down.
    pub fn advance_to(&mut self, sequence: u64) {
        self.sequence = self.sequence.max(sequence);
    }
}

fn issuer(der: Vec<u8>) -> Result<Issuer, TrustError> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(TrustError::malformed("an issuer certificate is too long"));
    }
    let der = CertificateDer::from(der);
    let anchor = webpki::anchor_from_trusted_cert(&der)
        .map_err(|_| TrustError::malformed("an issuer certificate does not parse"))?
        .to_owned();
    Ok(Issuer { der, anchor })
}
