//! Where a request's operation is to be found: by its path, its content type and the agent's card.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Version};

use crate::card::{CARD_PATH, EARLIER_CARD_PATH, Interfaces};
use crate::directory::{Directory, Freshness};
use crate::end::{End, interfaces};
use crate::error::Cause;
use crate::operation::{HttpMatch, Row, V0_3, V1_0, grpc, http, is_grpc_path};
use crate::path::PlainPath;
use crate::peek::is_encoded;
use crate::reply::Shape;
use crate::version::stated;

/// Where a request's operation is to be found.
pub(super) enum Found {
    /// At the well-known place of the card, of this version.
    Card(&'static str),
    /// In the body.
    Rpc,
    /// In the path.
    Http(HttpMatch),
    /// In the path, which is the same for every agent.
    Grpc(&'static Row),
}

pub(super) async fn find(
    directory: &Directory,
    end: &impl End,
    head: &Parts,
) -> Result<Found, Cause> {
    let path = PlainPath::parse(head.uri.path())?;
    // SECURITY: before any card is asked; a card may name such a path.
    if path.is_reserved() {
        return Err(Cause::Operation);
    }
    // SECURITY: gRPC is told by its content type and its path, and both have to say so.
    let is_grpc = Shape::is_grpc(&head.headers);
    let row = if is_grpc { Some(grpc_row(head, &path)?) } else { None };
    let well_known = match path.as_str() {
        CARD_PATH => Some(V1_0),
        EARLIER_CARD_PATH => Some(V0_3),
        _ => None,
    };
    if let Some(version) = well_known.filter(|_| !is_grpc) {
        let is_get = matches!(head.method, Method::GET | Method::HEAD);
        return if is_get { Ok(Found::Card(version)) } else { Err(Cause::Operation) };
    }
    for freshness in [Freshness::Remembered, Freshness::Renewed] {
        let known = directory.interfaces(&end.callee(), freshness, interfaces(end)).await?;
        let found = match row {
            Some(row) => known.has_grpc(row.version).then_some(Found::Grpc(row)),
            None => among(&known, head, &path),
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(Cause::Operation)
}

/// The row of a request that says that it is gRPC.
fn grpc_row(head: &Parts, path: &PlainPath<'_>) -> Result<&'static Row, Cause> {
    if head.version < Version::HTTP_2 {
        return Err(Cause::Binding);
    }
    if !is_protobuf(&head.headers) {
        return Err(Cause::ContentType);
    }
    let row = grpc(path.as_str()).filter(|_| head.method == Method::POST);
    row.ok_or(Cause::Operation)
}

/// SPEC: gRPC over HTTP/2, Content-Type. Other message formats than protobuf are not read, and
/// gRPC-Web has its trailers elsewhere.
fn is_protobuf(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let named = ["application/grpc", "application/grpc+proto"];
    named.iter().any(|name| only.as_bytes().eq_ignore_ascii_case(name.as_bytes()))
        && !is_encoded(headers)
}

fn among(known: &Interfaces, head: &Parts, path: &PlainPath<'_>) -> Option<Found> {
    if is_grpc_path(path.as_str()) {
        return None;
    }
    if head.method == Method::POST && known.is_json_rpc(path) {
        return Some(Found::Rpc);
    }
    let beneath = known.http_json(path).into_iter();
    let readings = beneath.filter_map(|at| http(&head.method, at.rest, at.version));
    one_of(readings.collect(), stated(&head.headers, head.uri.query()).ok().flatten())
        .map(Found::Http)
}

/// The one meaning of a path that is beneath several interfaces. Where they are of two versions,
/// that counts which the request says, or the earlier one, as for a request that says none.
fn one_of(readings: Vec<HttpMatch>, stated: Option<&str>) -> Option<HttpMatch> {
    let first = readings.first()?;
    if !readings.iter().all(|reading| reading.agrees(first)) {
        return None;
    }
    let wanted = stated.unwrap_or(V0_3);
    let fitting = readings.iter().position(|reading| reading.row.version == wanted);
    readings.into_iter().nth(fitting.unwrap_or(0))
}
