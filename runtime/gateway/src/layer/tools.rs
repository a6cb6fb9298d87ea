//! Keeps the sessions of tool servers apart, and lists free of what a caller may not use.

use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::{Direction, OperationName};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Gate, Next, Outcome, service};
use crate::body::{Body, full};
use crate::end::{End, Party, Target};
use crate::headers::{forget_representation, plain_and_whole};
use crate::limits::LIST_BYTES_MAX;
use crate::mcp::{Asked, ListKind, McpError, SESSION, Server};
use crate::operation::Operation;
use crate::peek::{collect, is_encoded};
use crate::reply::{Refused, Shape};

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Tools<S> {
    gate: Arc<Gate>,
    next: S,
}

impl<S> Tools<S> {
    pub(crate) fn layer(gate: Arc<Gate>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { gate: Arc::clone(&gate), next })
    }

    async fn run<E: End>(self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let (Target::Server(server), Shape::Mcp(asked)) = (call.end.target(), &call.shape) else {
            return self.next.proceed(call).await;
        };
        let (server, asked) = (Arc::clone(server), Arc::clone(asked));
        let (shape, operation) = (call.shape.clone(), call.operation.clone());
        let caller = caller(&call.end);
        let permits = permits(Arc::clone(&self.gate), &call.end);
        check(&server, &asked, &operation, &caller, &permits)
            .map_err(|error| Refused::new(error, shape.clone()))?;
        let headers = call.request.headers_mut();
        // SECURITY: servers keep events of all sessions together, and a stream that goes on could
        // be another caller's, or a list's. A client whose stream broke asks anew.
        headers.remove("last-event-id");
        let list = ListKind::of(operation.name);
        if list.is_some() {
            plain_and_whole(headers);
        }
        let response = self.next.proceed(call).await?;
        note(&server, &asked, operation.name, &caller, &response)
            .map_err(|error| Refused::new(error, shape.clone()))?;
        let Some(list) = list else { return Ok(response) };
        let keep = |item: &str| permits(&list.using(&operation, item));
        shown(response, list, &asked, keep).await.map_err(|error| Refused::new(error, shape))
    }
}

service!(Tools [E: End] Classified<E> => Classified<E>);

/// Whether the caller may do something: the one rule behind lists and calls.
fn permits<E: End>(gate: Arc<Gate>, end: &E) -> impl Fn(&Operation) -> bool + Send + Sync + use<E> {
    let peer = match end.peer() {
        Party::Attested(peer) => Some(peer.clone()),
        Party::Visitor => None,
    };
    // As the smallest request: a rule about sizes does not hide what smaller ones may use.
    move |operation| {
        peer.as_ref().is_some_and(|peer| {
            gate.decision(E::DIRECTION, Party::Attested(peer), operation, Some(0)).allows()
        })
    }
}

/// Who a session belongs to: one boot of a peer, or the local agent.
fn caller<E: End>(end: &E) -> String {
    match (E::DIRECTION, end.peer()) {
        (Direction::Inbound, Party::Attested(peer)) => {
            format!("{}/{}", peer.trust_domain, peer.instance)
        }
        _ => String::new(),
    }
}

/// What a request needs beside the permission for its operation.
fn check(
    server: &Server,
    asked: &Asked,
    operation: &Operation,
    caller: &str,
    permits: impl Fn(&Operation) -> bool,
) -> Result<(), McpError> {
    if let Some(session) = &asked.session {
        server.sessions().check(session, caller)?;
    }
    // What a server had asked for leaves the caller, like an answer of the legacy era.
    let answer = Operation { name: OperationName::Respond, ..operation.clone() };
    if asked.brings_input && !permits(&answer) {
        return Err(McpError::UnknownTool);
    }
    let watches = asked.watched.iter().all(|uri| {
        let name = OperationName::ResourcesSubscribe;
        permits(&Operation { name, resource: Some(uri.clone()), ..operation.clone() })
    });
    if watches { Ok(()) } else { Err(McpError::UnknownTool) }
}

/// Notes what an answer says of sessions.
fn note(
    server: &Server,
    asked: &Asked,
    name: OperationName,
    caller: &str,
    response: &Response<Body>,
) -> Result<(), McpError> {
    match (name, &asked.session) {
        (OperationName::Initialize, _) => {
            let id = response.headers().get(SESSION).map(|id| id.to_str().unwrap_or_default());
            id.map_or(Ok(()), |id| server.sessions().begin(id, caller))
        }
        (OperationName::EndSession, Some(id)) if response.status().is_success() => {
            server.sessions().end(id);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A list as the caller is shown it.
async fn shown(
    response: Response<Body>,
    list: ListKind,
    asked: &Asked,
    keep: impl Fn(&str) -> bool,
) -> Result<Response<Body>, McpError> {
    if is_encoded(response.headers()) {
        return Err(McpError::List("it is compressed"));
    }
    let (mut head, body) = response.into_parts();
    let received = collect(body, LIST_BYTES_MAX)
        .await
        .map_err(|_| McpError::List("it is too large or broke off"))?;
    let shown = match media(&head.headers) {
        "text/event-stream" => list.filtered_events(&received, asked.revision, keep)?,
        "application/json" => list.filtered(&received, asked.revision, keep)?,
        // Nothing of an answer of another type is passed on.
        _ if received.is_empty() || !head.status.is_success() => Bytes::new(),
        _ => return Err(McpError::List("it is of another type")),
    };
    forget_representation(&mut head.headers);
    Ok(Response::from_parts(head, full(shown)))
}

fn media(headers: &HeaderMap) -> &str {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}
