//! Connections: TCP, and TLS where the address says so.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::FetchError;
use crate::origin::Origin;

/// A connection, whatever it goes over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// With the public roots. TLS keeps others from reading along and from cheap denial of service;
/// what is fetched is believed for its own signature. A mirror without a public certificate may
/// as well be asked without TLS.
pub(super) fn tls() -> Result<TlsConnector, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

pub(super) async fn open(
    origin: &Origin,
    tls: &TlsConnector,
) -> Result<Box<dyn Stream>, FetchError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| FetchError::Connection {
        host: origin.to_string(),
        source,
    };
    let address = (origin.host(), origin.port());
    let stream = TcpStream::connect(address).await.map_err(|error| failed(error.into()))?;
    if !origin.is_secure() {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(origin.host().to_owned());
    let name = name.map_err(|error| failed(error.into()))?;
    let stream = tls.connect(name, stream).await.map_err(|error| failed(error.into()))?;
    Ok(Box::new(stream))
}
