//! Whose certificate counts as a live lease. TLS has verified the chain before; these certificates
//! are all of the right issuer and differ in what they say.

use std::sync::Arc;
use std::time::Duration;

use cloister_attestation::bytes::{Digest48, HostData, Nonce};
use cloister_attestation::evidence::Tee;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::reference::{LaunchShape, ReferenceTuple};
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::{LeaseClaims, LeaseId, LeaseSigner};
use cloister_channel::{ChannelKey, IdentityKey, TrustBundle, TrustDomain};

use super::Trust;
use crate::error::ServiceError;
use crate::state::{Directory, Keys};
use crate::store::{Admitted, AgentState, Operation, Outcome, Store, Verdict};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const LIFETIME: Duration = Duration::from_secs(600);

/// A Verifier's keys and record, and one admitted runtime.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    directory: Directory,
    pub(crate) trust: Trust,
    identity: IdentityKey,
    channel: ChannelKey,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let domain: TrustDomain = "example.org".parse().unwrap();
        let directory = Directory::open(&folder.path().join("data")).unwrap();
        let keys = Keys::open(&directory, &domain, LIFETIME, NOW).unwrap();
        let store = Store::open(&directory.path("test.sqlite"), &domain, NOW).await.unwrap();
        let trust = Trust::new(domain, AnchorPolicy::Vendor, Arc::new(keys), store);
        let world = Self {
            _folder: folder,
            directory,
            trust,
            identity: IdentityKey::generate().unwrap(),
            channel: ChannelKey::generate().unwrap(),
        };
        world.admit().await;
        world
    }

    /// The record.
    pub(crate) fn store(&self) -> &Store {
        &self.trust.store
    }

    /// What the lease of the admitted runtime says.
    pub(crate) fn claims(&self) -> LeaseClaims {
        LeaseClaims {
            trust_domain: "example.org".parse().unwrap(),
            agent: "translator".parse().unwrap(),
            identity_key: *self.identity.thumbprint(),
            channel_key: *self.channel.thumbprint(),
            id: LeaseId::new([1; 16]),
            issued_at: NOW,
            expires_at: NOW.plus(LIFETIME),
            verifier_build: "test".into(),
            principal: "example.org".into(),
            scope: vec![],
            image: "translator".into(),
            version: "1".into(),
            reference: tuple().digest(),
            tee: Tee::Snp,
            platform: PlatformIdentity::NotAsserted,
            simulator: None,
            tier: Tier::Affirming,
            appraisal: Digest48::sha384(b"appraisal"),
            evidence: Digest48::sha384(b"evidence"),
            policy_epoch: 1,
            not_asserted: vec![],
            tcb_status: None,
            region_claim: None,
            published_policy: 0,
        }
    }

    async fn admit(&self) {
        let (store, claims) = (&self.trust.store, self.claims());
        let operation = Operation {
            at: NOW,
            action: "image.admit",
            subject: String::new(),
            detail: String::new(),
        };
        store.admit_images(&[tuple()], &operation).await.unwrap().unwrap();
        let admitted = Admitted {
            nonce: Nonce::new([1; 32]),
            nonce_expires_at: NOW,
            instance: claims.instance().to_string(),
            agent: claims.agent.to_string(),
            tuple: claims.reference,
            endpoint: "a:1".into(),
            simulated: false,
            tier: "affirming".into(),
            platform: String::new(),
            not_asserted: vec![],
            log: None,
            machine: None,
            lease_expires_at: claims.expires_at,
            policy_epoch: claims.policy_epoch,
            takes_policies: false,
            verdict: Verdict {
                at: NOW,
                outcome: Outcome::Admitted,
                agent: None,
                instance: None,
                evidence: String::new(),
                detail: "{}".into(),
            },
        };
        store.admit(admitted).await.unwrap().unwrap();
    }

    /// The caller's lease, as seen at `now` in a certificate that was issued with `lease` for
    /// `claims` and `channel`.
    async fn caller(
        &self,
        claims: &LeaseClaims,
        lease: &[u8],
        channel: &ChannelKey,
        now: UnixTime,
    ) -> Result<String, ServiceError> {
        let authority = &self.trust.keys.authority;
        let certificate = authority.certify_runtime(claims, lease, channel.public()).unwrap();
        let lease = self.trust.caller(&certificate, now).await?;
        Ok(lease.claims().agent.to_string())
    }

    /// The trust bundle, as whoever asks for it has it.
    pub(crate) async fn received(&self) -> TrustBundle {
        let wire = self.trust.bundle(NOW).await.unwrap();
        TrustBundle::from_wire(&wire, AnchorPolicy::Vendor).unwrap()
    }

    pub(crate) fn sign(&self, claims: &LeaseClaims) -> Vec<u8> {
        self.trust.keys.leases.ring().signer().sign(claims).unwrap()
    }
}

fn tuple() -> ReferenceTuple {
    ReferenceTuple {
        image: "translator".into(),
        version: "1".into(),
        manifest: Digest48::sha384(b"manifest"),
        shape: LaunchShape::Snp {
            measurement: Digest48::sha384(b"measurement"),
            host_data: HostData::new([0; 32]),
        },
    }
}

fn refused(answer: &Result<String, ServiceError>) -> bool {
    matches!(answer, Err(ServiceError::LeaseRequired { .. }))
}

#[tokio::test]
async fn a_live_lease_in_its_own_certificate_counts_until_it_ends() {
    let world = World::new().await;
    let (claims, lease) = (world.claims(), world.sign(&world.claims()));
    let at = |now| world.caller(&claims, &lease, &world.channel, now);
    assert_eq!(at(NOW).await.unwrap(), "translator");
    assert!(refused(&at(NOW.plus(LIFETIME)).await));
}

#[tokio::test]
async fn a_certificate_that_its_lease_does_not_name_is_refused() {
    let world = World::new().await;
    let (claims, lease) = (world.claims(), world.sign(&world.claims()));
    let other = ChannelKey::generate().unwrap();
    assert!(refused(&world.caller(&claims, &lease, &other, NOW).await), "another key");
    let named = LeaseClaims { agent: "payments".parse().unwrap(), ..claims };
    assert!(refused(&world.caller(&named, &lease, &world.channel, NOW).await), "another name");
}

#[tokio::test]
async fn a_lease_of_another_signer_is_refused() {
    let world = World::new().await;
    let stored = LeaseSigner::generate_pkcs8().unwrap();
    let forged = LeaseSigner::from_pkcs8(&stored).unwrap().sign(&world.claims()).unwrap();
    assert!(refused(&world.caller(&world.claims(), &forged, &world.channel, NOW).await));
    let nothing = world.caller(&world.claims(), b"", &world.channel, NOW).await;
    assert!(refused(&nothing));
}

#[tokio::test]
async fn a_lease_of_an_instance_that_is_not_on_record_is_refused() {
    let world = World::new().await;
    let stranger = LeaseClaims { identity_key: Digest48::sha384(b"stranger"), ..world.claims() };
    let lease = world.sign(&stranger);
    assert!(refused(&world.caller(&stranger, &lease, &world.channel, NOW).await));
    // The instance is on record, and under another agent's name.
    let renamed = LeaseClaims { agent: "payments".parse().unwrap(), ..world.claims() };
    let lease = world.sign(&renamed);
    assert!(refused(&world.caller(&renamed, &lease, &world.channel, NOW).await));
}

#[tokio::test]
async fn what_is_no_runtimes_certificate_is_refused() {
    let world = World::new().await;
    for certificate in [world.trust.issuer(), b"", b"\x30\x00"] {
        let answer = world.trust.caller(certificate, NOW).await;
        assert!(matches!(answer, Err(ServiceError::LeaseRequired { .. })));
    }
}

#[tokio::test]
async fn a_bundle_is_made_once_a_second_and_again_whenever_something_changed() {
    let world = World::new().await;
    let store = &world.trust.store;
    let first = world.trust.bundle(NOW).await.unwrap();
    // Signatures are randomised: the same one is the same bundle.
    assert_eq!(world.trust.bundle(NOW).await.unwrap(), first);
    let later = world.trust.bundle(NOW.plus(Duration::from_secs(1))).await.unwrap();
    assert_ne!(later.revocations, first.revocations);

    let first = world.trust.bundle(NOW).await.unwrap();
    let (subject, detail) = (String::new(), String::new());
    let retire = Operation { at: NOW, action: "agent.retire", subject, detail };
    let retired = store.suspend_agent("translator", AgentState::Retired, "agent.retired", &retire);
    retired.await.unwrap().unwrap();
    let fresh = world.trust.bundle(NOW).await.unwrap();
    assert_ne!(fresh.revocations, first.revocations);
    let bundle = TrustBundle::from_wire(&fresh, AnchorPolicy::Vendor).unwrap();
    assert!(bundle.revocation(&world.claims().instance()).is_some());

    let kid = world.trust.keys.leases.ring().signer().kid().to_string();
    assert!(world.trust.keys.leases.revoke(&world.directory, &kid, NOW).unwrap());
    let other = world.trust.bundle(NOW).await.unwrap();
    assert_ne!(other.lease_keys, fresh.lease_keys, "a change that is not announced yet");
}
