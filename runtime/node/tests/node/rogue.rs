//! Somebody with genuine credentials who does not keep to the protocol.

use std::sync::Arc;

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Hashed};
use cloister_attestation::envelope::Envelope;
use cloister_channel::tls::{KeyExchange, client_config, server_name};
use cloister_channel::{ChannelKey, Credentials, IdentityKey, LeaseRequest, TrustBundle};
use cloister_node::clock::{Clock, TlsTime};
use cloister_node::verifier::Verifier;
use cloister_node::workload::declare;
use cloister_node::{AgentConfig, NodeConfig};
use cloister_simulator::Guest;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::node::{Image, Node};
use crate::world::{World, now};

/// Holds a lease like any other runtime.
pub(crate) struct Rogue {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) trust: Arc<TrustBundle>,
    guest: Guest,
    manifest: Vec<u8>,
}

impl Rogue {
    /// Admitted as the agent `name`, where nobody answers.
    pub(crate) async fn enrol(world: &World, name: &str) -> Self {
        Self::enrol_at(world, name, "127.0.0.1:9").await
    }

    /// Admitted as the agent `name`, which others find at `endpoint`.
    pub(crate) async fn enrol_at(world: &World, name: &str, endpoint: &str) -> Self {
        let image = Image::admitted(world, name, &[]).await;
        let agent = AgentConfig::load(&image.agent_toml()).unwrap();
        let node_toml = image.folder.join("node.toml");
        let host = format!("listen = \"127.0.0.1:0\"\nverifier = \"{}\"\n", world.address());
        std::fs::write(&node_toml, host).unwrap();
        let node = NodeConfig::load(&node_toml).unwrap();
        let verifier = Verifier::new(&node, &agent.verifier, Arc::new(Clock::default()));

        let (identity, channel) = keys();
        let (nonce, enrolment) = verifier.challenge().await.unwrap();
        let declared = declare(&agent).unwrap();
        let binding = Binding {
            identity_key: *identity.thumbprint(),
            channel_key: *channel.thumbprint(),
            nonce,
            manifest: declared.digest,
            audit_head: None,
            exporter: None,
        }
        .encode();
        let (guest, manifest) = (image.guest(world), declared.bytes);
        let evidence = envelope(&guest, binding, &manifest).encode();
        let endpoint = endpoint.to_owned();
        let request = LeaseRequest {
            evidence: Hashed::of(&evidence),
            identity_key: identity.public(),
            channel_key: channel.public(),
            nonce,
            endpoint: &endpoint,
        };
        let proofs = request.sign(&identity, &channel).unwrap();
        let message = v1::AttestRequest {
            checkpoint: Vec::new(),
            consistency: Vec::new(),
            identity_key: identity.spki().to_vec(),
            channel_key: channel.spki().to_vec(),
            identity_proof: proofs.identity.as_bytes().to_vec(),
            channel_proof: proofs.channel.as_bytes().to_vec(),
            endpoint,
            evidence,
            policy_number: 0,
        };
        let Outcome::Admitted(admitted) = enrolment.attest(message).await.unwrap() else {
            panic!("the rogue was not admitted")
        };
        let wire = admitted.trust.as_ref().unwrap();
        let trust = TrustBundle::from_wire(wire, agent.peers.anchors).unwrap();
        let credentials = Credentials::new(
            identity,
            channel,
            &admitted.certificates,
            &admitted.lease,
            &trust,
            now(),
        );
        let (credentials, trust) = (Arc::new(credentials.unwrap()), Arc::new(trust));
        Self { credentials, trust, guest, manifest }
    }

    /// What the hardware makes for this binding.
    pub(crate) fn evidence(&self, binding: &Binding) -> Envelope {
        envelope(&self.guest, binding.encode(), &self.manifest)
    }

    /// The digest of what was declared at admission.
    pub(crate) fn manifest(&self) -> Digest48 {
        Digest48::sha384(&self.manifest)
    }

    /// A complete TLS handshake with `node`, and nothing after it.
    pub(crate) async fn connect(&self, node: &Node) -> TlsStream<TcpStream> {
        let time = Arc::new(TlsTime::new(Arc::new(Clock::default())));
        let tls =
            client_config(&self.credentials, &self.trust, KeyExchange::PostQuantum, time).unwrap();
        let stream = TcpStream::connect(node.runtime.addresses().listen).await.unwrap();
        let name = server_name(self.trust.trust_domain());
        TlsConnector::from(tls).connect(name, stream).await.unwrap()
    }
}

fn envelope(guest: &Guest, binding: Vec<u8>, manifest: &[u8]) -> Envelope {
    Envelope {
        tee: guest.tee(),
        hardware: guest.evidence(&Binding::report_data(&binding)),
        binding,
        manifest: manifest.to_vec(),
        certificates: guest.certificates(),
        event_log: None,
        vtpm: None,
    }
}

/// An identity key and a channel key that nobody has leased.
pub(crate) fn keys() -> (Arc<IdentityKey>, Arc<ChannelKey>) {
    (Arc::new(IdentityKey::generate().unwrap()), Arc::new(ChannelKey::generate().unwrap()))
}
