//! What a runtime receives from a Verifier and from peers.

use std::sync::LazyLock;

use cloister_api::v1;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Tee;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_channel::lease::{self, LeaseId};
use cloister_channel::limits::LEASE_BYTES_MAX;
use cloister_channel::svid::{CMW_OID_ARCS, lease_extension, validity};
use cloister_channel::trust::{Revocation, TrustParts};
use cloister_channel::{
    AgentName, ChannelKey, InstanceId, LeaseClaims, LeaseSigner, PublicKey, Svid, TrustBundle,
    TrustDomain,
};
use core::time::Duration;
use prost::Message as _;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm,
};

use super::{QUICK, outcome};
use crate::world::NOW;
use crate::{Outcome, Target};

pub(super) const LEASE: Target = Target {
    name: "lease",
    run: lease_,
    seeds: leases,
    bytes_max: LEASE_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const SVID: Target =
    Target { name: "svid", run: svid, seeds: svids, bytes_max: 32 * 1024, quick_inputs: QUICK };

pub(super) const TRUST_BUNDLE: Target = Target {
    name: "trust-bundle",
    run: trust_bundle,
    seeds: bundles,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

/// Whatever verifies says what the Verifier signed, though its signature may be written otherwise.
fn lease_(data: &[u8]) -> Outcome {
    let verify = |data| lease::verify(data, &WORLD.trust, NOW).ok();
    let verified = verify(data);
    assert_eq!(verified, verify(data), "two answers to the same bytes");
    if let Some(verified) = &verified {
        assert!(data.len() <= LEASE_BYTES_MAX);
        assert_eq!(verified.claims(), &WORLD.claims, "nobody signed this");
        assert_eq!(*verified.digest(), Digest48::sha384(data));
    }
    outcome(&verified)
}

/// The lease that an SVID carries is a part of the certificate.
fn svid(data: &[u8]) -> Outcome {
    let parsed = Svid::parse(data).ok();
    if let Some(svid) = &parsed {
        let again = Svid::parse(data).expect("it was accepted once");
        assert_eq!((again.id(), again.lease()), (svid.id(), svid.lease()));
        assert!(!svid.lease().is_empty() && svid.lease().len() <= LEASE_BYTES_MAX);
        assert!(data.windows(svid.lease().len()).any(|part| part == svid.lease()));
        assert!(data.windows(65).any(|part| part == svid.key().point()));
    }
    outcome(&parsed)
}

/// A bundle, sent on, is the same bundle.
fn trust_bundle(data: &[u8]) -> Outcome {
    let Ok(wire) = v1::TrustBundle::decode(data) else { return Outcome::Refused };
    let Ok(bundle) = TrustBundle::from_wire(&wire, AnchorPolicy::Vendor) else {
        return Outcome::Refused;
    };
    let sent = bundle.to_wire();
    let received = TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).expect("it was sent");
    assert_eq!(sorted(received.to_wire()), sorted(sent.clone()));
    assert_eq!((sent.trust_domain, sent.issuers), (wire.trust_domain, wire.issuers));
    assert_eq!((sent.lease_keys, sent.sequence), (wire.lease_keys, wire.sequence));
    assert!(sent.revoked.len() <= wire.revoked.len(), "more is revoked than was received");
    Outcome::Accepted
}

fn sorted(mut wire: v1::TrustBundle) -> v1::TrustBundle {
    wire.revoked.sort_by(|a, b| a.instance.cmp(&b.instance));
    wire
}

/// One Verifier, and one runtime that it admitted.
struct World {
    trust: TrustBundle,
    claims: LeaseClaims,
    lease: Vec<u8>,
    svid: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

impl World {
    fn new() -> Self {
        let stored = LeaseSigner::generate_pkcs8().expect("randomness");
        let signer = LeaseSigner::from_pkcs8(&stored).expect("its own key");
        let (ca, key) = (issuer(), ChannelKey::generate().expect("randomness"));
        let claims = claims(*key.thumbprint());
        let lease = signer.sign(&claims).expect("a lease");
        let svid = leaf(&claims, &lease).signed_by(&Spki(key.public()), &ca).expect("a leaf");
        let parts = parts(ca.der().to_vec(), signer.public().clone());
        let trust = TrustBundle::new(parts, AnchorPolicy::Vendor).expect("a bundle");
        Self { trust, claims, lease, svid: svid.der().to_vec() }
    }
}

fn domain() -> TrustDomain {
    TrustDomain::new("example.org").expect("a name")
}

fn agent() -> AgentName {
    AgentName::new("translator").expect("a name")
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("randomness");
    CertifiedIssuer::self_signed(params, key).expect("a root")
}

fn parts(issuer: Vec<u8>, lease_key: PublicKey) -> TrustParts {
    let revocation = Revocation {
        agent: agent(),
        reason: "operator.quarantine".to_owned(),
        forget_after: NOW.plus(Duration::from_secs(600)),
    };
    TrustParts {
        trust_domain: domain(),
        issuers: vec![issuer],
        lease_keys: vec![lease_key],
        policy_epoch_floor: 3,
        revoked: vec![(InstanceId::of(&Digest48::sha384(b"revoked")), revocation)],
        sequence: 7,
    }
}

fn claims(channel_key: Digest48) -> LeaseClaims {
    LeaseClaims {
        trust_domain: domain(),
        agent: agent(),
        identity_key: Digest48::sha384(b"identity"),
        channel_key,
        id: LeaseId::new([7; 16]),
        issued_at: NOW.minus(Duration::from_secs(60)),
        expires_at: NOW.plus(Duration::from_secs(540)),
        verifier_build: "0.1.0".into(),
        principal: "example.org".into(),
        scope: vec!["translate".into(), "summarise".into()],
        image: "agent-image".into(),
        version: "1.2.3".into(),
        reference: Digest48::sha384(b"tuple"),
        tee: Tee::Snp,
        platform: PlatformIdentity::Chip("ab".repeat(64)),
        simulator: None,
        tier: Tier::Affirming,
        appraisal: Digest48::sha384(b"appraisal"),
        evidence: Digest48::sha384(b"evidence"),
        policy_epoch: 3,
        not_asserted: vec!["snp.chip.known".into()],
    }
}

fn leaf(claims: &LeaseClaims, lease: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    let (not_before, not_after) = validity(claims);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(not_before.as_secs());
    params.not_after = epoch + Duration::from_secs(not_after.as_secs());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let id = Ia5String::try_from(claims.spiffe_id().to_string()).expect("ASCII");
    params.subject_alt_names = vec![SanType::URI(id)];
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(CMW_OID_ARCS, lease_extension(lease))];
    params
}

struct Spki<'a>(&'a PublicKey);

impl PublicKeyData for Spki<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.point()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn leases() -> Vec<Vec<u8>> {
    vec![WORLD.lease.clone()]
}

fn svids() -> Vec<Vec<u8>> {
    vec![WORLD.svid.clone()]
}

fn bundles() -> Vec<Vec<u8>> {
    vec![WORLD.trust.to_wire().encode_to_vec()]
}
