//! One connection to a runtime, one question on it.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use cloister_attestation::bytes::Nonce;
use cloister_channel::Document;
use cloister_channel::document::PATH;
use cloister_channel::limits::DOCUMENT_BYTES_MAX;
use cloister_channel::tls::{document_client_config, document_exporter};
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::time_provider::TimeProvider;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::RemoteError;
use crate::text::printable;

/// From the first packet to the last: a TEE needs a second where many ask it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a runtime listens unless its address names a port.
const HTTPS_PORT: u16 = 443;

/// What a runtime said on one connection, and what TLS knows of that connection.
#[derive(Debug)]
pub(super) struct Seen {
    /// As given.
    pub(super) address: String,
    /// What was asked for.
    pub(super) nonce: Nonce,
    /// What it said.
    pub(super) document: Document,
    /// What it showed in the handshake, leaf first. It holds the leaf's key; no more is verified.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// The value that Evidence for this connection is bound to.
    pub(super) exporter: [u8; 32],
    /// The key exchange that was negotiated.
    pub(super) key_exchange: String,
}

/// Connects to `url` and asks for the document with Evidence for `nonce`.
pub(super) async fn ask(url: &Uri, nonce: Nonce) -> Result<Seen, RemoteError> {
    let address = url.to_string();
    let late = |_| RemoteError::Unreachable {
        address: address.clone(),
        source: "no answer in time".into(),
    };
    tokio::time::timeout(ANSWER_TIMEOUT, answer(url, nonce)).await.map_err(late)?
}

async fn answer(url: &Uri, nonce: Nonce) -> Result<Seen, RemoteError> {
    let address = url.to_string();
    let stream = connect(url).await?;
    let tls = stream.get_ref().1;
    let exporter = document_exporter(tls)?;
    let certificates = tls.peer_certificates().unwrap_or_default().to_vec();
    let group = tls.negotiated_key_exchange_group().map(|group| group.name());
    let key_exchange = group.map_or_else(|| "none".to_owned(), |name| format!("{name:?}"));
    let body = exchange(stream, url, nonce).await?;
    let document = Document::from_json(&body)?;
    Ok(Seen { address, nonce, document, certificates, exporter, key_exchange })
}

async fn connect(url: &Uri) -> Result<TlsStream<TcpStream>, RemoteError> {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = url.port_u16().unwrap_or(HTTPS_PORT);
    let broken = |source| unreachable(url, source);
    let stream = TcpStream::connect((host, port)).await.map_err(broken)?;
    // A runtime shows its certificate under whatever name it is called by.
    let name = ServerName::try_from(host.to_owned()).map_err(|error| unreachable(url, error))?;
    let tls = TlsConnector::from(document_client_config(Arc::new(Time))?);
    tls.connect(name, stream).await.map_err(broken)
}

async fn exchange(
    stream: TlsStream<TcpStream>,
    url: &Uri,
    nonce: Nonce,
) -> Result<Bytes, RemoteError> {
    let broken = |error: hyper::Error| unreachable(url, error);
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the sender, and what goes wrong on it shows in the answer.
    let connection = tokio::spawn(connection);
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(format!("https://{authority}{PATH}?nonce={nonce}"))
        .header(header::ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|error| unreachable(url, error))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let answered = read(response, url).await;
    connection.abort();
    answered
}

async fn read(response: Response<Incoming>, url: &Uri) -> Result<Bytes, RemoteError> {
    let status = response.status();
    let wait = response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let wait = wait.map(|secs| format!("; ask again after {} s", printable(secs)));
    let limited = Limited::new(response.into_body(), DOCUMENT_BYTES_MAX);
    let body = limited
        .collect()
        .await
        .map_err(|error| RemoteError::Unreachable { address: url.to_string(), source: error })?;
    let body = body.to_bytes();
    if status == StatusCode::OK {
        return Ok(body);
    }
    let message = format!("{}{}", words(&body), wait.unwrap_or_default());
    Err(RemoteError::Declined { message, status })
}

/// What a runtime says of a problem, made safe for a terminal.
fn words(problem: &[u8]) -> String {
    let problem: serde_json::Value = serde_json::from_slice(problem).unwrap_or_default();
    let member = |name| problem.get(name).and_then(serde_json::Value::as_str);
    let message = member("message").unwrap_or("without a word why");
    printable(&message.chars().take(WORDS_MAX).collect::<String>())
}

/// As much as anybody reads.
const WORDS_MAX: usize = 512;

fn unreachable(url: &Uri, source: impl std::error::Error + Send + Sync + 'static) -> RemoteError {
    RemoteError::Unreachable { address: url.to_string(), source: Box::new(source) }
}

/// This program's clock, as TLS asks for it.
#[derive(Debug)]
pub(crate) struct Time;

impl TimeProvider for Time {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = Duration::from_secs(crate::clock::now().as_secs());
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}
