//! A notification that a peer's runtime delivers, up to the local agent's webhook.

use std::sync::Arc;

use bytes::Bytes;
use cloister_audit::Hash;
use cloister_policy::{Binding, OperationName, Subject};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::time::Instant;

use super::Pushes;
use super::book::{Entry, PeerId};
use super::capability::Capability;
use super::error::PushError;
use super::notice::Notice;
use super::webhook::Webhook;
use crate::body::{Body, empty, full};
use crate::client::AgentClient;
use crate::end::{End, Party, Target};
use crate::error::Cause;
use crate::headers::RESERVED_PREFIX;
use crate::layer::{Call, Classified};
use crate::limits::PUSH_BODY_BYTES_MAX;
use crate::operation::Operation;
use crate::path::PUSH_PATH;
use crate::peek::{CollectError, Watch, collect, is_json};
use crate::reply::{Refused, Shape};

impl Pushes {
    /// What a peer delivers to with this path; `None` if it is none for deliveries.
    pub(crate) fn target(&self, path: &str, peer: &Party<Arc<Subject>>) -> Option<Target> {
        let reference = path.strip_prefix(PUSH_PATH)?.strip_prefix('/')?;
        let Party::Attested(peer) = peer else { return Some(Target::NoWebhook) };
        let entry = Capability::parse(reference).and_then(|it| self.webhooks.find(&it));
        // SECURITY: a reference is worth nothing to anybody else than whom it was given to.
        let entry = entry.filter(|entry| {
            let is_theirs = entry.peer == PeerId::from(&**peer);
            if !is_theirs {
                tracing::warn!(
                    peer = peer.agent,
                    "a peer delivers for another one's configuration"
                );
            }
            is_theirs
        });
        Some(entry.map_or(Target::NoWebhook, Target::Webhook))
    }
}

/// The body of a notification, whichever side posts it.
pub(super) async fn body(request: Request<Body>) -> Result<(HeaderMap, Bytes), Cause> {
    if request.method() != Method::POST {
        return Err(Cause::Operation);
    }
    if !is_json(request.headers()) {
        return Err(Cause::ContentType);
    }
    let (head, body) = request.into_parts();
    let body = collect(body, PUSH_BODY_BYTES_MAX).await.map_err(|error| match error {
        CollectError::TooLarge => PushError::TooLarge.into(),
        CollectError::Stalled => Cause::Stalled,
    })?;
    Ok((head.headers, body))
}

/// What a notification's headers say about it, and nothing else that they say.
pub(super) fn about(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        ABOUT.contains(&name) || name.starts_with(RESERVED_PREFIX)
    });
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

const ABOUT: [&str; 4] = ["content-type", "a2a-version", "a2a-extensions", "x-a2a-extensions"];

/// The operation that a delivery is, at either end.
pub(super) fn delivery<T>(entry: &Entry<T>) -> Operation {
    Operation {
        task: entry.task(),
        config: entry.id(),
        ..Operation::new(Binding::HttpJson, entry.version, OperationName::PushDeliver)
    }
}

/// Finds out what a peer delivers.
pub(crate) async fn classify<E: End>(
    end: E,
    entry: &Entry<Webhook>,
    request: Request<Body>,
) -> Result<Classified<E>, Refused> {
    let refused = |cause: Cause| Refused::new(cause, Shape::HttpJson);
    let uri = request.uri().clone();
    let (headers, body) = body(request).await.map_err(refused)?;
    let notice = Notice::read(&body).map_err(|error| refused(error.into()))?;
    if !entry.may_be_for(&notice.task) {
        // SECURITY: as for a reference that there is not.
        return Err(refused(PushError::Unknown.into()));
    }
    let operation = Operation { task: Some(notice.task), ..delivery(entry) };
    let message_bytes = u64::try_from(body.len()).ok();
    let mut request = Request::new(full(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let (shape, watch) = (Shape::HttpJson, Watch::default());
    Ok(Box::new(Call { end, operation, message_bytes, shape, watch, request }))
}

impl Entry<Webhook> {
    /// Puts a permitted notification to the webhook, unless it did get the same a short time ago.
    pub(crate) async fn deliver(
        &self,
        client: &AgentClient,
        request: Request<Body>,
    ) -> Result<Response<Body>, Cause> {
        let (headers, body) = body(request).await?;
        let notice = Notice::read(&body)?;
        self.bind(&notice.task).map_err(|_| PushError::Unknown)?;
        let digest = Hash::of(&body);
        if !self.with_seen(|seen| seen.has(&digest, Instant::now())) {
            self.what.post(client, about(&headers), body).await?;
            self.with_seen(|seen| seen.note(digest, Instant::now()));
        }
        if notice.is_last {
            self.end();
        }
        let mut taken = Response::new(empty());
        *taken.status_mut() = StatusCode::NO_CONTENT;
        Ok(taken)
    }
}
