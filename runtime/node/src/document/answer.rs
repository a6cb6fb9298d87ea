//! Answers as HTTP.

use bytes::Bytes;
use cloister_attestation::code::Diagnostic as _;
use cloister_channel::Document;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;

use super::{Documents, asked};
use crate::state::Standing;

impl Documents {
    /// Answers one request. Its body is not read: no request that has an answer has one.
    pub(super) async fn answer<B>(
        &self,
        standing: &Standing,
        exporter: [u8; 32],
        request: &Request<B>,
    ) -> Response<Full<Bytes>> {
        let asked = match asked(request.method(), request.uri()) {
            Ok(nonce) => self.document(standing, exporter, nonce).await,
            Err(problem) => Err(problem),
        };
        let (label, response) = match asked {
            Ok(document) => (label(&document), found(&document)),
            Err(problem) => (problem.code().id, problem.response()),
        };
        self.state.events().documents.add_one(label);
        response
    }
}

const fn label(document: &Document) -> &'static str {
    if document.evidence.is_some() { "evidence" } else { "lease" }
}

fn found(document: &Document) -> Response<Full<Bytes>> {
    json(StatusCode::OK, document.to_json())
}

/// Nobody may keep an answer: it is about one connection and one moment.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
