//! The reference: rustls as it comes, with a certificate on either side.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use cloister_domain::link::Link;
use cloister_domain::world::World;
use rcgen::{CertificateParams, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, version,
};

const NAME: &str = "plain.example";

/// Configurations of both ends, under the issuer of a trust domain.
pub(super) struct Plain {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Plain {
    pub(super) fn new(world: &World) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(world.ca.der().to_vec()))?;
        let roots = Arc::new(roots);
        let provider =
            CryptoProvider { kx_groups: vec![kx_group::X25519MLKEM768], ..default_provider() };
        let provider = Arc::new(provider);
        let (chain, key) = identity(world)?;
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&version::TLS13])?
            .with_root_certificates(Arc::clone(&roots))
            .with_client_auth_cert(chain, key)?;
        client.resumption = Resumption::disabled();
        let clients =
            WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
        let (chain, key) = identity(world)?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)?;
        server.send_tls13_tickets = 0;
        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }

    /// A finished handshake.
    pub(super) fn connect(&self) -> Result<Link> {
        let name = ServerName::try_from(NAME).context("a name")?;
        let client = ClientConnection::new(Arc::clone(&self.client), name)?;
        let server = ServerConnection::new(Arc::clone(&self.server))?;
        Ok(Link::over(client, server)?)
    }
}

/// A P-256 key and a certificate for it.
fn identity(world: &World) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([NAME.to_owned()])?.signed_by(&key, &world.ca)?;
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((vec![certificate.der().clone()], private.into()))
}
