//! What a request presents, once its parts are known to belong together.

use cloister_api::v1;
use cloister_attestation::binding::{self, Binding};
use cloister_attestation::bytes::{Digest48, Hashed};
use cloister_attestation::check::Check;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::Manifest;
use cloister_attestation::time::UnixTime;
use cloister_audit::Offer;
use cloister_channel::identity::{PublicKey, Signature};
use cloister_channel::request::{LeaseProofs, LeaseRequest};

use super::{Refusal, codes};
use crate::challenge::{Challenge, Challenges};

/// Evidence as received, whose binding answers what was asked.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) envelope: Envelope,
    pub(super) binding: Binding,
    pub(super) manifest_digest: Digest48,
}

impl Bound {
    /// Reads an envelope. What is not in the binding is not believed; whether the hardware signed
    /// that binding is the appraisal's question.
    fn decode(evidence: &[u8]) -> Result<Self, Refusal> {
        let envelope = Envelope::decode(evidence).map_err(refuse)?;
        let binding = Binding::decode(&envelope.binding).map_err(refuse)?;
        let manifest_digest = Manifest::digest(&envelope.manifest);
        Ok(Self { envelope, binding, manifest_digest })
    }

    /// Reads an envelope whose binding answers a live challenge of this Verifier's.
    pub(super) fn read(
        evidence: &[u8],
        challenges: &Challenges,
        now: UnixTime,
    ) -> Result<(Self, Challenge), Refusal> {
        let bound = Self::decode(evidence)?;
        // SECURITY: before anything that costs more than a hash, so that only answers to this
        // Verifier's own challenges are worth its time.
        let challenge = challenges.check(&bound.binding.nonce, now).map_err(refuse)?;
        Ok((bound, challenge))
    }

    /// Reads an envelope that was made for the session with this exporter value. Nobody but that
    /// session challenged it: whether it is worth the time, the caller of this has to know.
    pub(super) fn of_session(evidence: &[u8], exporter: &[u8; 32]) -> Result<Self, Refusal> {
        let bound = Self::decode(evidence)?;
        let for_it = bound.binding.is_for(Some(exporter));
        none_failed(
            [
                equal(&binding::MANIFEST, &bound.manifest_digest, &bound.binding.manifest),
                Check::decided(
                    &codes::OTHER_SESSION,
                    for_it,
                    "the exporter value of this session",
                    if for_it { "that" } else { "another or none" },
                ),
            ]
            .into_iter(),
        )?;
        Ok(bound)
    }

    /// What the binding has to say of the envelope itself.
    fn checks(&self) -> [Check; 2] {
        let for_a_lease = self.binding.is_for(None);
        [
            equal(&binding::MANIFEST, &self.manifest_digest, &self.binding.manifest),
            Check::decided(
                &codes::SESSION_EVIDENCE,
                for_a_lease,
                "a binding without an exporter value",
                if for_a_lease { "none" } else { "an exporter value" },
            ),
        ]
    }

    /// Refuses an envelope that does not belong together, or that answers another challenge than
    /// `nonce`.
    pub(super) fn answering(self, nonce: &[u8]) -> Result<Self, Refusal> {
        let same = self.binding.nonce.as_bytes() == nonce;
        let answer = Check::decided(&binding::NONCE, same, hex::encode(nonce), self.binding.nonce);
        none_failed(self.checks().into_iter().chain([answer])).map(|()| self)
    }
}

/// Keys, binding and manifest that name each other, and both keys' signatures.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) manifest: Manifest,
    pub(super) identity_key: PublicKey,
    pub(super) channel_key: PublicKey,
    pub(super) endpoint: String,
    pub(super) challenge: Challenge,
    pub(super) request_digest: Digest48,
    /// The audit log whose head the binding names.
    pub(super) log: Option<Offer>,
    /// The published policy that the runtime has in force, as it says.
    pub(super) policy_number: u64,
}

impl Presented {
    /// Reads a request.
    pub(super) fn read(
        request: &v1::AttestRequest,
        challenges: &Challenges,
        now: UnixTime,
    ) -> Result<(Bound, Self), Refusal> {
        let identity_key = PublicKey::from_spki(&request.identity_key).map_err(refuse)?;
        let channel_key = PublicKey::from_spki(&request.channel_key).map_err(refuse)?;
        let (bound, challenge) = Bound::read(&request.evidence, challenges, now)?;
        let evidence = Hashed::of(&request.evidence);
        let signed = LeaseRequest {
            evidence,
            identity_key: &identity_key,
            channel_key: &channel_key,
            nonce: bound.binding.nonce,
            endpoint: &request.endpoint,
        };
        signed.verify(&proofs(request)?).map_err(refuse)?;
        agree(&bound, &identity_key, &channel_key)?;
        let manifest = Manifest::decode(&bound.envelope.manifest).map_err(refuse)?;
        let log = log(request, &bound)?;
        let presented = Self {
            log,
            manifest,
            identity_key,
            channel_key,
            endpoint: request.endpoint.clone(),
            challenge,
            request_digest: *evidence.digest(),
            policy_number: request.policy_number,
        };
        Ok((bound, presented))
    }
}

/// The audit log that goes with the request: the one that the binding names, or none.
fn log(request: &v1::AttestRequest, bound: &Bound) -> Result<Option<Offer>, Refusal> {
    let Some(head) = &bound.binding.audit_head else {
        let checks = Check::decided(
            &codes::AUDIT_HEAD,
            request.checkpoint.is_empty(),
            "a binding that names the checkpoint",
            "none",
        );
        return none_failed(core::iter::once(checks)).map(|()| None);
    };
    let shown = Digest48::sha384(&request.checkpoint);
    none_failed(core::iter::once(equal(&codes::AUDIT_HEAD, &shown, head)))?;
    Offer::parse(&request.checkpoint, request.consistency.iter()).map(Some).map_err(refuse)
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
fn agree(bound: &Bound, identity_key: &PublicKey, channel_key: &PublicKey) -> Result<(), Refusal> {
    let keys = [
        equal(&binding::KEY, identity_key.thumbprint(), &bound.binding.identity_key),
        equal(&binding::KEY, channel_key.thumbprint(), &bound.binding.channel_key),
    ];
    none_failed(keys.into_iter().chain(bound.checks()))
}

fn equal(code: &'static Code, presented: &Digest48, bound: &Digest48) -> Check {
    Check::decided(code, presented.ct_eq(bound), presented, bound)
}

fn none_failed(checks: impl Iterator<Item = Check>) -> Result<(), Refusal> {
    let findings: Vec<Check> = checks.filter(Check::failed).collect();
    if findings.is_empty() { Ok(()) } else { Err(Refusal { findings, result: None }) }
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
fn refuse<E: Diagnostic>(error: E) -> Refusal {
    Refusal::error(&error)
}
