//! A simulated enclave that enrols, step by step, so that a test can change any step.

use std::sync::Arc;

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Hashed, HostData, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::{Manifest, PolicyDigest, PolicySource, WorkloadDigest};
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use cloister_attestation::snp::Product;
use cloister_channel::{ChannelKey, Credentials, IdentityKey, LeaseRequest, TrustBundle};
use cloister_simulator::{AzureGuest, Guest, Pki, ProcessImage, SnpGuest, reference_values};

use crate::world::World;

pub(crate) const ENDPOINT: &str = "127.0.0.1:4500";

/// What the hardware measures of Azure's paravisor.
const PARAVISOR: Digest48 = Digest48::new([0x17; 48]);

/// One boot of one runtime.
pub(crate) struct Enclave {
    pub(crate) identity: Arc<IdentityKey>,
    pub(crate) channel: Arc<ChannelKey>,
    pub(crate) manifest: Manifest,
    pub(crate) image: ProcessImage,
    pub(crate) guest: Guest,
    /// The virtual TPM, where `guest` is Azure's paravisor and not the agent's own machine.
    pub(crate) azure: Option<AzureGuest>,
}

/// An admitted enclave.
pub(crate) struct Admitted {
    pub(crate) answer: v1::Admitted,
    pub(crate) trust: TrustBundle,
    pub(crate) credentials: Credentials,
}

impl Admitted {
    /// What a mutual connection is made with.
    pub(crate) const fn shown(&self) -> Option<(&Credentials, &TrustBundle)> {
        Some((&self.credentials, &self.trust))
    }
}

impl Enclave {
    /// On a Milan, from an image that follows from the agent's name.
    pub(crate) fn boot(pki: &Pki, agent: &str) -> Self {
        let image = image(agent);
        Self::launch(agent, image, Guest::snp(pki, Product::Milan, &image))
    }

    /// On a TDX machine.
    pub(crate) fn boot_tdx(pki: &Pki, agent: &str) -> Self {
        let image = image(agent);
        Self::launch(agent, image, Guest::tdx(pki, &image))
    }

    /// Behind Azure's paravisor, on a Milan.
    pub(crate) fn boot_azure(pki: &Pki, agent: &str) -> Self {
        let image = image(agent);
        let paravisor: Guest =
            SnpGuest::new(pki, Product::Milan).with_measurement(PARAVISOR).into();
        let azure = AzureGuest::booted(pki, paravisor.clone(), &image);
        Self { azure: Some(azure), ..Self::launch(agent, image, paravisor) }
    }

    /// Whatever `guest` says it was launched from.
    pub(crate) fn launch(agent: &str, image: ProcessImage, guest: Guest) -> Self {
        Self {
            identity: Arc::new(IdentityKey::generate().unwrap()),
            channel: Arc::new(ChannelKey::generate().unwrap()),
            manifest: Manifest {
                agent: agent.to_owned(),
                workload: WorkloadDigest(image.agent),
                policy: PolicyDigest(image.policy),
                principal: "example.org".to_owned(),
                scope: vec!["translate".to_owned()],
                region_claim: None,
                policy_source: PolicySource::Image,
            },
            image,
            guest,
            azure: None,
        }
    }

    /// What an operator admits for this enclave.
    pub(crate) fn reference_values(&self) -> ReferenceValues {
        let manifest = Manifest::digest(&self.manifest.encode().unwrap());
        let mut values = reference_values(&self.image, "translator", "1.0.0", manifest);
        if let Some(azure) = &self.azure {
            let host_data = HostData::new([0; 32]);
            let paravisor = LaunchShape::Snp { measurement: PARAVISOR, host_data };
            values.shapes.push(azure.shape(paravisor, &[4, 7, 9, 11, 12]));
        }
        values
    }

    pub(crate) fn binding(&self, nonce: Nonce) -> Binding {
        Binding {
            identity_key: *self.identity.thumbprint(),
            channel_key: *self.channel.thumbprint(),
            nonce,
            manifest: Manifest::digest(&self.manifest.encode().unwrap()),
            audit_head: None,
            exporter: None,
        }
    }

    /// Evidence for `binding`.
    pub(crate) fn collect(&self, binding: &Binding) -> Envelope {
        let binding = binding.encode();
        let report_data = Binding::report_data(&binding);
        let (hardware, vtpm) = match &self.azure {
            None => (self.guest.evidence(&report_data), None),
            Some(azure) => {
                let evidence = azure.evidence(&report_data);
                (evidence.hardware, Some(evidence.vtpm))
            }
        };
        Envelope {
            tee: self.guest.tee(),
            hardware,
            binding,
            manifest: self.manifest.encode().unwrap(),
            certificates: self.guest.certificates(),
            event_log: None,
            vtpm,
        }
    }

    /// The request that presents `envelope`, signed by this enclave's keys for `nonce`.
    pub(crate) fn present(&self, envelope: &Envelope, nonce: Nonce) -> v1::AttestRequest {
        let evidence = envelope.encode();
        let request = LeaseRequest {
            evidence: Hashed::of(&evidence),
            identity_key: self.identity.public(),
            channel_key: self.channel.public(),
            nonce,
            endpoint: ENDPOINT,
        };
        let proofs = request.sign(&self.identity, &self.channel).unwrap();
        v1::AttestRequest {
            checkpoint: Vec::new(),
            consistency: Vec::new(),
            identity_key: self.identity.spki().to_vec(),
            channel_key: self.channel.spki().to_vec(),
            identity_proof: proofs.identity.as_bytes().to_vec(),
            channel_proof: proofs.channel.as_bytes().to_vec(),
            endpoint: ENDPOINT.to_owned(),
            evidence,
            policy_number: 0,
        }
    }

    /// A request that has nothing wrong with it.
    pub(crate) fn request(&self, nonce: Nonce) -> v1::AttestRequest {
        self.present(&self.collect(&self.binding(nonce)), nonce)
    }

    /// The findings against a request whose host offers no certificates; empty if it is admitted.
    pub(crate) async fn findings_alone(&self, world: &World) -> Vec<String> {
        let nonce = challenge(world).await;
        let envelope = Envelope { certificates: None, ..self.collect(&self.binding(nonce)) };
        match attest(world, self.present(&envelope, nonce)).await {
            Outcome::Admitted(_) => Vec::new(),
            refused @ Outcome::Refused(_) => ids(refused),
        }
    }

    /// Challenge, Evidence, answer.
    pub(crate) async fn enrol(&self, world: &World) -> Outcome {
        let nonce = challenge(world).await;
        attest(world, self.request(nonce)).await
    }

    /// As [`Self::enrol`], for an enclave that is to be admitted.
    pub(crate) async fn admitted(&self, world: &World) -> Admitted {
        let outcome = self.enrol(world).await;
        let Outcome::Admitted(answer) = outcome else { panic!("refused: {outcome:?}") };
        let trust =
            TrustBundle::from_wire(answer.trust.as_ref().unwrap(), world.accepted()).unwrap();
        let credentials = Credentials::new(
            Arc::clone(&self.identity),
            Arc::clone(&self.channel),
            &answer.certificates,
            &answer.lease,
            &trust,
            world.now(),
        );
        Admitted { credentials: credentials.unwrap(), answer, trust }
    }

    /// As [`Self::enrol`], for an enclave that is to be refused: the findings' ids.
    pub(crate) async fn refused(&self, world: &World) -> Vec<String> {
        ids(self.enrol(world).await)
    }

    /// A key for the next lease.
    pub(crate) fn renew_channel_key(&mut self) {
        self.channel = Arc::new(ChannelKey::generate().unwrap());
    }
}

pub(crate) async fn challenge(world: &World) -> Nonce {
    let answer = world.enrolment().challenge(v1::ChallengeRequest {}).await.unwrap();
    Nonce::from_slice(&answer.into_inner().nonce).unwrap()
}

pub(crate) async fn attest(world: &World, request: v1::AttestRequest) -> Outcome {
    world.enrolment().attest(request).await.unwrap().into_inner().outcome.unwrap()
}

/// The ids of a refusal's findings.
pub(crate) fn ids(outcome: Outcome) -> Vec<String> {
    let Outcome::Refused(refused) = outcome else { panic!("admitted") };
    for finding in &refused.findings {
        assert!(!finding.remedy.is_empty(), "{}", finding.id);
    }
    refused.findings.into_iter().map(|finding| finding.id).collect()
}

/// The parts of an image, from the agent's name.
pub(crate) fn image(agent: &str) -> ProcessImage {
    let of = |part: &str| Digest48::sha384(format!("{part} of {agent}").as_bytes());
    ProcessImage {
        runtime: Digest48::sha384(b"runtime"),
        agent: of("program"),
        policy: of("policy"),
        manifest: of("manifest"),
    }
}
