//! Shows an agent's card to whoever asks for it: verified, with its URLs leading through the
//! gateway, and signed by this runtime.

use std::sync::Arc;

use cloister_policy::{Binding, OperationName};
use http::header::CONTENT_LENGTH;
use http::{Method, Response};
use tokio::time::timeout;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, Pending};
use crate::body::{Body, Whole};
use crate::card::{Asked, CardError, Plan, Planner, Shown};
use crate::end::{End, card_bytes};
use crate::frame;
use crate::headers::plain_and_whole;
use crate::limits::{CARD_BYTES_MAX, CARD_FETCH_MAX};
use crate::object::{Object, ObjectError};
use crate::operation::Operation;
use crate::reply::Refused;

/// The step; see the module.
pub(crate) struct Present<E, S> {
    planner: Arc<dyn Planner<E>>,
    next: S,
}

impl<E: End, S> Present<E, S> {
    pub(crate) fn layer(planner: Arc<dyn Planner<E>>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { planner: Arc::clone(&planner), next })
    }

    async fn run(&self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let Some(place) = place_of_card(&call.operation) else {
            return self.next.proceed(call).await;
        };
        let plan = self.planner.plan(&call.end).await;
        let asked = Asked::of(call.request.method(), call.request.headers());
        plain_and_whole(call.request.headers_mut());
        call.request.headers_mut().remove("grpc-accept-encoding");
        if call.request.method() == Method::HEAD {
            // What a card will be like is known only when it was made.
            *call.request.method_mut() = Method::GET;
        }
        let shape = call.shape.clone();
        let response = self.next.proceed(call).await?;
        if !response.status().is_success() {
            return Ok(response);
        }
        let shown = match place {
            Place::Message(version) => grpc(response, version, &plan).await,
            Place::Body | Place::Result => presented(response, place, &plan, &asked).await,
        };
        shown.map_err(|error| Refused::new(error, shape))
    }
}

impl<E: End, S: Next<Classified<E>>> Next<Classified<E>> for Present<E, S> {
    fn proceed(&self, call: Classified<E>) -> Pending<'_> {
        Box::pin(self.run(call))
    }
}

/// Where in an answer the card is.
#[derive(Clone, Copy)]
enum Place {
    /// It is the body.
    Body,
    /// It is the result of a JSON-RPC response.
    Result,
    /// It is the one message of a gRPC response, in this version.
    Message(&'static str),
}

fn place_of_card(operation: &Operation) -> Option<Place> {
    match (operation.name, operation.binding) {
        (OperationName::ExtendedCard, Binding::JsonRpc) => Some(Place::Result),
        (OperationName::ExtendedCard, Binding::Grpc) => Some(Place::Message(operation.version)),
        (OperationName::Card | OperationName::ExtendedCard, _) => Some(Place::Body),
        _ => None,
    }
}

async fn presented(
    response: Response<Body>,
    place: Place,
    plan: &Plan,
    asked: &Asked,
) -> Result<Response<Body>, CardError> {
    let headers = response.headers().clone();
    let received = card_bytes(response).await?;
    let (body, tag) = match place {
        Place::Body => {
            let Shown { card, tag } = plan.show(&received)?;
            (Box::<str>::from(card).into_string(), tag)
        }
        Place::Result | Place::Message(_) => (with_result(&received, plan)?, String::new()),
    };
    Ok(asked.answer(&headers, body, &tag, plan.remaining()))
}

/// A gRPC response with the card in its message replaced. One without a message is an error, and
/// passes.
///
/// SPEC: gRPC over HTTP/2, Length-Prefixed-Message.
async fn grpc(
    response: Response<Body>,
    version: &'static str,
    plan: &Plan,
) -> Result<Response<Body>, CardError> {
    let (mut head, body) = response.into_parts();
    let mut whole = timeout(CARD_FETCH_MAX, Whole::of(body, CARD_BYTES_MAX))
        .await
        .map_err(|_| CardError::Late)?
        .map_err(|_| CardError::Broken)?;
    if !whole.bytes.is_empty() {
        // Compressed although that was not asked for, or more than one message.
        let card = frame::message(&whole.bytes).ok_or(CardError::Encoded)?;
        let card = plan.show_protobuf(card, version)?;
        whole.bytes = frame::framed(&card).ok_or(CardError::TooLarge)?;
    }
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(head, whole.into()))
}

/// A JSON-RPC response with the card in it replaced. One without a result is an error, and passes.
fn with_result(received: &[u8], plan: &Plan) -> Result<String, CardError> {
    let mut answer = Object::parse(received)?;
    if let Some(card) = answer.get("result") {
        let Shown { card, .. } = plan.show(card.get().as_bytes())?;
        answer.replace("result", card);
    }
    let answer = answer.to_raw().map_err(|_| CardError::Object(ObjectError::NotJson))?;
    Ok(Box::<str>::from(answer).into_string())
}
