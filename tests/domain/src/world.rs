//! A trust domain of its own for each test: issuing CA, lease key, runtimes.

use std::sync::Arc;

use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::Tee;
use cloister_attestation::manifest::{Manifest, PolicyDigest, PolicySource, WorkloadDigest};
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseId;
use cloister_channel::svid::{CMW_OID_ARCS, lease_extension, validity};
use cloister_channel::trust::TrustParts;
use cloister_channel::{
    AgentName, ChannelKey, Credentials, IdentityKey, LeaseClaims, LeaseSigner, PublicKey,
    TrustBundle, TrustDomain,
};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm,
};

/// The present time in every test.
pub const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A later or earlier time.
pub fn at(offset_secs: i64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs().checked_add_signed(offset_secs).unwrap())
}

/// An agent's name.
pub fn agent(name: &str) -> AgentName {
    AgentName::new(name).unwrap()
}

/// One Verifier's keys.
#[derive(Debug)]
pub struct World {
    /// Its trust domain.
    pub domain: TrustDomain,
    /// Its issuing CA.
    pub ca: CertifiedIssuer<'static, KeyPair>,
    /// Its lease key.
    pub signer: LeaseSigner,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A Verifier with keys of its own.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self {
            domain: TrustDomain::new("example.org").unwrap(),
            ca: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            signer: LeaseSigner::from_pkcs8(&LeaseSigner::generate_pkcs8().unwrap()).unwrap(),
        }
    }

    /// What its trust bundle is made of.
    pub fn parts(&self) -> TrustParts {
        TrustParts {
            trust_domain: self.domain.clone(),
            issuers: vec![self.ca.der().to_vec()],
            lease_keys: vec![self.signer.public().clone()],
            policy_epoch_floor: 3,
            revoked: Vec::new(),
            sequence: 1,
            issued_at: NOW,
        }
    }

    /// What a production runtime trusts.
    pub fn trust(&self) -> TrustBundle {
        TrustBundle::new(self.parts(), AnchorPolicy::Vendor).unwrap()
    }

    /// The lease of a genuine runtime on vendor hardware.
    pub fn claims(&self, name: &str, identity: Digest48, channel: Digest48) -> LeaseClaims {
        LeaseClaims {
            trust_domain: self.domain.clone(),
            agent: agent(name),
            identity_key: identity,
            channel_key: channel,
            id: LeaseId::new([7; 16]),
            issued_at: at(-60),
            expires_at: at(540),
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
            tcb_status: None,
            region_claim: Some("eu-central-1".into()),
            published_policy: 0,
        }
    }

    /// The certificate that goes with a lease.
    pub fn certificate(&self, claims: &LeaseClaims, lease: &[u8], key: &PublicKey) -> Vec<u8> {
        self.issue(&leaf(claims, lease), key)
    }

    /// A certificate with anything in it.
    pub fn issue(&self, params: &CertificateParams, key: &PublicKey) -> Vec<u8> {
        params.signed_by(&Spki(key), &self.ca).unwrap().der().to_vec()
    }

    /// A genuine runtime.
    pub fn runtime(&self, name: &str) -> Arc<Credentials> {
        self.runtime_with(name, AnchorPolicy::Vendor, |_| {})
    }

    /// A genuine runtime with another lease than usual.
    pub fn runtime_with(
        &self,
        name: &str,
        anchors: AnchorPolicy,
        change: impl FnOnce(&mut LeaseClaims),
    ) -> Arc<Credentials> {
        let identity = Arc::new(IdentityKey::generate().unwrap());
        self.admit(&identity, anchors, |channel| {
            let mut claims = self.claims(name, *identity.thumbprint(), *channel.thumbprint());
            change(&mut claims);
            claims
        })
    }

    /// The credentials of the same runtime with a lease that was issued `later_secs` later, for a
    /// new channel key.
    pub fn renewed(&self, local: &Credentials, later_secs: u64) -> Arc<Credentials> {
        self.renewed_with(local, later_secs, |_| {})
    }

    /// The same with another lease than usual.
    pub fn renewed_with(
        &self,
        local: &Credentials,
        later_secs: u64,
        change: impl FnOnce(&mut LeaseClaims),
    ) -> Arc<Credentials> {
        self.admit(local.identity(), AnchorPolicy::Vendor, |channel| {
            let mut claims = later(local.lease().claims(), later_secs);
            claims.channel_key = *channel.thumbprint();
            change(&mut claims);
            claims
        })
    }

    fn admit(
        &self,
        identity: &Arc<IdentityKey>,
        anchors: AnchorPolicy,
        claims: impl FnOnce(&ChannelKey) -> LeaseClaims,
    ) -> Arc<Credentials> {
        let channel = Arc::new(ChannelKey::generate().unwrap());
        let claims = claims(&channel);
        let lease = self.signer.sign(&claims).unwrap();
        let certificates = [self.certificate(&claims, &lease, channel.public())];
        let trust = TrustBundle::new(self.parts(), anchors).unwrap();
        let (identity, now) = (Arc::clone(identity), claims.issued_at.max(NOW));
        let made = Credentials::new(identity, channel, &certificates, &lease, &trust, now);
        Arc::new(made.unwrap())
    }
}

/// An envelope with Evidence for a session, which no hardware made: what a lease's runtime declares,
/// bound to its keys and to the exporter value.
pub fn session_evidence(claims: &LeaseClaims, exporter: [u8; 32]) -> Envelope {
    let manifest = Manifest {
        agent: claims.agent.to_string(),
        workload: WorkloadDigest(Digest48::sha384(b"workload")),
        policy: PolicyDigest(Digest48::sha384(b"policy")),
        principal: claims.principal.clone(),
        scope: claims.scope.clone(),
        region_claim: None,
        policy_source: PolicySource::Image,
    };
    let manifest = manifest.encode().unwrap();
    let binding = Binding {
        identity_key: claims.identity_key,
        channel_key: claims.channel_key,
        nonce: Nonce::new(exporter),
        manifest: Manifest::digest(&manifest),
        audit_head: None,
        exporter: Some(exporter),
    };
    Envelope {
        tee: claims.tee,
        hardware: vec![0; 1184],
        binding: binding.encode(),
        manifest,
        certificates: None,
        event_log: None,
        vtpm: None,
    }
}

/// The claims of a lease for the same runtime that was issued `secs` later.
pub fn later(claims: &LeaseClaims, secs: u64) -> LeaseClaims {
    let moved = |time: UnixTime| time.plus(core::time::Duration::from_secs(secs));
    let mut id = *claims.id.as_bytes();
    id[0] = id[0].wrapping_add(1);
    LeaseClaims {
        id: LeaseId::new(id),
        issued_at: moved(claims.issued_at),
        expires_at: moved(claims.expires_at),
        ..claims.clone()
    }
}

/// The leaf that a Verifier issues with a lease.
pub fn leaf(claims: &LeaseClaims, lease: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    let (not_before, not_after) = validity(claims);
    set_dates(&mut params, not_before, not_after);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.subject_alt_names = vec![uri(&claims.spiffe_id().to_string())];
    params.custom_extensions = vec![extension(lease_extension(lease).unwrap())];
    params
}

/// The lease's extension with any content.
pub fn extension(content: Vec<u8>) -> CustomExtension {
    CustomExtension::from_oid_content(CMW_OID_ARCS, content)
}

/// A URI name.
pub fn uri(text: &str) -> SanType {
    SanType::URI(Ia5String::try_from(text).unwrap())
}

macro_rules! moment {
    ($time:expr) => {
        rcgen::date_time_ymd(1970, 1, 1) + core::time::Duration::from_secs($time.as_secs())
    };
}

/// Sets a certificate's dates.
pub fn set_dates(params: &mut CertificateParams, not_before: UnixTime, not_after: UnixTime) {
    params.not_before = moment!(not_before);
    params.not_after = moment!(not_after);
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
