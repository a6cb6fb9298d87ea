//! The one connection of a command: TLS 1.3 to a Verifier whose authority is pinned.

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use cloister_api::v1::operator_client::OperatorClient;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use super::error::OperatorError;
use super::settings::Settings;
use crate::file;

/// How long a person waits for a Verifier that is not there.
const CONNECT_SECS_MAX: Duration = Duration::from_secs(10);

/// How long one call may take. The slowest revokes every instance of an agent.
const CALL_SECS_MAX: Duration = Duration::from_secs(30);

/// Where the Verifier listens unless its address names a port.
const HTTPS_PORT: u16 = 443;

type Client = OperatorClient<InterceptedService<Channel, Bearer>>;

/// A Verifier that accepted the connection.
pub(crate) struct Operator {
    pub(crate) client: Client,
    address: String,
}

impl Operator {
    /// The answer's message, or why there is none.
    pub(crate) fn message<T>(
        &self,
        answer: Result<Response<T>, Status>,
    ) -> Result<T, OperatorError> {
        answer
            .map(Response::into_inner)
            .map_err(|status| OperatorError::from_status(status, &self.address))
    }
}

/// Puts the operator token on every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    fn new(token: &str) -> Result<Self, OperatorError> {
        let header = Zeroizing::new(format!("Bearer {token}"));
        let unusable = |_| OperatorError::Settings {
            reason: "the token cannot be sent in a header".to_owned(),
        };
        let mut value = MetadataValue::try_from(header.as_str()).map_err(unusable)?;
        // Kept out of logs and of header compression.
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Connects. The token is sent only to an end that proved a certificate by the pinned authority.
pub(super) async fn connect(settings: &Settings) -> Result<Operator, OperatorError> {
    let bearer = Bearer::new(&settings.token)?;
    let channel = channel(&settings.verifier, &settings.ca).await?;
    let client = OperatorClient::with_interceptor(channel, bearer);
    Ok(Operator { client, address: settings.address() })
}

/// A connection to the Verifier at `verifier`, whose authority is pinned by the file `ca`.
pub(crate) async fn channel(verifier: &Uri, ca: &Path) -> Result<Channel, OperatorError> {
    let tls = TlsConnector::from(Arc::new(configuration(ca)?));
    let connector = tower::service_fn(move |uri: Uri| {
        let tls = tls.clone();
        async move { open(&uri, tls).await.map(TokioIo::new) }
    });
    let endpoint =
        Endpoint::from(verifier.clone()).connect_timeout(CONNECT_SECS_MAX).timeout(CALL_SECS_MAX);
    endpoint.connect_with_connector(connector).await.map_err(|source| OperatorError::Unreachable {
        address: verifier.to_string(),
        source: source.into(),
    })
}

async fn open(
    uri: &Uri,
    tls: TlsConnector,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let host =
        uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(HTTPS_PORT);
    let socket = TcpStream::connect((host.as_str(), port)).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
    tls.connect(name, socket).await
}

/// TLS 1.3 only, post-quantum hybrid first, the pinned authority and no other.
fn configuration(ca: &Path) -> Result<ClientConfig, OperatorError> {
    let refuse = |reason: String| OperatorError::Trust { path: ca.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&file::read(ca)?) {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("there is no certificate in it".to_owned()));
    }
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups.sort_by_key(|group| group.name() != rustls::NamedGroup::X25519MLKEM768);
    let mut configuration = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| refuse(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"h2".to_vec()];
    Ok(configuration)
}
