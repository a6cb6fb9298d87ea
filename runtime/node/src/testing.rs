//! For unit tests: a trust domain of their own, with leases that verify.

use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Tee;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseId;
use cloister_channel::svid::{CMW_OID_ARCS, lease_extension, validity};
use cloister_channel::trust::{Revocation, TrustParts};
use cloister_channel::{
    AgentName, ChannelKey, Credentials, IdentityKey, InstanceId, LeaseClaims, LeaseSigner,
    PublicKey, TrustBundle, TrustDomain,
};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm,
};

use crate::clock::Clock;

/// One Verifier's keys.
pub(crate) struct World {
    domain: TrustDomain,
    ca: CertifiedIssuer<'static, KeyPair>,
    signer: LeaseSigner,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self {
            domain: TrustDomain::new("example.org").unwrap(),
            ca: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            signer: LeaseSigner::from_pkcs8(&LeaseSigner::generate_pkcs8().unwrap()).unwrap(),
        }
    }

    /// The trust bundle after `sequence` events, with these instances revoked.
    pub(crate) fn trust(&self, sequence: u64, revoked: &[InstanceId]) -> TrustBundle {
        let why = Revocation {
            agent: AgentName::new("translator").unwrap(),
            reason: "agent.quarantined".into(),
            forget_after: UnixTime::from_secs(u64::MAX),
        };
        let parts = TrustParts {
            trust_domain: self.domain.clone(),
            issuers: vec![self.ca.der().to_vec()],
            lease_keys: vec![self.signer.public().clone()],
            policy_epoch_floor: 3,
            revoked: revoked.iter().map(|instance| (*instance, why.clone())).collect(),
            sequence,
            issued_at: UnixTime::from_secs(1_000),
        };
        TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap()
    }

    /// A genuine runtime whose lease began a minute ago and lives for `life` from now.
    pub(crate) fn runtime(&self, name: &str, life: Duration) -> Arc<Credentials> {
        let now = Clock::default().now();
        let (identity, channel) =
            (Arc::new(IdentityKey::generate().unwrap()), Arc::new(ChannelKey::generate().unwrap()));
        let keys = (*identity.thumbprint(), *channel.thumbprint());
        let claims = self.claims(name, keys, now.minus(Duration::from_secs(60)), now.plus(life));
        let lease = self.signer.sign(&claims).unwrap();
        let certificate = self.certificate(&claims, &lease, channel.public());
        let trust = self.trust(0, &[]);
        Arc::new(Credentials::new(identity, channel, &[certificate], &lease, &trust, now).unwrap())
    }

    fn claims(
        &self,
        name: &str,
        keys: (Digest48, Digest48),
        from: UnixTime,
        until: UnixTime,
    ) -> LeaseClaims {
        LeaseClaims {
            trust_domain: self.domain.clone(),
            agent: AgentName::new(name).unwrap(),
            identity_key: keys.0,
            channel_key: keys.1,
            id: LeaseId::new([7; 16]),
            issued_at: from,
            expires_at: until,
            verifier_build: "0.1.0".into(),
            principal: "example.org".into(),
            scope: vec!["translate".into()],
            image: "translator".into(),
            version: "1.0.0".into(),
            reference: Digest48::sha384(b"tuple"),
            tee: Tee::Snp,
            platform: PlatformIdentity::NotAsserted,
            simulator: None,
            tier: Tier::Affirming,
            appraisal: Digest48::sha384(b"appraisal"),
            evidence: Digest48::sha384(b"evidence"),
            policy_epoch: 3,
            not_asserted: vec![],
        }
    }

    fn certificate(&self, claims: &LeaseClaims, lease: &[u8], key: &PublicKey) -> Vec<u8> {
        let mut params = CertificateParams::default();
        let (not_before, not_after) = validity(claims);
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + Duration::from_secs(not_before.as_secs());
        params.not_after = epoch + Duration::from_secs(not_after.as_secs());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let name = Ia5String::try_from(claims.spiffe_id().to_string()).unwrap();
        params.subject_alt_names = vec![SanType::URI(name)];
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(CMW_OID_ARCS, lease_extension(lease))];
        params.signed_by(&Spki(key), &self.ca).unwrap().der().to_vec()
    }
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
