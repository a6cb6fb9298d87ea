//! The runtime's side of the Verifier's protocol: gRPC over TLS 1.3, pinned by the measured file.
//!
//! Enrolment and the trust bundle need no client certificate; the registry needs the leased one.
//! A connection is made for one purpose and not kept: only [`Registry::watch`] lasts.

mod connect;
mod error;

use std::sync::Arc;

use cloister_api::v1;
use cloister_api::v1::enrolment_client::EnrolmentClient;
use cloister_api::v1::registry_client::RegistryClient;
use cloister_api::v1::trust_client::TrustClient;
use cloister_attestation::bytes::Nonce;
use cloister_audit::{ConsistencyProof, Offer, SignedCheckpoint};
use cloister_channel::name::AgentName;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, ServerName};
use tonic::transport::Channel;

use crate::clock::Clock;
use crate::config::{NodeConfig, VerifierPin};
use crate::limits::TRUST_BYTES_MAX;

pub use error::{ANSWER, CODES, PIN, REFUSED_CALL, UNREACHABLE, VerifierError};

/// Reaches one Verifier, and nobody else under its address.
#[derive(Clone, Debug)]
pub struct Verifier {
    address: String,
    name: ServerName<'static>,
    roots: Vec<CertificateDer<'static>>,
    clock: Arc<Clock>,
}

impl Verifier {
    /// The Verifier that `node` gives the address of, if it shows a certificate that `pin` permits.
    #[must_use]
    pub fn new(node: &NodeConfig, pin: &VerifierPin, clock: Arc<Clock>) -> Self {
        Self {
            address: node.verifier.clone(),
            name: pin.server_name.clone().unwrap_or_else(|| node.verifier_name.clone()),
            roots: pin.roots.clone(),
            clock,
        }
    }

    /// A nonce to bind Evidence to.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn challenge(&self) -> Result<(Nonce, Enrolment), VerifierError> {
        let mut client = EnrolmentClient::new(self.connect(None).await?)
            .max_decoding_message_size(TRUST_BYTES_MAX);
        let answer = client.challenge(v1::ChallengeRequest {}).await?.into_inner();
        let nonce = Nonce::from_slice(&answer.nonce)
            .ok_or(VerifierError::Answer("a nonce that is not 32 bytes long"))?;
        Ok((nonce, Enrolment(client)))
    }

    /// What is needed to check leases, as of now.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn trust_bundle(&self) -> Result<v1::TrustBundle, VerifierError> {
        let mut client =
            TrustClient::new(self.connect(None).await?).max_decoding_message_size(TRUST_BYTES_MAX);
        Ok(client.bundle(v1::BundleRequest {}).await?.into_inner())
    }

    /// A connection that shows the leased certificate.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn registry(
        &self,
        certificate: Arc<dyn ResolvesClientCert>,
    ) -> Result<Registry, VerifierError> {
        Ok(Registry(RegistryClient::new(self.connect(Some(certificate)).await?)))
    }

    async fn connect(
        &self,
        certificate: Option<Arc<dyn ResolvesClientCert>>,
    ) -> Result<Channel, VerifierError> {
        let tls = connect::tls_config(&self.roots, Arc::clone(&self.clock), certificate)?;
        connect::connect(&self.address, &self.name, tls).await
    }
}

/// A connection on which a challenge was asked for and can be answered.
#[derive(Debug)]
pub struct Enrolment(EnrolmentClient<Channel>);

impl Enrolment {
    /// Sends Evidence; the answer is a lease, or every finding that speaks against one.
    ///
    /// # Errors
    /// [`VerifierError`] when there is no conclusion.
    pub async fn attest(
        mut self,
        request: v1::AttestRequest,
    ) -> Result<v1::attest_response::Outcome, VerifierError> {
        let answer = self.0.attest(request).await?.into_inner();
        answer.outcome.ok_or(VerifierError::Answer("neither a lease nor a refusal"))
    }
}

/// A connection under the leased certificate.
#[derive(Clone, Debug)]
pub struct Registry(RegistryClient<Channel>);

impl Registry {
    /// Where an agent's runtimes listen: hints, best first.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn resolve(&mut self, agent: &AgentName) -> Result<Vec<v1::Endpoint>, VerifierError> {
        let request = v1::ResolveRequest { agent: agent.to_string() };
        Ok(self.0.resolve(request).await?.into_inner().endpoints)
    }

    /// Whether Evidence that a peer made for the session with this exporter value is good enough
    /// for a lease.
    ///
    /// # Errors
    /// [`VerifierError`] when there is no conclusion.
    pub async fn appraise_session(
        &mut self,
        evidence: &[u8],
        exporter: &[u8; 32],
    ) -> Result<v1::appraise_session_response::Outcome, VerifierError> {
        let (evidence, exporter) = (evidence.to_vec(), exporter.to_vec());
        let request = v1::AppraiseSessionRequest { evidence, exporter };
        let answer = self.0.appraise_session(request).await?.into_inner();
        answer.outcome.ok_or(VerifierError::Answer("neither an appraisal nor a refusal"))
    }

    /// Shows this runtime's audit log, and what peers showed of theirs.
    ///
    /// # Errors
    /// [`VerifierError`], also where the Verifier was shown another log before.
    pub async fn show_checkpoint(
        &mut self,
        offer: &Offer,
        witnessed: &[SignedCheckpoint],
    ) -> Result<(), VerifierError> {
        let request = v1::ShowCheckpointRequest {
            checkpoint: offer.checkpoint.bytes().to_vec(),
            consistency: offer.proofs.iter().map(ConsistencyProof::to_bytes).collect(),
            witnessed: witnessed.iter().map(|signed| signed.bytes().to_vec()).collect(),
        };
        self.0.show_checkpoint(request).await?;
        Ok(())
    }

    /// The authorization policy that is published for this agent, signed; empty if none is newer
    /// than number `after`.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn policy(&mut self, after: u64) -> Result<Vec<u8>, VerifierError> {
        let request = v1::PolicyRequest { after_number: after, ..v1::PolicyRequest::default() };
        Ok(self.0.policy(request).await?.into_inner().publication)
    }

    /// Says that a publication was not put in force here, and why.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn policy_refused(&mut self, number: u64, code: &str) -> Result<(), VerifierError> {
        let request = v1::PolicyRequest {
            after_number: u64::MAX,
            refused_number: number,
            refused_code: code.to_owned(),
        };
        self.0.policy(request).await?;
        Ok(())
    }

    /// Revocations and policy epochs after `sequence`, as they happen.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub async fn watch(
        &mut self,
        sequence: u64,
    ) -> Result<tonic::Streaming<v1::WatchEvent>, VerifierError> {
        let request = v1::WatchRequest { after_sequence: sequence };
        Ok(self.0.watch(request).await?.into_inner())
    }
}
