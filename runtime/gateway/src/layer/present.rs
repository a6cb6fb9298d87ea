//! Shows the local agent a peer's card whose URLs lead through the gateway.

use std::sync::Arc;

use bytes::Bytes;
use cloister_attestation::bytes::Digest48;
use cloister_policy::{Binding, OperationName};
use http::header::{ETAG, HeaderValue};
use http::{Response, response};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, service};
use crate::body::{Body, full};
use crate::card::{CardError, Front, rewritten};
use crate::doors::Doors;
use crate::end::{Callee, card_bytes};
use crate::headers::{forget_representation, plain_and_whole};
use crate::object::{Object, ObjectError};
use crate::operation::Operation;
use crate::reply::Refused;

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Present<S> {
    doors: Option<Arc<dyn Doors>>,
    next: S,
}

impl<S> Present<S> {
    pub(crate) fn layer(doors: Option<Arc<dyn Doors>>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { doors: doors.clone(), next })
    }

    /// Where gRPC calls reach the agent.
    async fn grpc(&self, end: &Callee) -> Option<String> {
        if end.own_place.is_some() {
            return end.own_place.clone();
        }
        let door = self.doors.as_ref()?.open(&end.agent).await?;
        Some(door.to_string())
    }

    async fn run(self, mut call: Classified<Callee>) -> Outcome
    where
        S: Next<Classified<Callee>>,
    {
        let Some(place) = place_of_card(&call.operation) else {
            return self.next.proceed(call).await;
        };
        plain_and_whole(call.request.headers_mut());
        let front = Front { base: call.end.base.clone(), grpc: self.grpc(&call.end).await };
        let shape = call.shape.clone();
        let response = self.next.proceed(call).await?;
        if !response.status().is_success() {
            return Ok(response);
        }
        presented(response, place, &front).await.map_err(|error| Refused::new(error, shape))
    }
}

service!(Present [] Classified<Callee> => Classified<Callee>);

/// Where in an answer the card is.
#[derive(Clone, Copy)]
enum Place {
    /// It is the body.
    Body,
    /// It is the result of a JSON-RPC response.
    Result,
}

const fn place_of_card(operation: &Operation) -> Option<Place> {
    match (operation.name, operation.binding) {
        (OperationName::ExtendedCard, Binding::JsonRpc) => Some(Place::Result),
        (OperationName::Card | OperationName::ExtendedCard, _) => Some(Place::Body),
        _ => None,
    }
}

async fn presented(
    response: Response<Body>,
    place: Place,
    front: &Front,
) -> Result<Response<Body>, CardError> {
    let mut head = Response::new(());
    *head.status_mut() = response.status();
    *head.headers_mut() = response.headers().clone();
    let received = card_bytes(response).await?;
    let card = match place {
        Place::Body => {
            Bytes::from(Box::<str>::from(rewritten(&received, front)?).into_boxed_bytes())
        }
        Place::Result => with_result(&received, front)?,
    };
    let (head, ()) = head.into_parts();
    Ok(with_body(head, card))
}

/// A JSON-RPC response with the card in it replaced. One without a result is an error, and passes.
fn with_result(received: &Bytes, front: &Front) -> Result<Bytes, CardError> {
    let mut answer = Object::parse(received)?;
    let Some(card) = answer.get("result") else { return Ok(received.clone()) };
    let card = rewritten(card.get().as_bytes(), front)?;
    answer.replace("result", card);
    let answer = answer.to_raw().map_err(|_| CardError::Object(ObjectError::NotJson))?;
    Ok(Bytes::from(Box::<str>::from(answer).into_boxed_bytes()))
}

fn with_body(mut head: response::Parts, card: Bytes) -> Response<Body> {
    forget_representation(&mut head.headers);
    let digest = Digest48::sha384(&card).to_string();
    let tag = digest.get(..32).unwrap_or(&digest);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        head.headers.insert(ETAG, tag);
    }
    Response::from_parts(head, full(card))
}
