//! Refusals, in the shape that the caller's binding has for errors.
//!
//! SPEC: A2A 1.0.1 section 5.4 (error codes), 9.5 (JSON-RPC errors), 11.6 (HTTP+JSON errors);
//! google.rpc.Status, ErrorInfo and RetryInfo.

mod status;

use bytes::Bytes;
use cloister_attestation::code::Diagnostic;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::body::{Body, empty, full};
use crate::envelope::Envelope;
use crate::error::Cause;
use crate::limits;
use crate::peek::{is_json, peek};
use status::Status;

/// Who reads the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The agent in the same enclave: is told everything.
    Local,
    /// Another agent: is told what it has to know to go on, and nothing about this side.
    Peer,
}

/// The shape of a refusal.
#[derive(Clone, Debug, Default)]
pub(crate) enum Shape {
    /// `google.rpc.Status` as JSON under `error`.
    #[default]
    HttpJson,
    /// A JSON-RPC response to the request of this id.
    JsonRpc(Option<Box<RawValue>>),
    /// Trailers only.
    Grpc,
}

impl Shape {
    /// What a request's head says about its binding.
    pub(crate) fn of_head(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_grpc = kind.is_some_and(|kind| kind.starts_with("application/grpc"));
        if is_grpc { Self::Grpc } else { Self::HttpJson }
    }

    /// What a whole request says about its binding, where the interface that it is for is not
    /// known. Reads the body, so it is for requests that are refused anyway.
    pub(crate) async fn of_refused(request: Request<Body>) -> Self {
        let by_head = Self::of_head(request.headers());
        let may_be_rpc = request.method() == Method::POST && is_json(request.headers());
        if !may_be_rpc {
            return by_head;
        }
        match peek(request.into_body()).await {
            Ok(body) if says_json_rpc(&body) => Self::JsonRpc(Envelope::id_of(&body)),
            _ => by_head,
        }
    }
}

fn says_json_rpc(body: &[u8]) -> bool {
    matches!(crate::object::Object::parse(body), Ok(object) if object.get("jsonrpc").is_some())
}

/// A request that was not carried, and how to say so.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) cause: Cause,
    pub(crate) shape: Shape,
}

impl Refused {
    pub(crate) fn new(cause: impl Into<Cause>, shape: Shape) -> Self {
        Self { cause: cause.into(), shape }
    }

    /// The response that says so.
    pub(crate) fn response(&self, audience: Audience) -> Response<Body> {
        let status = Status::of(&self.cause);
        let message = self.message(audience, &status);
        let mut response = match &self.shape {
            Shape::HttpJson => http_json(&status, &message, self.details(audience, &status)),
            Shape::JsonRpc(id) => {
                json_rpc(&status, id.as_deref(), &message, self.details(audience, &status))
            }
            Shape::Grpc => grpc(&status, &message),
        };
        if status.retry {
            let seconds = HeaderValue::from(limits::RETRY_AFTER.as_secs());
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }

    fn message(&self, audience: Audience, status: &Status) -> String {
        match audience {
            Audience::Local => format!("{}. {}", self.cause, self.cause.remedy()),
            Audience::Peer => status.coarse.to_owned(),
        }
    }

    fn details(&self, audience: Audience, status: &Status) -> Vec<Value> {
        let metadata = match audience {
            Audience::Local => {
                json!({ "code": self.cause.code().id, "remedy": self.cause.remedy() })
            }
            Audience::Peer => json!({}),
        };
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": status.reason,
            "domain": status.domain,
            "metadata": metadata,
        });
        let delay = json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", limits::RETRY_AFTER.as_secs()),
        });
        if status.retry { vec![info, delay] } else { vec![info] }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "json! takes it into the value")]
fn http_json(status: &Status, message: &str, details: Vec<Value>) -> Response<Body> {
    let error = json!({
        "code": status.http.as_u16(),
        "status": status.grpc.name(),
        "message": message,
        "details": details,
    });
    let mut response = json_body(&json!({ "error": error }));
    *response.status_mut() = status.http;
    if status.http == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
    }
    response
}

#[expect(clippy::needless_pass_by_value, reason = "json! takes it into the value")]
fn json_rpc(
    status: &Status,
    id: Option<&RawValue>,
    message: &str,
    data: Vec<Value>,
) -> Response<Body> {
    let error = json!({ "code": status.json_rpc, "message": message, "data": data });
    // Written by hand so that the id keeps the bytes that it came in.
    let id = id.map_or("null", RawValue::get);
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}");
    json_response(body)
}

/// SPEC: gRPC over HTTP/2, Trailers-Only.
fn grpc(status: &Status, message: &str) -> Response<Body> {
    let mut response = Response::new(empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from(status.grpc.number()));
    if let Ok(message) = HeaderValue::try_from(message) {
        headers.insert(HeaderName::from_static("grpc-message"), message);
    }
    response
}

fn json_body(value: &Value) -> Response<Body> {
    json_response(value.to_string())
}

fn json_response(body: String) -> Response<Body> {
    let mut response = Response::new(full(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
