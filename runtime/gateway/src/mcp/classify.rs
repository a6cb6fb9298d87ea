//! From a request at an MCP endpoint to the operation that it asks for.
//!
//! SECURITY: the body decides. Headers are compared with it and never believed instead of it, so
//! that whoever decides over them further on sees the same request.

use std::sync::Arc;

use cloister_policy::{Binding, OperationName};
use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, Method, Request};

use super::asked::{Asked, Thing, watched};
use super::error::McpError;
use super::message::{Kind, Message};
use super::method::{self, Row};
use super::mirror::{self, LAST_EVENT, PROTOCOL_VERSION, SESSION, single};
use super::revision::{Era, Revision};
use crate::body::{Body, empty, full};
use crate::end::End;
use crate::envelope::{Envelope, object, text};
use crate::error::Cause;
use crate::layer::{Call, Classified};
use crate::limits::SESSION_ID_BYTES_MAX;
use crate::object::Object;
use crate::operation::Operation;
use crate::peek::{Watch, is_json, peek};
use crate::reply::{Refused, Shape};

/// The members of `_meta` that a request of the modern era has to have.
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Finds out what a request at the endpoint of `server` asks for.
pub(crate) async fn classify<E: End>(
    end: E,
    server: &str,
    request: Request<Body>,
) -> Result<Classified<E>, Refused> {
    let (mut head, body) = request.into_parts();
    // The surface has judged it already; a server on loopback would take it for a browser's.
    head.headers.remove(ORIGIN);
    let refused = |cause: McpError| Refused::new(cause, Shape::Mcp(Arc::default()));
    if head.uri.query().is_some() {
        return Err(refused(McpError::NoServer));
    }
    match head.method {
        Method::POST => posted(end, server, head, body).await,
        Method::GET => bare(end, server, head, OperationName::Listen).map_err(refused),
        Method::DELETE => bare(end, server, head, OperationName::EndSession).map_err(refused),
        _ => Err(refused(McpError::Verb)),
    }
}

/// A request without a body: a session's stream, or its end.
fn bare<E: End>(
    end: E,
    server: &str,
    mut head: Parts,
    name: OperationName,
) -> Result<Classified<E>, McpError> {
    let revision = named_revision(&head.headers)?.unwrap_or(Revision::UNNAMED);
    if revision.era() == Era::Modern {
        return Err(McpError::Verb);
    }
    let mut asked = Asked { revision, session: session(&head.headers)?, ..Asked::default() };
    if name == OperationName::Listen {
        asked.event = single(&head.headers, LAST_EVENT)?.map(str::to_owned);
    } else {
        head.headers.remove(LAST_EVENT);
    }
    let operation = operation(server, name, &asked);
    let request = Request::from_parts(head, empty());
    Ok(Box::new(Call {
        end,
        operation,
        message_bytes: Some(0),
        shape: Shape::Mcp(Arc::new(asked)),
        watch: Watch::default(),
        request,
    }))
}

async fn posted<E: End>(
    end: E,
    server: &str,
    mut head: Parts,
    body: Body,
) -> Result<Classified<E>, Refused> {
    let unread = |cause: Cause| Refused::new(cause, Shape::Mcp(Arc::default()));
    if !is_json(&head.headers) {
        return Err(unread(Cause::ContentType));
    }
    let body = peek(body).await.map_err(unread)?;
    let refused = |cause: Cause, revision: Option<Revision>| {
        let revision = revision.unwrap_or_default();
        let asked = Asked { id: Envelope::id_of(&body), revision, ..Asked::default() };
        Refused::new(cause, Shape::Mcp(Arc::new(asked)))
    };
    let (name, mut asked) =
        read(&head.headers, &body).map_err(|(cause, revision)| refused(cause, revision))?;
    let revision = asked.revision;
    // A stream is resumed by GET; and without sessions neither header means anything.
    head.headers.remove(LAST_EVENT);
    if revision.era() == Era::Modern {
        head.headers.remove(SESSION);
    } else {
        asked.session =
            session(&head.headers).map_err(|error| refused(error.into(), Some(revision)))?;
    }
    let operation = operation(server, name, &asked);
    let message_bytes = u64::try_from(body.len()).ok();
    // SECURITY: the bytes that were read are the bytes that go on; nothing is encoded again.
    let request = Request::from_parts(head, full(body.clone()));
    let (shape, watch) = (Shape::Mcp(Arc::new(asked)), Watch::default());
    Ok(Box::new(Call { end, operation, message_bytes, shape, watch, request }))
}

/// What the message in a body asks for; a refusal says of which revision, where that is known.
fn read(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(OperationName, Asked), (Cause, Option<Revision>)> {
    let message = Message::parse(body).map_err(|error| (error.into(), None))?;
    let revision = revision(&message, headers).map_err(|cause| (cause, None))?;
    understood(&message, revision, headers).map_err(|cause| (cause, Some(revision)))
}

/// The operation that a POST asks a tool server for; `None` if it is refused.
pub(crate) fn operation_of(server: &str, headers: &HeaderMap, body: &[u8]) -> Option<Operation> {
    let (name, asked) = read(headers, body).ok()?;
    Some(operation(server, name, &asked))
}

/// The revision that a message is of. Header and body have to agree on it.
fn revision(message: &Message<'_>, headers: &HeaderMap) -> Result<Revision, Cause> {
    let said = single(headers, PROTOCOL_VERSION)?;
    let meant = match message.kind {
        Kind::Request { .. } | Kind::Notification { .. } => meta_version(message)?,
        Kind::Response => None,
    };
    if meant.is_some() && meant.as_deref() != said {
        return Err(McpError::HeaderMismatch(PROTOCOL_VERSION).into());
    }
    let named = named_revision(headers)?.unwrap_or(Revision::UNNAMED);
    let is_request = matches!(message.kind, Kind::Request { .. });
    if named.era() == Era::Modern && is_request && meant.is_none() {
        return Err(McpError::Metadata(META_VERSION).into());
    }
    Ok(named)
}

fn named_revision(headers: &HeaderMap) -> Result<Option<Revision>, McpError> {
    let Some(named) = single(headers, PROTOCOL_VERSION)? else { return Ok(None) };
    let unknown = || McpError::Version(named.chars().take(16).collect());
    Revision::named(named).map(Some).ok_or_else(unknown)
}

fn meta_version(message: &Message<'_>) -> Result<Option<String>, Cause> {
    let Some(params) = message.params()? else { return Ok(None) };
    let Some(meta) = params.get("_meta") else { return Ok(None) };
    Ok(text(&object(meta)?, META_VERSION)?)
}

/// Which operation a message is, and what it is about.
fn understood(
    message: &Message<'_>,
    revision: Revision,
    headers: &HeaderMap,
) -> Result<(OperationName, Asked), Cause> {
    let (row, required) = match &message.kind {
        Kind::Request { method, .. } => {
            (method::request(method, revision), revision.era() == Era::Modern)
        }
        Kind::Notification { method } => (method::notification(method, revision), false),
        Kind::Response => return answer(revision, headers),
    };
    let row = row.ok_or(McpError::Method(revision))?;
    mirror::check_method(headers, row.method, required)?;
    let params = message.params()?;
    let mut asked = Asked {
        id: message.id().map(ToOwned::to_owned),
        revision,
        thing: Thing::of(row.about, params.as_ref())?,
        ..Asked::default()
    };
    mirror::check_name(headers, mirrored(row, &asked.thing), required && row.needs_name())?;
    mirror::check_params(headers)?;
    if let Some(params) = &params {
        asked.brings_input = params.has("inputResponses");
        asked.watched = watched(params)?;
        if required && row.name == OperationName::ToolsCall {
            let member = |name| params.get(name).map(ToOwned::to_owned);
            (asked.arguments, asked.meta) = (member("arguments"), member("_meta"));
        }
    }
    if required {
        check_capabilities(params.as_ref())?;
    }
    Ok((row.name, asked))
}

/// What `Mcp-Name` may say of a request: nothing of what `ref` names.
fn mirrored<'t>(row: &Row, thing: &'t Thing) -> Option<&'t str> {
    if row.name == OperationName::Complete { None } else { thing.name() }
}

fn answer(revision: Revision, headers: &HeaderMap) -> Result<(OperationName, Asked), Cause> {
    if revision.era() == Era::Modern {
        return Err(McpError::Response(revision).into());
    }
    // An answer has no method that these could mirror.
    if headers.contains_key(mirror::METHOD) || headers.contains_key(mirror::NAME) {
        return Err(McpError::HeaderMismatch(mirror::METHOD).into());
    }
    Ok((OperationName::Respond, Asked { revision, ..Asked::default() }))
}

fn check_capabilities(params: Option<&Object<'_>>) -> Result<(), Cause> {
    let missing = || Cause::from(McpError::Metadata(META_CAPABILITIES));
    let meta = params.and_then(|params| params.get("_meta")).ok_or_else(missing)?;
    let meta = object(meta)?;
    let stated = meta.get(META_CAPABILITIES).is_some_and(|value| value.get().starts_with('{'));
    if stated { Ok(()) } else { Err(missing()) }
}

/// The session that a request says it belongs to.
fn session(headers: &HeaderMap) -> Result<Option<String>, McpError> {
    let session = single(headers, SESSION)?;
    match session.filter(|id| !is_session_id(id)) {
        Some(_) => Err(McpError::Session),
        None => Ok(session.map(str::to_owned)),
    }
}

/// SPEC: MCP 2025-11-25, basic/transports, "Session Management": visible ASCII.
pub(crate) fn is_session_id(id: &str) -> bool {
    (1..=SESSION_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn operation(server: &str, name: OperationName, asked: &Asked) -> Operation {
    let mut operation = Operation::new(Binding::StreamableHttp, asked.revision.as_str(), name);
    operation.streaming = name == OperationName::Listen;
    operation.server = Some(server.to_owned());
    match &asked.thing {
        Thing::Nothing => {}
        Thing::Tool(name) | Thing::Prompt(name) => operation.tool = Some(name.clone()),
        Thing::Resource(uri) => operation.resource = Some(uri.clone()),
        Thing::Task(id) => operation.task = Some(id.clone()),
    }
    operation
}
