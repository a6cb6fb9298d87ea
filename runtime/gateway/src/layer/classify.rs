//! Finds out what a request asks for. What cannot be classified goes no further.

use std::sync::Arc;

use cloister_policy::{Binding, OperationName};
use http::request::Parts;
use http::{HeaderMap, Method, Request};
use http_body::Body as _;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Arrived, Classified, Next, Outcome, service};
use crate::body::{Body, full};
use crate::card::{CARD_PATH, Interfaces, Place, is_1_0};
use crate::directory::{Directory, Freshness};
use crate::end::{End, interfaces};
use crate::envelope::Envelope;
use crate::error::Cause;
use crate::operation::{HttpMatch, Operation, V1_0, http};
use crate::path::PlainPath;
use crate::peek::{is_json, peek};
use crate::reply::{Refused, Shape};

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Classify<S> {
    directory: Arc<Directory>,
    next: S,
}

impl<S> Classify<S> {
    pub(crate) fn layer(directory: Arc<Directory>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { directory: Arc::clone(&directory), next })
    }

    async fn run<E: End>(self, arrived: Arrived<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let classified = classify(&self.directory, arrived).await?;
        self.next.proceed(classified).await
    }
}

service!(Classify [E: End] Arrived<E> => Classified<E>);

/// Where a request's operation is to be found.
enum Found {
    /// At the well-known place of the card.
    Card,
    /// In the body.
    Rpc,
    /// In the path.
    Http(HttpMatch),
}

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
        Found::Card => {
            Ok(of_head(end, request, Operation::new(Binding::WellKnown, V1_0, OperationName::Card)))
        }
        Found::Http(found) => http_json(end, request, found),
    }
}

async fn find(directory: &Directory, end: &impl End, head: &Parts) -> Result<Found, Cause> {
    let path = PlainPath::parse(head.uri.path())?;
    if matches!(Shape::of_head(&head.headers), Shape::Grpc) {
        return Err(Cause::Binding);
    }
    // SECURITY: before any card is asked; a card may name such a path.
    if path.is_reserved() {
        return Err(Cause::Operation);
    }
    if path.as_str() == CARD_PATH {
        return if head.method == Method::GET { Ok(Found::Card) } else { Err(Cause::Operation) };
    }
    for freshness in [Freshness::Remembered, Freshness::Renewed] {
        let known = directory.interfaces(&end.callee(), freshness, interfaces(end)).await?;
        if let Some(found) = among(&known, &head.method, &path) {
            return Ok(found);
        }
    }
    Err(Cause::Operation)
}

fn among(known: &Interfaces, method: &Method, path: &PlainPath<'_>) -> Option<Found> {
    known.places(path).into_iter().find_map(|place| match place {
        Place::JsonRpc => (method == Method::POST).then_some(Found::Rpc),
        Place::HttpJson(rest) => http(method, rest).map(Found::Http),
    })
}

async fn json_rpc<E: End>(end: E, request: Request<Body>) -> Result<Classified<E>, Refused> {
    if !is_json(request.headers()) {
        return Err(Refused::new(Cause::ContentType, Shape::JsonRpc(None)));
    }
    let (head, body) = request.into_parts();
    let body = peek(body).await.map_err(|cause| Refused::new(cause, Shape::JsonRpc(None)))?;
    let envelope = Envelope::parse(&body)
        .map_err(|error| Refused::new(error, Shape::JsonRpc(Envelope::id_of(&body))))?;
    let shape = Shape::JsonRpc(envelope.id().map(ToOwned::to_owned));
    let operation = rpc_operation(&envelope, &head.headers, head.uri.query())
        .map_err(|cause| Refused::new(cause, shape.clone()))?;
    let message_bytes = u64::try_from(body.len()).ok();
    // SECURITY: the bytes that were read are the bytes that go on; nothing is encoded again.
    let request = Request::from_parts(head, full(body));
    Ok(Classified { end, operation, message_bytes, shape, request })
}

fn rpc_operation(
    envelope: &Envelope<'_>,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Operation, Cause> {
    let row = envelope.row();
    if let Some(row) = row.filter(|row| row.version != V1_0) {
        return Err(Cause::Version(row.version.to_owned()));
    }
    check_version(headers, query)?;
    let operation = envelope.operation(row.ok_or(Cause::Operation)?)?;
    Ok(operation)
}

fn http_json<E: End>(
    end: E,
    request: Request<Body>,
    found: HttpMatch,
) -> Result<Classified<E>, Refused> {
    check_version(request.headers(), request.uri().query())
        .map_err(|cause| Refused::new(cause, Shape::HttpJson))?;
    let mut operation = Operation::new(Binding::HttpJson, found.row.version, found.row.name);
    operation.tenant = found.tenant;
    operation.task = found.task;
    Ok(of_head(end, request, operation))
}

/// A request whose body was not read.
fn of_head<E: End>(end: E, request: Request<Body>, operation: Operation) -> Classified<E> {
    let message_bytes = request.body().size_hint().exact();
    Classified { end, operation, message_bytes, shape: Shape::HttpJson, request }
}

/// Refuses a request that asks for another version of the protocol. One that asks for none is of
/// the version that its method or path has; the agent judges whether it is content with that.
///
/// SPEC: A2A 1.0.1 section 3.6.1.
fn check_version(headers: &HeaderMap, query: Option<&str>) -> Result<(), Cause> {
    let in_headers =
        headers.get_all("a2a-version").iter().map(|value| value.to_str().unwrap_or("?"));
    let parameters = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let in_query = parameters.filter(|(name, _)| name.eq_ignore_ascii_case("a2a-version"));
    let mut asked = in_headers.chain(in_query.map(|(_, value)| value)).map(str::trim);
    let other = asked.find(|version| !version.is_empty() && !is_1_0(version));
    other.map_or(Ok(()), |version| Err(Cause::Version(shortened(version))))
}

/// Enough of what a caller sent to recognise it by.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(16).collect()
}
