//! One enrolment: challenge, Evidence, and either credentials or every finding against them.

mod error;

use std::sync::Arc;

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::bytes::{Hashed, Nonce};
use cloister_attestation::policy::AnchorPolicy;
use cloister_attester::Attester;
use cloister_audit::{ConsistencyProof, Offer};
use cloister_channel::credentials::CredentialsError;
use cloister_channel::lease::LeaseError;
use cloister_channel::{
    ChannelKey, Credentials, IdentityKey, LeaseRequest, TrustBundle, TrustDomain,
};

use crate::attest::{Occasion, collect};
use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::config::{AgentConfig, ImageName};
use crate::verifier::Verifier;
use crate::workload::Declared;

pub use error::{CODES, EnrolError, Finding};

/// Asks one Verifier for leases, each for a new channel key, all for one identity key.
#[derive(Debug)]
pub(crate) struct Enroller {
    pub(crate) verifier: Verifier,
    pub(crate) attester: Arc<Attester>,
    pub(crate) identity: Arc<IdentityKey>,
    pub(crate) declared: Arc<Declared>,
    /// Its head is bound into the Evidence for each lease.
    pub(crate) audit: Arc<AuditLog>,
    /// `host:port` that peers dial.
    pub(crate) endpoint: String,
    pub(crate) clock: Arc<Clock>,
    pub(crate) expected: Expected,
}

/// What a lease has to say to be ours.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    trust_domain: TrustDomain,
    agent: String,
    image: ImageName,
    anchors: AnchorPolicy,
}

impl From<&AgentConfig> for Expected {
    fn from(config: &AgentConfig) -> Self {
        Self {
            trust_domain: config.trust_domain.clone(),
            agent: config.agent.name.clone(),
            image: config.image.clone(),
            anchors: config.peers.anchors.clone(),
        }
    }
}

/// What an admitted runtime has.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) trust: TrustBundle,
    /// The authorization policy that came with the lease, as it was received; may be empty.
    pub(crate) publication: Vec<u8>,
}

impl Enroller {
    /// One attempt, from challenge to verified credentials, under the published policy of this
    /// number.
    pub(crate) async fn enrol(&self, policy_number: u64) -> Result<Admission, EnrolError> {
        let channel = Arc::new(ChannelKey::generate()?);
        let (nonce, enrolment) = self.verifier.challenge().await?;
        let log = self.audit.offer_to_verifier().await?;
        let evidence = self.evidence(&channel, nonce, &log).await?;
        let request = self.request(&channel, nonce, evidence, (&log, policy_number))?;
        match enrolment.attest(request).await? {
            Outcome::Refused(refused) => Err(refusal(refused)),
            Outcome::Admitted(admitted) => {
                self.audit.shown_to_verifier(&log);
                self.accept(admitted, channel)
            }
        }
    }

    async fn evidence(
        &self,
        channel: &ChannelKey,
        nonce: Nonce,
        log: &Offer,
    ) -> Result<Vec<u8>, EnrolError> {
        let occasion = Occasion {
            identity_key: *self.identity.thumbprint(),
            channel_key: *channel.thumbprint(),
            nonce,
            audit_head: Some(log.checkpoint.digest()),
            exporter: None,
        };
        Ok(collect(Arc::clone(&self.attester), &self.declared, occasion).await?.encode())
    }

    fn request(
        &self,
        channel: &ChannelKey,
        nonce: Nonce,
        evidence: Vec<u8>,
        (log, policy_number): (&Offer, u64),
    ) -> Result<v1::AttestRequest, EnrolError> {
        let request = LeaseRequest {
            evidence: Hashed::of(&evidence),
            identity_key: self.identity.public(),
            channel_key: channel.public(),
            nonce,
            endpoint: &self.endpoint,
        };
        let proofs = request.sign(&self.identity, channel)?;
        Ok(v1::AttestRequest {
            identity_key: self.identity.spki().to_vec(),
            channel_key: channel.spki().to_vec(),
            identity_proof: proofs.identity.as_bytes().to_vec(),
            channel_proof: proofs.channel.as_bytes().to_vec(),
            endpoint: self.endpoint.clone(),
            evidence,
            checkpoint: log.checkpoint.bytes().to_vec(),
            consistency: log.proofs.iter().map(ConsistencyProof::to_bytes).collect(),
            policy_number,
        })
    }

    /// SECURITY: the Verifier is believed about what it signs, and about nothing that is checked
    /// here: whose lease it is, for which keys, image, trust domain and kind of root.
    fn accept(
        &self,
        admitted: v1::Admitted,
        channel: Arc<ChannelKey>,
    ) -> Result<Admission, EnrolError> {
        let wire = admitted.trust.as_ref().ok_or(EnrolError::NoTrustBundle)?;
        let trust = TrustBundle::from_wire(wire, self.expected.anchors.clone())?;
        let credentials = self.credentials(&admitted, channel, &trust)?;
        self.expected.check(&credentials, &trust)?;
        let publication = admitted.publication;
        Ok(Admission { credentials: Arc::new(credentials), trust, publication })
    }

    fn credentials(
        &self,
        admitted: &v1::Admitted,
        channel: Arc<ChannelKey>,
        trust: &TrustBundle,
    ) -> Result<Credentials, CredentialsError> {
        let make = |channel| {
            let identity = Arc::clone(&self.identity);
            let now = self.clock.now();
            Credentials::new(identity, channel, &admitted.certificates, &admitted.lease, trust, now)
        };
        let made = match make(Arc::clone(&channel)) {
            // The signature held and the date did not: this guest's clock is behind the Verifier's,
            // which is a floor for it.
            Err(CredentialsError::Lease(LeaseError::NotYetValid { issued_at, .. })) => {
                self.clock.raise(issued_at);
                make(channel)
            }
            made => made,
        }?;
        made.with_lease_jwt(&admitted.lease_jwt, trust, self.clock.now())
    }
}

impl Expected {
    fn check(&self, credentials: &Credentials, trust: &TrustBundle) -> Result<(), EnrolError> {
        let claims = credentials.lease().claims();
        let pairs = [
            ("trust domain", self.trust_domain.as_str(), trust.trust_domain().as_str()),
            ("agent", self.agent.as_str(), claims.agent.as_str()),
            ("image", self.image.name.as_str(), claims.image.as_str()),
            ("image version", self.image.version.as_str(), claims.version.as_str()),
        ];
        match pairs.into_iter().find(|(_, expected, observed)| expected != observed) {
            None => Ok(()),
            Some((what, expected, observed)) => Err(EnrolError::OtherLease {
                what,
                expected: expected.to_owned(),
                observed: observed.to_owned(),
            }),
        }
    }
}

fn refusal(refused: v1::Refused) -> EnrolError {
    let findings: Vec<Finding> = refused.findings.into_iter().map(Finding::from).collect();
    if findings.is_empty() { EnrolError::EmptyRefusal } else { EnrolError::Refused(findings) }
}
