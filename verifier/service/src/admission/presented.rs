//! What a request presents, once its parts are known to belong together.

use cloister_api::v1;
use cloister_attestation::binding::{self, Binding};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::Check;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::Manifest;
use cloister_attestation::time::UnixTime;
use cloister_channel::identity::{PublicKey, Signature};
use cloister_channel::request::{LeaseProofs, LeaseRequest};

use super::{Refusal, codes};
use crate::challenge::{Challenge, Challenges};

/// Keys, binding and manifest that name each other, a live challenge, and both keys' signatures.
/// The Evidence inside is as received.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) envelope: Envelope,
    pub(super) manifest: Manifest,
    pub(super) manifest_digest: Digest48,
    pub(super) identity_key: PublicKey,
    pub(super) channel_key: PublicKey,
    pub(super) challenge: Challenge,
    pub(super) endpoint: String,
    pub(super) request_digest: Digest48,
}

impl Presented {
    /// Reads a request. What is not in the binding is not believed; whether the hardware signed
    /// that binding is the appraisal's question.
    pub(super) fn read(
        request: &v1::AttestRequest,
        challenges: &Challenges,
        now: UnixTime,
    ) -> Result<Self, Refusal> {
        let identity_key = PublicKey::from_spki(&request.identity_key).map_err(refuse)?;
        let channel_key = PublicKey::from_spki(&request.channel_key).map_err(refuse)?;
        let envelope = Envelope::decode(&request.evidence).map_err(refuse)?;
        let binding = Binding::decode(&envelope.binding).map_err(refuse)?;
        // SECURITY: before anything that costs more than a hash, so that only answers to this
        // Verifier's own challenges are worth its time.
        let challenge = challenges.check(&binding.nonce, now).map_err(refuse)?;
        let signed = LeaseRequest {
            evidence: &request.evidence,
            identity_key: &identity_key,
            channel_key: &channel_key,
            nonce: binding.nonce,
            endpoint: &request.endpoint,
        };
        signed.verify(&proofs(request)?).map_err(refuse)?;
        let manifest_digest = Manifest::digest(&envelope.manifest);
        agree(&binding, &identity_key, &channel_key, manifest_digest)?;
        let manifest = Manifest::decode(&envelope.manifest).map_err(refuse)?;
        Ok(Self {
            envelope,
            manifest,
            manifest_digest,
            identity_key,
            channel_key,
            challenge,
            endpoint: request.endpoint.clone(),
            request_digest: Digest48::sha384(&request.evidence),
        })
    }
}

fn proofs(request: &v1::AttestRequest) -> Result<LeaseProofs, Refusal> {
    let signature = |bytes: &[u8]| {
        Signature::from_slice(bytes).ok_or_else(|| {
            Refusal::because(
                &codes::REQUEST,
                "a signature of 64 bytes",
                format!("{} bytes", bytes.len()),
            )
        })
    };
    Ok(LeaseProofs {
        identity: signature(&request.identity_proof)?,
        channel: signature(&request.channel_proof)?,
    })
}

/// The binding has to name what is presented: all of it is checked, so that all of it is reported.
fn agree(
    binding: &Binding,
    identity_key: &PublicKey,
    channel_key: &PublicKey,
    manifest: Digest48,
) -> Result<(), Refusal> {
    let equal = |code, presented: &Digest48, bound: &Digest48| {
        Check::decided(code, presented.ct_eq(bound), presented, bound)
    };
    let mut findings = vec![
        equal(&binding::KEY, identity_key.thumbprint(), &binding.identity_key),
        equal(&binding::KEY, channel_key.thumbprint(), &binding.channel_key),
        equal(&binding::MANIFEST, &manifest, &binding.manifest),
        Check::decided(
            &codes::SESSION_EVIDENCE,
            binding.exporter.is_none(),
            "a binding without an exporter value",
            if binding.exporter.is_none() { "none" } else { "an exporter value" },
        ),
    ];
    findings.retain(Check::failed);
    if findings.is_empty() { Ok(()) } else { Err(Refusal { findings, result: None }) }
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
fn refuse<E: Diagnostic>(error: E) -> Refusal {
    Refusal::error(&error)
}
