//! What a good appraisal becomes: a lease's claims, and a row on record.

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::forecast::Machine;
use cloister_attestation::manifest::PolicySource;
use cloister_attestation::result::{AttestationResult, PlatformIdentity};
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::{LeaseClaims, LeaseId};
use cloister_channel::name::{AgentName, TrustDomain};

use super::Examined;
use crate::error::ServiceError;
use crate::store::{Admitted, Outcome, Verdict};

/// Name and version of this program, in what it signs.
pub(super) const BUILD: &str = concat!("cloister-verifier ", env!("CARGO_PKG_VERSION"));

/// What most Attestation Results take.
const RESULT_BYTES: usize = 16 * 1024;

/// Under which terms a lease is issued.
pub(super) struct Terms<'a> {
    pub(super) trust_domain: &'a TrustDomain,
    pub(super) epoch: u64,
    pub(super) lifetime: Duration,
    /// The number of the authorization policy that is published for the agent; 0 for none.
    pub(super) published_policy: u64,
    pub(super) now: UnixTime,
}

/// An Attestation Result as it goes on record, written once for the record and for its digest.
pub(super) struct Written {
    json: String,
    /// SHA-384 over it: [`AttestationResult::digest`].
    digest: Digest48,
}

impl Written {
    pub(super) fn of(result: &AttestationResult) -> Result<Self, ServiceError> {
        let mut json = Vec::with_capacity(RESULT_BYTES);
        serde_json::to_writer(&mut json, result).map_err(|_| ServiceError::Defect)?;
        let digest = Digest48::sha384(&json);
        let json = String::from_utf8(json).map_err(|_| ServiceError::Defect)?;
        Ok(Self { digest, json })
    }
}

/// The claims, or `None` if no admitted image matched.
pub(super) fn claims(
    examined: &Examined,
    (result, written): (&AttestationResult, &Written),
    terms: &Terms<'_>,
) -> Result<Option<LeaseClaims>, ServiceError> {
    let Some(reference) = result.reference() else { return Ok(None) };
    let presented = &examined.presented;
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| ServiceError::Defect)?;
    Ok(Some(LeaseClaims {
        trust_domain: terms.trust_domain.clone(),
        agent: AgentName::new(&presented.manifest.agent).map_err(|_| ServiceError::Defect)?,
        identity_key: *presented.identity_key.thumbprint(),
        channel_key: *presented.channel_key.thumbprint(),
        id: LeaseId::new(id),
        issued_at: terms.now,
        expires_at: terms.now.plus(terms.lifetime),
        verifier_build: BUILD.to_owned(),
        principal: presented.manifest.principal.clone(),
        scope: presented.manifest.scope.clone(),
        image: reference.image.clone(),
        version: reference.version.clone(),
        reference: reference.digest(),
        tee: result.tee(),
        platform: result.platform().clone(),
        simulator: examined.evidence.simulator().copied(),
        tier: result.tier(),
        appraisal: written.digest,
        evidence: *result.evidence(),
        policy_epoch: terms.epoch,
        not_asserted: result.not_asserted().map(str::to_owned).collect(),
        tcb_status: result.tcb_status(),
        region_claim: presented.manifest.region_claim.clone(),
        published_policy: terms.published_policy,
    }))
}

/// What goes on record with the lease.
pub(super) fn record(
    examined: &Examined,
    claims: &LeaseClaims,
    (result, written): (&AttestationResult, Written),
    now: UnixTime,
) -> Result<Admitted, ServiceError> {
    let presented = &examined.presented;
    let instance = claims.instance().to_string();
    Ok(Admitted {
        nonce: presented.challenge.nonce,
        nonce_expires_at: presented.challenge.expires_at,
        instance: instance.clone(),
        agent: claims.agent.to_string(),
        tuple: claims.reference,
        endpoint: presented.endpoint.clone(),
        simulated: result.simulated(),
        tier: claims.tier.to_string(),
        platform: platform(&claims.platform),
        not_asserted: claims.not_asserted.clone(),
        machine: Machine::of(&examined.evidence, now),
        log: presented.log.clone(),
        lease_expires_at: claims.expires_at,
        policy_epoch: claims.policy_epoch,
        takes_policies: presented.manifest.policy_source == PolicySource::Verifier,
        verdict: Verdict {
            at: now,
            outcome: Outcome::Admitted,
            agent: Some(claims.agent.to_string()),
            instance: Some(instance),
            evidence: presented.request_digest.to_string(),
            detail: written.json,
        },
    })
}

fn platform(identity: &PlatformIdentity) -> String {
    match identity {
        PlatformIdentity::Chip(id) => format!("chip {id}"),
        PlatformIdentity::Provider(name) => format!("provider {name}"),
        PlatformIdentity::Ppid(id) => format!("ppid {id}"),
        // A kind that this version does not know is not asserted by it either.
        PlatformIdentity::NotAsserted | _ => "not asserted".to_owned(),
    }
}
