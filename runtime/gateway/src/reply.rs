//! Refusals, in the shape that the caller's binding and version have for errors.
//!
//! SPEC: A2A 1.0.1 section 5.4 (error codes), 9.5 (JSON-RPC errors), 10.6 (gRPC errors), 11.6
//! (HTTP+JSON errors); A2A 0.3.0 section 8; google.rpc.Status, ErrorInfo and RetryInfo.

mod grpc;
mod mcp;
mod status;

use std::sync::Arc;

use bytes::Bytes;
use cloister_attestation::code::Diagnostic;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::body::{Body, full};
use crate::envelope::Envelope;
use crate::error::Cause;
use crate::limits;
use crate::mcp::Asked;
use crate::operation::V0_3;
use crate::peek::{is_json, peek};
use crate::version::stated;
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
    /// What version 0.3 has instead: the error's type and message.
    HttpJson03,
    /// A JSON-RPC response to the request of this id.
    JsonRpc(Option<Box<RawValue>>),
    /// The same with what version 0.3 has for details: one object.
    JsonRpc03(Option<Box<RawValue>>),
    /// Trailers only.
    Grpc,
    /// The same with what version 0.3 has for details: the error's name before the message.
    Grpc03,
    /// MCP's own, to what was asked.
    Mcp(Arc<Asked>),
}

impl Shape {
    /// That of a version's HTTP+JSON binding.
    pub(crate) fn http_json(version: &str) -> Self {
        if version == V0_3 { Self::HttpJson03 } else { Self::HttpJson }
    }

    /// That of a version's JSON-RPC binding.
    pub(crate) fn json_rpc(version: &str, id: Option<&RawValue>) -> Self {
        let id = id.map(ToOwned::to_owned);
        if version == V0_3 { Self::JsonRpc03(id) } else { Self::JsonRpc(id) }
    }

    /// That of a version's gRPC binding.
    pub(crate) fn grpc(version: &str) -> Self {
        if version == V0_3 { Self::Grpc03 } else { Self::Grpc }
    }

    /// Whether a request's head says that it is gRPC.
    pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
        grpc::is_grpc(headers)
    }

    /// What a request's head says about its binding.
    pub(crate) fn of_head(headers: &HeaderMap) -> Self {
        if grpc::is_grpc(headers) {
            return Self::Grpc;
        }
        Self::http_json(stated(headers, None).ok().flatten().unwrap_or_default())
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
            Ok(body) if says_json_rpc(&body) => Self::of_envelope(&body),
            _ => by_head,
        }
    }

    /// What the body of a JSON-RPC request says, though it may be refused.
    pub(crate) fn of_envelope(body: &[u8]) -> Self {
        let envelope = Envelope::parse(body).ok();
        let row = envelope.as_ref().and_then(Envelope::row);
        let id = Envelope::id_of(body);
        Self::json_rpc(row.map_or("", |row| row.version), id.as_deref())
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
        let metadata = self.metadata(audience);
        let mut response = match &self.shape {
            Shape::HttpJson => http_json(&status, &message, details(&status, &metadata)),
            Shape::HttpJson03 => http_json_0_3(&status, &message, info(&status, &metadata)),
            Shape::JsonRpc(id) => {
                let data = Value::Array(details(&status, &metadata));
                json_rpc(&status, id.as_deref(), &message, data)
            }
            Shape::JsonRpc03(id) => {
                json_rpc(&status, id.as_deref(), &message, info(&status, &metadata))
            }
            Shape::Grpc => grpc::response(&status, &message, &metadata),
            Shape::Grpc03 => grpc::response(&status, &grpc_0_3(&status, message), &metadata),
            Shape::Mcp(asked) => mcp::response(&self.cause, asked, audience),
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

    /// What the local agent is told beside the message.
    fn metadata(&self, audience: Audience) -> Metadata {
        match audience {
            Audience::Local => {
                vec![("code", self.cause.code().id), ("remedy", self.cause.remedy())]
            }
            Audience::Peer => Vec::new(),
        }
    }
}

/// The entries of an `ErrorInfo`.
type Metadata = Vec<(&'static str, &'static str)>;

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

fn info(status: &Status, metadata: &Metadata) -> Value {
    let metadata = metadata.iter().map(|(name, text)| ((*name).to_owned(), json!(text)));
    json!({
        "@type": ERROR_INFO,
        "reason": status.reason,
        "domain": status.domain,
        "metadata": metadata.collect::<serde_json::Map<_, _>>(),
    })
}

fn details(status: &Status, metadata: &Metadata) -> Vec<Value> {
    let info = info(status, metadata);
    let delay = json!({
        "@type": RETRY_INFO,
        "retryDelay": format!("{}s", limits::RETRY_AFTER.as_secs()),
    });
    if status.retry { vec![info, delay] } else { vec![info] }
}

#[expect(clippy::needless_pass_by_value, reason = "json! takes it into the value")]
fn http_json(status: &Status, message: &str, details: Vec<Value>) -> Response<Body> {
    let error = json!({
        "code": status.http.as_u16(),
        "status": status.grpc.name(),
        "message": message,
        "details": details,
    });
    with_status(status, json_response(json!({ "error": error }).to_string()))
}

/// SPEC: A2A 0.3.0 section 8 has codes and names of errors; their place in an HTTP+JSON answer is
/// that of the official Python SDK of that version.
#[expect(clippy::needless_pass_by_value, reason = "json! takes it into the value")]
fn http_json_0_3(status: &Status, message: &str, info: Value) -> Response<Body> {
    let error = json!({
        "type": status.named_0_3().unwrap_or(status.reason),
        "code": status.json_rpc,
        "message": message,
        "data": info,
    });
    with_status(status, json_response(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "json! takes it into the value")]
fn json_rpc(status: &Status, id: Option<&RawValue>, message: &str, data: Value) -> Response<Body> {
    let error = json!({ "code": status.json_rpc, "message": message, "data": data });
    // Written by hand so that the id keeps the bytes that it came in.
    let id = id.map_or("null", RawValue::get);
    json_response(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"))
}

/// SPEC: as for HTTP+JSON; official SDKs of that version find the error by its name before a colon.
fn grpc_0_3(status: &Status, message: String) -> String {
    match status.named_0_3() {
        Some(name) => format!("{name}: {message}"),
        None => message,
    }
}

fn with_status(status: &Status, mut response: Response<Body>) -> Response<Body> {
    *response.status_mut() = status.http;
    if status.http == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
    }
    response
}

fn json_response(body: String) -> Response<Body> {
    let mut response = Response::new(full(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
