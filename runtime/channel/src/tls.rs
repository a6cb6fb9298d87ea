//! rustls configurations for both sides of a channel.
//!
//! TLS 1.3 only, mutual certificates, X25519MLKEM768 first and by default alone, ALPN `cloister/1`
//! or `cloister/1+evidence` ([`Freshness`]), one fixed server name per trust domain. No tickets, no resumption, no early data: every channel
//! is a full handshake, since the session proof is bound to it. Time comes from the caller's
//! [`rustls::time_provider::TimeProvider`].
//!
//! The certificate verifiers decide only this much: the chain ends at an issuer of the trust
//! bundle, the dates hold, the leaf is an SVID of the trust domain with exactly one lease in it,
//! and its key signed the handshake. Who the peer is, the session decides.

mod document;
mod facts;
mod provider;
mod signing;
mod verifier;
mod visit;

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use rustls::client::Resumption;
use rustls::pki_types::{DnsName, ServerName};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ServerConfig};

pub use document::{
    DOCUMENT_ALPN, DOCUMENT_EXPORTER_LABEL, document_client_config, document_exporter,
    document_server_config,
};
pub(crate) use facts::codes as handshake_codes;
pub(crate) use facts::{Exporter, Exporters};
pub use facts::{Handshake, HandshakeError};
pub(crate) use provider::SIGNATURES;
pub use visit::{
    HostHandshake, VISIT_ALPN, VISIT_EXPORTER_LABEL, VisitorHandshake, visit_client_config,
    visit_server_config,
};

use crate::credentials::Credentials;
use crate::name::TrustDomain;
use crate::session::Role;
use crate::trust::TrustBundle;

/// The application protocol of a channel whose ends prove themselves by their leases.
pub const ALPN: &[u8] = b"cloister/1";

/// The application protocol of a channel whose ends add Evidence made for this session.
pub const ALPN_EVIDENCE: &[u8] = b"cloister/1+evidence";

/// The label of the exporter that session proofs are bound to. The context is the prover's role.
///
/// SPEC: RFC 8446 section 7.5, RFC 5705 section 4.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-cloister-session-1";

cloister_attestation::codes! {
    /// rustls refused the configuration.
    CONFIG = "tls.config", Cloister, "",
        "Report this as a defect.",
        "The TLS library refused the fixed protocol versions and algorithms of a channel.";
}

/// A configuration could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("TLS configuration is refused")]
pub struct TlsError(#[from] rustls::Error);

impl Diagnostic for TlsError {
    fn code(&self) -> &'static Code {
        &CONFIG
    }
}

/// Which key exchanges a channel may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// X25519MLKEM768 and no other. The default between runtimes.
    PostQuantum,
    /// X25519MLKEM768 first, X25519 where the peer knows nothing better.
    PostQuantumPreferred,
}

/// How recent the Evidence behind a peer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As recent as its lease: minutes old.
    Lease,
    /// Made for this session, by both ends.
    Session,
}

/// What the measured configuration demands of every channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    /// The key exchange.
    pub key_exchange: KeyExchange,
    /// The Evidence. A peer that demands more gets more.
    pub freshness: Freshness,
}

impl From<KeyExchange> for Demands {
    /// This key exchange, and leases.
    fn from(key_exchange: KeyExchange) -> Self {
        Self { key_exchange, freshness: Freshness::Lease }
    }
}

impl Demands {
    /// What is offered, or taken, best liked first.
    fn protocols(self) -> Vec<Vec<u8>> {
        match self.freshness {
            Freshness::Lease => vec![ALPN.to_vec(), ALPN_EVIDENCE.to_vec()],
            Freshness::Session => vec![ALPN_EVIDENCE.to_vec()],
        }
    }
}

/// The dialling side's configuration.
///
/// # Errors
/// [`TlsError`] if rustls refuses it.
pub fn client_config(
    local: &Credentials,
    trust: &TrustBundle,
    demands: impl Into<Demands>,
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let (demands, verifier) = (demands.into(), Arc::new(verifier::PeerVerifier::new(trust)));
    let provider = provider::provider(demands.key_exchange);
    let config = ClientConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(presented(local));
    Ok(dialling(config, demands.protocols()))
}

/// The listening side's configuration.
///
/// # Errors
/// [`TlsError`] if rustls refuses it.
pub fn server_config(
    local: &Credentials,
    trust: &TrustBundle,
    demands: impl Into<Demands>,
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let (demands, verifier) = (demands.into(), Arc::new(verifier::PeerVerifier::new(trust)));
    let provider = provider::provider(demands.key_exchange);
    let config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(presented(local));
    Ok(listening(config, demands.protocols()))
}

/// A listening side's configuration that asks for no certificate and takes one protocol.
fn for_anybody(
    local: &Credentials,
    key_exchange: KeyExchange,
    protocol: &[u8],
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_details(provider::provider(key_exchange), time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(presented(local));
    Ok(listening(config, vec![protocol.to_vec()]))
}

/// Every connection is a full handshake, and carries nothing before it.
fn listening(mut config: ServerConfig, protocols: Vec<Vec<u8>>) -> Arc<ServerConfig> {
    config.alpn_protocols = protocols;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Arc::new(config)
}

/// The same at the dialling side.
fn dialling(mut config: ClientConfig, protocols: Vec<Vec<u8>>) -> Arc<ClientConfig> {
    config.alpn_protocols = protocols;
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Arc::new(config)
}

/// The server name that every dialler of a trust domain sends: the same for all agents, and not
/// the trust domain's name either.
#[must_use]
pub fn server_name(trust_domain: &TrustDomain) -> ServerName<'static> {
    let digest = Digest48::sha384(format!("cloister/sni/1:{trust_domain}").as_bytes());
    let label: String = digest.to_string().chars().take(32).collect();
    // 32 hexadecimal digits and a fixed suffix are a DNS name; the fallback is one as well.
    DnsName::try_from(format!("c{label}.cloister.invalid"))
        .map_or_else(|_| ServerName::from(core::net::IpAddr::from([0; 4])), ServerName::DnsName)
}

/// The exporter context of a role's proof.
pub(crate) const fn exporter_context(role: Role) -> &'static [u8] {
    role.name().as_bytes()
}

fn presented(local: &Credentials) -> Arc<SingleCertAndKey> {
    let key = Arc::new(signing::ChannelSigningKey::new(Arc::clone(local.channel())));
    Arc::new(SingleCertAndKey::from(CertifiedKey::new(local.certificates().to_vec(), key)))
}
