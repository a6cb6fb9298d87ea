//! One request over a connection of its own: bounded in time and size, never redirected.

mod connect;

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use cloister_attestation::publication::Response;
use futures_util::future::{Either, select};
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, HOST, HeaderMap, RETRY_AFTER, USER_AGENT,
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;

use crate::error::FetchError;
use crate::limits::{HEADER_BYTES_MAX, HEADERS_MAX};
use crate::origin::Origin;
use crate::settings::Settings;

/// Sends requests.
pub(crate) struct Client {
    tls: TlsConnector,
    timeout: Duration,
}

/// What a host answered. The body is read where the status is 200 and empty otherwise.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) response: Response,
}

impl Client {
    pub(crate) fn new(settings: &Settings) -> Result<Self, rustls::Error> {
        let tls = connect::tls()?;
        Ok(Self { tls, timeout: settings.request_timeout })
    }

    /// Asks `origin` for `path`, and reads at most `bytes_max` of the body.
    pub(crate) async fn get(
        &self,
        origin: &Origin,
        path: &str,
        bytes_max: usize,
    ) -> Result<Answer, FetchError> {
        let whole = tokio::time::timeout(self.timeout, self.exchange(origin, path, bytes_max));
        whole.await.unwrap_or_else(|_elapsed| {
            let seconds = self.timeout.as_secs();
            Err(FetchError::Timeout { host: origin.to_string(), seconds })
        })
    }

    async fn exchange(
        &self,
        origin: &Origin,
        path: &str,
        bytes_max: usize,
    ) -> Result<Answer, FetchError> {
        let failed = |error: hyper::Error| broken(origin, error);
        let stream = connect::open(origin, &self.tls).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEADER_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let request = request(origin, path)?;
        let answered = pin!(async {
            let answer = sender.send_request(request).await.map_err(failed)?;
            read(origin, answer, bytes_max).await
        });
        // Nothing is spawned: giving up drops the connection as well.
        match select(answered, pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, answered)) => answered.await,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn request(origin: &Origin, path: &str) -> Result<Request<Empty<Bytes>>, FetchError> {
    Request::get(origin.target(path))
        .header(HOST, origin.authority())
        .header(USER_AGENT, concat!("cloister/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| FetchError::Connection { host: origin.to_string(), source: error.into() })
}

async fn read(
    origin: &Origin,
    answer: http::Response<Incoming>,
    bytes_max: usize,
) -> Result<Answer, FetchError> {
    let misunderstood = |reason| FetchError::Answer { host: origin.to_string(), reason };
    let (head, body) = answer.into_parts();
    let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(str::to_owned);
    if head.status != StatusCode::OK {
        let response = Response { body: Vec::new(), issuer_chain: None };
        return Ok(Answer { status: head.status, retry_after, response });
    }
    if head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(misunderstood("its body is encoded, and nobody asked for that"));
    }
    let issuer_chain = issuer_chain(&head.headers).map_err(misunderstood)?;
    let body = collect(origin, body, bytes_max).await?;
    Ok(Answer { status: head.status, retry_after, response: Response { body, issuer_chain } })
}

fn issuer_chain(headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    let mut values = Response::ISSUER_CHAIN_HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err("it carries more than one issuer chain");
    }
    let text = value.to_str().map_err(|_| "its issuer chain is not text")?;
    Ok(Some(text.to_owned()))
}

/// SECURITY: the limit counts what has arrived, whatever the head announced.
async fn collect(
    origin: &Origin,
    mut body: Incoming,
    bytes_max: usize,
) -> Result<Vec<u8>, FetchError> {
    let too_large = || FetchError::TooLarge { host: origin.to_string(), bytes_max };
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    if body.size_hint().lower() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(origin, error))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > bytes_max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn broken(origin: &Origin, error: hyper::Error) -> FetchError {
    let host = origin.to_string();
    if error.is_parse_too_large() {
        return FetchError::Answer { host, reason: "its header fields are too large or too many" };
    }
    FetchError::Connection { host, source: error.into() }
}
