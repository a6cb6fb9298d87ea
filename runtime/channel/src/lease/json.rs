//! Claims to JSON and back. The table of names is in [`super`].

use cloister_attestation::bytes::Digest48;
use cloister_attestation::ear::MatchedImage;
use cloister_attestation::evidence::Tee;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::tdx::TcbStatus;
use cloister_attestation::time::UnixTime;
use serde::{Deserialize, Serialize};

use super::codec::{DEVELOPER, PROFILE};
use super::{LeaseClaims, LeaseError, LeaseId};
use crate::spiffe::SpiffeId;

/// Every claim, in order. A member that is unknown or there twice is refused while reading.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: String,
    exp: u64,
    iat: u64,
    jti: String,
    cnf: Confirmation,
    eat_profile: String,
    submods: Submodules,
    ear_verifier_id: VerifierId,
    #[serde(rename = "cloister.principal")]
    principal: String,
    #[serde(rename = "cloister.scope")]
    scope: Vec<String>,
    #[serde(rename = "cloister.image")]
    image: MatchedImage,
    #[serde(rename = "cloister.tee")]
    tee: Tee,
    #[serde(rename = "cloister.platform")]
    platform: PlatformIdentity,
    #[serde(rename = "cloister.simulator")]
    simulator: Option<Digest48>,
    #[serde(rename = "cloister.appraisal")]
    appraisal: Digest48,
    #[serde(rename = "cloister.evidence")]
    evidence: Digest48,
    #[serde(rename = "cloister.policy-epoch")]
    policy_epoch: u64,
    #[serde(rename = "cloister.not-asserted")]
    not_asserted: Vec<String>,
    #[serde(rename = "cloister.tcb-status")]
    tcb_status: Option<TcbStatus>,
    #[serde(rename = "cloister.region-claim")]
    region_claim: Option<String>,
    #[serde(rename = "cloister.published-policy")]
    published_policy: u64,
}

/// Members of our own, which a recipient that does not know them ignores.
///
/// SPEC: RFC 7800 section 3.1.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    #[serde(rename = "cloister.identity-key")]
    identity_key: Digest48,
    #[serde(rename = "cloister.channel-key")]
    channel_key: Digest48,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Submodules {
    runtime: Appraisal,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Appraisal {
    ear_status: Tier,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifierId {
    developer: String,
    build: String,
}

/// The payload of a lease.
pub(super) fn payload(claims: &LeaseClaims) -> Result<Vec<u8>, LeaseError> {
    serde_json::to_vec(&Claims::of(claims))
        .map_err(|error| LeaseError::malformed(&error.to_string()))
}

/// Reads a received payload; refuses anything that would not encode back to the same bytes.
pub(super) fn claims(bytes: &[u8]) -> Result<LeaseClaims, LeaseError> {
    let read: Claims =
        serde_json::from_slice(bytes).map_err(|error| LeaseError::malformed(&error.to_string()))?;
    let claims = read.into_claims()?;
    claims.check()?;
    // `iss`, the instance in `sub`, the profile and the developer are derived when encoding again.
    if payload(&claims)? != bytes {
        return Err(LeaseError::malformed("claims are not in the one form that a lease has"));
    }
    Ok(claims)
}

impl Claims {
    fn of(claims: &LeaseClaims) -> Self {
        Self {
            iss: claims.trust_domain.spiffe_id(),
            sub: claims.spiffe_id().to_string(),
            exp: claims.expires_at.as_secs(),
            iat: claims.issued_at.as_secs(),
            jti: claims.id.to_string(),
            cnf: Confirmation {
                identity_key: claims.identity_key,
                channel_key: claims.channel_key,
            },
            eat_profile: PROFILE.to_owned(),
            submods: Submodules { runtime: Appraisal { ear_status: claims.tier } },
            ear_verifier_id: VerifierId {
                developer: DEVELOPER.to_owned(),
                build: claims.verifier_build.clone(),
            },
            principal: claims.principal.clone(),
            scope: claims.scope.clone(),
            image: MatchedImage {
                name: claims.image.clone(),
                version: claims.version.clone(),
                tuple: claims.reference,
            },
            tee: claims.tee,
            platform: claims.platform.clone(),
            simulator: claims.simulator,
            appraisal: claims.appraisal,
            evidence: claims.evidence,
            policy_epoch: claims.policy_epoch,
            not_asserted: claims.not_asserted.clone(),
            tcb_status: claims.tcb_status,
            region_claim: claims.region_claim.clone(),
            published_policy: claims.published_policy,
        }
    }

    fn into_claims(self) -> Result<LeaseClaims, LeaseError> {
        let subject: SpiffeId =
            self.sub.parse().map_err(|_| LeaseError::malformed("a name breaks its rules"))?;
        Ok(LeaseClaims {
            trust_domain: subject.trust_domain,
            agent: subject.agent,
            identity_key: self.cnf.identity_key,
            channel_key: self.cnf.channel_key,
            id: id(&self.jti)?,
            issued_at: UnixTime::from_secs(self.iat),
            expires_at: UnixTime::from_secs(self.exp),
            verifier_build: self.ear_verifier_id.build,
            principal: self.principal,
            scope: self.scope,
            image: self.image.name,
            version: self.image.version,
            reference: self.image.tuple,
            tee: self.tee,
            platform: self.platform,
            simulator: self.simulator,
            tier: self.submods.runtime.ear_status,
            appraisal: self.appraisal,
            evidence: self.evidence,
            policy_epoch: self.policy_epoch,
            not_asserted: self.not_asserted,
            tcb_status: self.tcb_status,
            region_claim: self.region_claim,
            published_policy: self.published_policy,
        })
    }
}

fn id(text: &str) -> Result<LeaseId, LeaseError> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| LeaseError::malformed("jti is not 16 bytes in hex"))?;
    Ok(LeaseId::new(bytes))
}
