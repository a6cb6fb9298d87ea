//! One TLS connection to the pinned Verifier, as a gRPC transport.

use std::io;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::client::{ClientConfig, ResolvesClientCert, Resumption};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{RootCertStore, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::VerifierError;
use crate::clock::{Clock, TlsTime};
use crate::limits::{VERIFIER_KEEPALIVE, VERIFIER_TIMEOUT};

/// TLS 1.3 to the pinned root and nothing else. The host's name is checked as usual: the issuing CA
/// also signs runtimes' certificates, which carry a SPIFFE ID and no host name, so no runtime can
/// pass for the Verifier.
pub(super) fn tls_config(
    pinned: &[CertificateDer<'static>],
    clock: Arc<Clock>,
    certificate: Option<Arc<dyn ResolvesClientCert>>,
) -> Result<ClientConfig, VerifierError> {
    let mut roots = RootCertStore::empty();
    for root in pinned {
        roots.add(root.clone()).map_err(VerifierError::Root)?;
    }
    let builder = ClientConfig::builder_with_details(
        Arc::new(default_provider()),
        Arc::new(TlsTime::new(clock)),
    )
    .with_protocol_versions(&[&version::TLS13])
    .map_err(VerifierError::Root)?
    .with_root_certificates(roots);
    let mut config = match certificate {
        Some(certificate) => builder.with_client_cert_resolver(certificate),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Connects now; the transport is up when this returns.
pub(super) async fn connect(
    address: &str,
    name: &ServerName<'static>,
    tls: ClientConfig,
) -> Result<Channel, VerifierError> {
    let connector = TlsConnector::from(Arc::new(tls));
    let target = address.to_owned();
    let name = name.clone();
    let dial = tower::service_fn(move |_| {
        let (connector, target, name) = (connector.clone(), target.clone(), name.clone());
        async move { tls_stream(connector, target, name).await.map(TokioIo::new) }
    });
    Endpoint::from_shared(format!("https://{address}"))
        .map_err(|error| unreachable(address, error))?
        .timeout(VERIFIER_TIMEOUT)
        .connect_timeout(VERIFIER_TIMEOUT)
        .http2_keep_alive_interval(VERIFIER_KEEPALIVE)
        .keep_alive_timeout(VERIFIER_KEEPALIVE)
        .keep_alive_while_idle(true)
        .connect_with_connector(dial)
        .await
        .map_err(|error| refused_or_unreachable(address, error))
}

async fn tls_stream(
    connector: TlsConnector,
    address: String,
    name: ServerName<'static>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    connector.connect(name, stream).await
}

fn refused_or_unreachable(address: &str, error: tonic::transport::Error) -> VerifierError {
    match tls_error(&error) {
        Some(source) => VerifierError::Pin { address: address.to_owned(), source },
        None => unreachable(address, error),
    }
}

fn unreachable(address: &str, error: tonic::transport::Error) -> VerifierError {
    VerifierError::Unreachable { address: address.to_owned(), source: Box::new(error) }
}

/// The TLS error at the bottom of a transport error, if there is one.
fn tls_error(error: &(dyn std::error::Error + 'static)) -> Option<rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Some(tls.clone());
        }
        next = error.source();
    }
    None
}
