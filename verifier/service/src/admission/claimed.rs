//! Who a refused request says it is: for the log and the record, never for a decision.

use cloister_api::v1;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::Manifest;
use cloister_channel::identity::PublicKey;
use cloister_channel::name::InstanceId;

/// As far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) agent: Option<String>,
    pub(super) instance: Option<String>,
}

impl Claimed {
    pub(super) fn by(request: &v1::AttestRequest) -> Self {
        let key = PublicKey::from_spki(&request.identity_key).ok();
        let envelope = Envelope::decode(&request.evidence).ok();
        let manifest = envelope.and_then(|envelope| Manifest::decode(&envelope.manifest).ok());
        Self {
            agent: manifest.map(|manifest| manifest.agent),
            instance: key.map(|key| InstanceId::of(key.thumbprint()).to_string()),
        }
    }
}
