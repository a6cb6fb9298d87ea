//! The TLS configuration: 1.3 only, post-quantum first, a client certificate if the client has one.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::clock::Clock;
use crate::state::ServerCertificate;

/// The configuration for connections, with `issuer` as the one root of client certificates.
///
/// A client without a certificate is let in: who may ask what is each request's question. A
/// certificate that does not chain, or is out of date at `clock`, ends the handshake.
pub(crate) fn config(
    certificate: Arc<ServerCertificate>,
    issuer: &[u8],
    clock: &Clock,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(issuer.to_vec()))?;
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error: VerifierBuilderError| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(clock.clone()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // SECURITY: every connection is a full handshake, so that dates are checked each time.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        kx_groups: vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    }
}
