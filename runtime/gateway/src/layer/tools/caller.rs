//! Whoever calls a tool server, for requests that the runtime makes in the caller's place.

use bytes::Bytes;
use cloister_policy::OperationName;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};

use super::super::{Call, Classified};
use crate::body::full;
use crate::end::End;
use crate::headers::forget_representation;
use crate::mcp::LAST_EVENT;
use crate::operation::Operation;
use crate::peek::Watch;
use crate::reply::Shape;

/// The head of a call, as another request of its caller has it.
pub(super) struct Caller<E> {
    end: E,
    operation: Operation,
    shape: Shape,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
}

impl<E: End> Caller<E> {
    pub(super) fn of(call: &Call<E>) -> Self {
        let (end, operation) = (call.end.clone(), call.operation.clone());
        let (shape, request) = (call.shape.clone(), &call.request);
        let (uri, version) = (request.uri().clone(), request.version());
        let headers = request.headers().clone();
        Self { end, operation, shape, uri, version, headers }
    }

    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The tool that is called.
    pub(super) fn tool(&self) -> Option<&str> {
        self.operation.tool.as_deref()
    }

    /// A message of the runtime's own that takes the same way: in the same session, with the same
    /// credentials.
    pub(super) fn beside(&self, name: OperationName, message: Bytes) -> Classified<E> {
        let mut request = Request::new(full(message));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.clone();
        let headers = request.headers_mut();
        forget_representation(headers);
        headers.remove(LAST_EVENT);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let accepted = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, accepted);
        Box::new(Call {
            end: self.end.clone(),
            operation: Operation { name, tool: None, ..self.operation.clone() },
            message_bytes: None,
            shape: self.shape.clone(),
            watch: Watch::default(),
            request,
        })
    }
}
