//! A runtime in a simulated enclave, as far as a Verifier sees it.

use anyhow::Result;
use cloister_api::v1;
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Hashed, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::{Manifest, PolicyDigest, PolicySource, WorkloadDigest};
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::snp::Product;
use cloister_channel::{ChannelKey, IdentityKey, LeaseRequest};
use cloister_simulator::{Guest, Pki, ProcessImage, reference_values};

const ENDPOINT: &str = "127.0.0.1:4500";

/// One boot of one runtime on a Milan.
pub(super) struct Enclave {
    identity: IdentityKey,
    channel: ChannelKey,
    manifest: Vec<u8>,
    image: ProcessImage,
    guest: Guest,
}

impl Enclave {
    /// Every enclave is of the same image.
    pub(super) fn boot(pki: &Pki) -> Result<Self> {
        let part = |part: &str| Digest48::sha384(part.as_bytes());
        let image = ProcessImage {
            runtime: part("runtime"),
            agent: part("agent"),
            policy: part("policy"),
            manifest: part("manifest"),
        };
        let manifest = Manifest {
            agent: "translator".to_owned(),
            workload: WorkloadDigest(image.agent),
            policy: PolicyDigest(image.policy),
            principal: "example.org".to_owned(),
            scope: vec!["translate".to_owned()],
            region_claim: None,
            policy_source: PolicySource::Image,
        };
        Ok(Self {
            identity: IdentityKey::generate()?,
            channel: ChannelKey::generate()?,
            manifest: manifest.encode()?,
            image,
            guest: Guest::snp(pki, Product::Milan, &image),
        })
    }

    pub(super) fn reference_values(&self) -> ReferenceValues {
        reference_values(&self.image, "translator", "1.0.0", Manifest::digest(&self.manifest))
    }

    /// A request with Evidence for `nonce`.
    pub(super) fn request(&self, nonce: Nonce) -> Result<v1::AttestRequest> {
        let evidence = self.collect(nonce).encode();
        let request = LeaseRequest {
            evidence: Hashed::of(&evidence),
            identity_key: self.identity.public(),
            channel_key: self.channel.public(),
            nonce,
            endpoint: ENDPOINT,
        };
        let proofs = request.sign(&self.identity, &self.channel)?;
        Ok(v1::AttestRequest {
            checkpoint: Vec::new(),
            consistency: Vec::new(),
            identity_key: self.identity.spki().to_vec(),
            channel_key: self.channel.spki().to_vec(),
            identity_proof: proofs.identity.as_bytes().to_vec(),
            channel_proof: proofs.channel.as_bytes().to_vec(),
            endpoint: ENDPOINT.to_owned(),
            evidence,
            policy_number: 0,
        })
    }

    fn collect(&self, nonce: Nonce) -> Envelope {
        let binding = Binding {
            identity_key: *self.identity.thumbprint(),
            channel_key: *self.channel.thumbprint(),
            nonce,
            manifest: Manifest::digest(&self.manifest),
            audit_head: None,
            exporter: None,
        };
        let binding = binding.encode();
        Envelope {
            tee: self.guest.tee(),
            hardware: self.guest.evidence(&Binding::report_data(&binding)),
            binding,
            manifest: self.manifest.clone(),
            certificates: self.guest.certificates(),
            event_log: None,
            vtpm: None,
        }
    }
}
