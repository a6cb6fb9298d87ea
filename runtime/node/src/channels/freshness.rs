//! Evidence made for sessions: this side's, made when a session asks for it; a peer's, appraised by
//! the Verifier where the measured configuration demands it.

use cloister_api::v1::appraise_session_response::Outcome;
use cloister_attestation::bytes::Digest48;
use cloister_channel::Freshness as Demand;
use cloister_channel::session::{EvidenceWanted, PeerProven};
use tracing::{info, warn};

use super::ChannelError;
use crate::attest::Occasion;
use crate::press::Press;
use crate::state::Standing;
use crate::verifier::Verifier;

/// Makes Evidence for sessions, and has that of peers appraised.
#[derive(Debug)]
pub(crate) struct Freshness {
    demanded: Demand,
    press: Press,
    verifier: Verifier,
}

impl Freshness {
    pub(crate) const fn new(demanded: Demand, press: Press, verifier: Verifier) -> Self {
        Self { demanded, press, verifier }
    }

    /// What a session asks for, within the quota.
    pub(super) async fn evidence(&self, wanted: &EvidenceWanted) -> Result<Vec<u8>, ChannelError> {
        let occasion = Occasion {
            identity_key: wanted.identity_key,
            channel_key: wanted.channel_key,
            nonce: wanted.nonce(),
            audit_head: None,
            exporter: Some(*wanted.exporter),
        };
        self.press.evidence(occasion).await.map_err(|error| {
            warn!(%error, "no Evidence for a session");
            ChannelError::OwnEvidence(Box::new(error))
        })
    }

    /// Whether what is demanded of the peer is there, and good.
    pub(super) async fn check(
        &self,
        proven: &PeerProven,
        standing: &Standing,
    ) -> Result<(), ChannelError> {
        if self.demanded == Demand::Lease {
            return Ok(());
        }
        // The session sees to it that there is Evidence where this side demands it.
        let evidence = proven.evidence.as_ref().ok_or(ChannelError::PeerEvidence)?;
        let certificate = &standing.client.client_auth_cert_resolver;
        let mut registry = self.verifier.registry(certificate.clone()).await?;
        match registry.appraise_session(evidence.envelope(), evidence.exporter()).await? {
            // SECURITY: the image that the lease is for, and not another one that is admitted too.
            Outcome::Appraised(appraised)
                if is(&appraised.reference, &proven.lease.claims().reference) =>
            {
                Ok(())
            }
            Outcome::Appraised(_) => Err(ChannelError::PeerEvidence),
            Outcome::Refused(refused) => {
                let findings: Vec<_> = refused.findings.iter().map(|found| &found.id).collect();
                info!(peer = %proven.peer.agent, ?findings, "Evidence of a peer is refused");
                Err(ChannelError::PeerEvidence)
            }
        }
    }
}

fn is(received: &[u8], expected: &Digest48) -> bool {
    Digest48::from_slice(received).is_some_and(|received| received.ct_eq(expected))
}
