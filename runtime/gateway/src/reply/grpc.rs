//! gRPC refusals: the status is all there is.
//!
//! SPEC: gRPC over HTTP/2, Trailers-Only and Percent-Encoded; google/rpc/status.proto and
//! google/rpc/error_details.proto.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Response};

use super::status::Status;
use super::{ERROR_INFO, Metadata, RETRY_INFO};
use crate::body::{Body, empty};
use crate::limits;
use crate::wire::{put, put_number};

/// Whether a request is gRPC, or claims to be something like it.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.get(..GRPC.len()).is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
}

const GRPC: &str = "application/grpc";

pub(super) fn response(status: &Status, message: &str, metadata: &Metadata) -> Response<Body> {
    let mut response = Response::new(empty());
    let details = STANDARD_NO_PAD.encode(encoded(status, message, metadata));
    let said = [
        (CONTENT_TYPE, GRPC.to_owned()),
        (HeaderName::from_static("grpc-status"), status.over_grpc().number().to_string()),
        (HeaderName::from_static("grpc-message"), percent_encoded(message)),
        (HeaderName::from_static("grpc-status-details-bin"), details),
    ];
    for (name, value) in said {
        // INVARIANT: every value is printable ASCII.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    if status.reason == super::status::COMPRESSED {
        let none = HeaderValue::from_static("identity");
        response.headers_mut().insert(HeaderName::from_static("grpc-accept-encoding"), none);
    }
    response
}

fn percent_encoded(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A `google.rpc.Status`.
fn encoded(status: &Status, message: &str, metadata: &Metadata) -> Vec<u8> {
    let mut info = Vec::new();
    put(&mut info, 1, status.reason.as_bytes());
    put(&mut info, 2, status.domain.as_bytes());
    for (name, value) in metadata {
        let mut entry = Vec::new();
        put(&mut entry, 1, name.as_bytes());
        put(&mut entry, 2, value.as_bytes());
        put(&mut info, 3, &entry);
    }
    let mut out = Vec::new();
    put_number(&mut out, 1, u64::from(status.over_grpc().number()));
    put(&mut out, 2, message.as_bytes());
    put_any(&mut out, ERROR_INFO, &info);
    if status.retry {
        let (mut seconds, mut delay) = (Vec::new(), Vec::new());
        put_number(&mut seconds, 1, limits::RETRY_AFTER.as_secs());
        put(&mut delay, 1, &seconds);
        put_any(&mut out, RETRY_INFO, &delay);
    }
    out
}

/// A detail: a `google.protobuf.Any`.
fn put_any(out: &mut Vec<u8>, kind: &str, message: &[u8]) {
    let mut any = Vec::new();
    put(&mut any, 1, kind.as_bytes());
    put(&mut any, 2, message);
    put(out, 3, &any);
}
