//! Finds out what a request asks for. What cannot be classified goes no further.

mod place;

use std::sync::Arc;

use cloister_policy::{Binding, OperationName};
use http::Request;
use http::request::Parts;
use http_body::Body as _;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Arrived, Call, Classified, Next, Outcome, step};
use crate::body::{Body, full};
use crate::directory::Directory;
use crate::end::{End, Target};
use crate::envelope::Envelope;
use crate::error::Cause;
use crate::mcp::{self, McpError};
use crate::operation::{HttpMatch, Operation, Row, Said};
use crate::parts;
use crate::peek::{Watch, is_json, peek, settle};
use crate::push::{self, PushError};
use crate::reply::{Refused, Shape};
use crate::scan::{Scan, ScanError};
use crate::version;
use place::{Found, find};

/// The step; see the module.
pub(crate) struct Classify<S> {
    directory: Arc<Directory>,
    next: S,
}

impl<S> Classify<S> {
    pub(crate) fn layer(directory: Arc<Directory>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { directory: Arc::clone(&directory), next })
    }

    async fn run<E: End>(&self, arrived: Arrived<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let Arrived { end, request } = arrived;
        let classified = match end.target() {
            Target::Agent => classify(&self.directory, Arrived { end, request }).await?,
            Target::Server(server) => {
                let server = server.name().to_owned();
                mcp::classify(end, &server, request).await?
            }
            Target::Webhook(entry) => {
                let entry = Arc::clone(entry);
                push::classify(end, &entry, request).await?
            }
            Target::NoWebhook => return Err(Refused::new(PushError::Unknown, Shape::HttpJson)),
            Target::NoServer => {
                return Err(Refused::new(McpError::NoServer, Shape::Mcp(Arc::default())));
            }
        };
        self.next.proceed(classified).await
    }
}

step!(Classify [E: End] Arrived<E> => Classified<E>);

async fn classify<E: End>(
    directory: &Directory,
    arrived: Arrived<E>,
) -> Result<Classified<E>, Refused> {
    let Arrived { end, request } = arrived;
    let (head, body) = request.into_parts();
    let found = find(directory, &end, &head).await;
    let request = Request::from_parts(head, body);
    let found = match found {
        Ok(found) => found,
        Err(cause) => return Err(Refused::new(cause, Shape::of_refused(request).await)),
    };
    match found {
        Found::Rpc => json_rpc(end, request).await,
        Found::Card(version) => Ok(card(end, request, version)),
        Found::Http(found) => http_json(end, request, found).await,
        Found::Grpc(row) => grpc(end, request, row).await,
    }
}

fn card<E: End>(end: E, request: Request<Body>, version: &'static str) -> Classified<E> {
    let operation = Operation::new(Binding::WellKnown, version, OperationName::Card);
    let shape = Shape::http_json(version);
    let watch = Watch::default();
    Box::new(Call { end, operation, message_bytes: None, shape, watch, request })
}

async fn json_rpc<E: End>(end: E, request: Request<Body>) -> Result<Classified<E>, Refused> {
    if !is_json(request.headers()) {
        return Err(Refused::new(Cause::ContentType, Shape::JsonRpc(None)));
    }
    let (head, body) = request.into_parts();
    let body = peek(body).await.map_err(|cause| Refused::new(cause, Shape::JsonRpc(None)))?;
    let envelope =
        Envelope::parse(&body).map_err(|error| Refused::new(error, Shape::of_envelope(&body)))?;
    let version = envelope.row().map_or("", |row| row.version);
    let shape = Shape::json_rpc(version, envelope.id());
    let operation =
        rpc_operation(&envelope, &head).map_err(|cause| Refused::new(cause, shape.clone()))?;
    let message_bytes = u64::try_from(body.len()).ok();
    // SECURITY: the bytes that were read are the bytes that go on; nothing is encoded again.
    let request = Request::from_parts(head, full(body));
    Ok(Box::new(Call { end, operation, message_bytes, shape, watch: Watch::default(), request }))
}

fn rpc_operation(envelope: &Envelope<'_>, head: &Parts) -> Result<Operation, Cause> {
    let stated = version::stated(&head.headers, head.uri.query())?;
    let row = envelope.row().ok_or(Cause::Operation)?;
    version::check(stated, row.version)?;
    Ok(envelope.operation(row)?)
}

async fn http_json<E: End>(
    end: E,
    request: Request<Body>,
    found: HttpMatch,
) -> Result<Classified<E>, Refused> {
    let row = found.row;
    let shape = Shape::http_json(row.version);
    let refused = |cause: Cause| Refused::new(cause, shape.clone());
    let (head, body) = request.into_parts();
    let said = of_head(&head, found).map_err(refused)?;
    if body.is_end_stream() && !row.sends() {
        let operation = Operation::of_row(row, Binding::HttpJson, said);
        let request = Request::from_parts(head, body);
        let watch = Watch::default();
        return Ok(Box::new(Call {
            end,
            operation,
            message_bytes: Some(0),
            shape,
            watch,
            request,
        }));
    }
    if !is_json(&head.headers) {
        return Err(refused(Cause::ContentType));
    }
    scanned(end, Request::from_parts(head, body), row, Scan::json(row, said), shape).await
}

/// What path, query and version headers of an HTTP+JSON request say.
fn of_head(head: &Parts, found: HttpMatch) -> Result<Said, Cause> {
    let stated = version::stated(&head.headers, head.uri.query())?;
    version::check(stated, found.row.version)?;
    Ok(found.said(head.uri.query()).map_err(ScanError::from)?)
}

async fn grpc<E: End>(
    end: E,
    request: Request<Body>,
    row: &'static Row,
) -> Result<Classified<E>, Refused> {
    let shape = Shape::grpc(row.version);
    let stated = version::stated(request.headers(), request.uri().query());
    stated
        .and_then(|stated| version::check(stated, row.version))
        .map_err(|cause| Refused::new(cause, shape.clone()))?;
    scanned(end, request, row, Scan::protobuf(row), shape).await
}

/// A request whose body is read as far as its ids go.
async fn scanned<E: End>(
    end: E,
    request: Request<Body>,
    row: &'static Row,
    scan: Scan,
    shape: Shape,
) -> Result<Classified<E>, Refused> {
    let binding = scan.binding();
    let (head, body) = request.into_parts();
    let declared = body.size_hint().exact();
    let settled = settle(body, scan).await.map_err(|cause| Refused::new(cause, shape.clone()))?;
    let is_whole = settled.body.size_hint().exact();
    if row.sends() && !settled.said.message && !settled.watch.goes_on() {
        return Err(Refused::new(ScanError::Fields, shape));
    }
    let mut said = settled.said;
    if let Some(whole) = settled.whole.filter(|_| row.sends()) {
        let types = if binding == Binding::Grpc {
            parts::of_grpc(row.version, &whole)
        } else {
            parts::of_http_json(row.version, &whole)
        };
        said.media_types = Some(types.map_err(|error| Refused::new(error, shape.clone()))?);
    }
    Ok(Box::new(Call {
        end,
        operation: Operation::of_row(row, binding, said),
        message_bytes: declared.or(is_whole),
        shape,
        watch: settled.watch,
        request: Request::from_parts(head, settled.body),
    }))
}
