//! Visits: connections on which the client shows no certificate, and an adversary that answers.

use std::sync::Arc;

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_channel::session::SessionError;
use cloister_channel::tls::{
    HostHandshake, VISIT_ALPN, VISIT_EXPORTER_LABEL, VisitorHandshake, visit_client_config,
    visit_server_config,
};
use cloister_channel::visit::{Heard, Host, Reached, Visitor};
use cloister_channel::{AgentName, Credentials, KeyExchange, TrustBundle};
use minicbor::Encoder;
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
use rustls::server::NoClientAuth;
use rustls::{ClientConfig, ConnectionCommon, ServerConfig};

use crate::adversary::{Mallory, RawKey, framed, sign1};
use crate::link::{Link, Still};
use crate::world::{NOW, World};

/// The number that visitors ask with, unless a test wants another.
pub const NONCE: Nonce = Nonce::new([5; 32]);

/// A genuine visitor's configuration.
pub fn visiting(world: &World) -> Arc<ClientConfig> {
    visit_client_config(&world.trust(), KeyExchange::PostQuantum, Arc::new(Still)).unwrap()
}

/// A genuine host's configuration.
pub fn hosting(local: &Credentials) -> Arc<ServerConfig> {
    visit_server_config(local, KeyExchange::PostQuantum, Arc::new(Still)).unwrap()
}

/// A connection from a visitor to a genuine host.
pub fn link(world: &World, host: &Credentials) -> Link {
    Link::new(world, visiting(world), hosting(host)).unwrap()
}

/// A connection from a visitor to the adversary.
pub fn diverted(world: &World, mallory: &Mallory) -> Link {
    let mut config = mallory.server(&[X25519MLKEM768]);
    config.alpn_protocols = vec![VISIT_ALPN.to_vec()];
    let provider = config.crypto_provider().clone();
    let mut unasking = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(Arc::new(NoClientAuth))
        .with_cert_resolver(config.cert_resolver.clone());
    unasking.alpn_protocols = config.alpn_protocols;
    Link::new(world, visiting(world), Arc::new(unasking)).unwrap()
}

/// A visitor on this connection who means `intended`, and its greeting.
pub fn visitor(
    link: &Link,
    trust: &Arc<TrustBundle>,
    intended: AgentName,
    nonce: Nonce,
) -> (Visitor, Vec<u8>) {
    let handshake = VisitorHandshake::of(&link.client, KeyExchange::PostQuantum).unwrap();
    Visitor::new(Arc::clone(trust), handshake, intended, nonce, NOW).unwrap()
}

/// A genuine host on this connection.
pub fn host(link: &Link, local: &Arc<Credentials>, trust: &Arc<TrustBundle>) -> Host {
    let handshake = HostHandshake::of(&link.server, KeyExchange::PostQuantum).unwrap();
    Host::new(Arc::clone(local), Arc::clone(trust), handshake, NOW)
}

/// What a host answers to a greeting, once it lets the visitor in.
pub fn admitted(host: &mut Host, greeting: &[u8]) -> Result<Vec<u8>, SessionError> {
    match host.handle_bytes(greeting, NOW)? {
        Heard::Visitor => host.admit(NOW),
        other @ (Heard::Nothing | Heard::Received(_)) => {
            panic!("expected a visitor who waits, got {other:?}")
        }
    }
}

/// Gives a whole answer to a visitor.
pub fn answered(visitor: &mut Visitor, proof: &[u8]) -> Result<Reached, SessionError> {
    visitor.handle_bytes(proof, NOW).map(|reached| reached.unwrap())
}

/// The exporter value that a visit's proof is bound to.
pub fn exporter<S>(connection: &ConnectionCommon<S>) -> [u8; 32] {
    connection.export_keying_material([0; 32], VISIT_EXPORTER_LABEL, None).unwrap()
}

/// A host's proof, each part of which can be set on its own.
#[derive(Debug)]
pub struct VisitProof {
    /// Entry 1.
    pub outer_label: String,
    /// Entry 2.
    pub outer_role: String,
    /// Entry 3.
    pub carried_lease: Vec<u8>,
    /// Entry 5.
    pub identity_key: Vec<u8>,
    /// First element of the statement.
    pub label: String,
    /// The statement's role.
    pub role: String,
    /// The statement's own key.
    pub own_key: Digest48,
    /// The statement's exporter value.
    pub exporter: [u8; 32],
    /// The statement's lease.
    pub lease: Digest48,
    /// The statement's nonce.
    pub nonce: [u8; 32],
    /// The statement's intended agent.
    pub intended: String,
    /// The statement's policy epoch.
    pub policy_epoch: u64,
    /// Signs the statement.
    pub signer: RawKey,
}

impl VisitProof {
    /// What an honest host with the adversary's keys would answer on this connection.
    pub fn of<S>(mallory: &Mallory, connection: &ConnectionCommon<S>, intended: &str) -> Self {
        Self {
            outer_label: "cloister/visit/1".into(),
            outer_role: "host".into(),
            carried_lease: mallory.lease.clone(),
            identity_key: mallory.identity.public.spki().to_vec(),
            label: "cloister/visit/1".into(),
            role: "host".into(),
            own_key: *mallory.channel.public.thumbprint(),
            exporter: exporter(connection),
            lease: Digest48::sha384(&mallory.lease),
            nonce: *NONCE.as_bytes(),
            intended: intended.into(),
            policy_epoch: mallory.claims.policy_epoch,
            signer: mallory.identity.clone(),
        }
    }

    /// The message with its length in front.
    pub fn framed(&self) -> Vec<u8> {
        framed(&self.over(&self.statement()))
    }

    /// The message with any bytes signed in place of the statement.
    pub fn over(&self, statement: &[u8]) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.map(5).unwrap().u8(1).unwrap().str(&self.outer_label).unwrap();
        e.u8(2).unwrap().str(&self.outer_role).unwrap();
        e.u8(3).unwrap().bytes(&self.carried_lease).unwrap();
        let signed = sign1(&[0xa1, 0x01, 0x26], statement, &self.signer);
        e.u8(4).unwrap().bytes(&signed).unwrap();
        e.u8(5).unwrap().bytes(&self.identity_key).unwrap();
        e.into_writer()
    }

    /// What the identity key signs.
    pub fn statement(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.array(8).unwrap().str(&self.label).unwrap().str(&self.role).unwrap();
        e.bytes(self.own_key.as_bytes()).unwrap().bytes(&self.exporter).unwrap();
        e.bytes(self.lease.as_bytes()).unwrap().bytes(&self.nonce).unwrap();
        e.str(&self.intended).unwrap().u64(self.policy_epoch).unwrap();
        e.into_writer()
    }
}
