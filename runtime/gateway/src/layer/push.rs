//! Replaces push notification configurations on their way, and shows them as they were given.

use std::sync::Arc;

use cloister_policy::OperationName;
use http::Response;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Call, Classified, Next, Outcome, step};
use crate::body::{Body, Whole, empty, full};
use crate::error::Cause;
use crate::headers::{forget_representation, plain_and_whole, uncompressed};
use crate::limits::PUSH_BODY_BYTES_MAX;
use crate::ownership::watched;
use crate::peek::{CollectError, collect, is_encoded};
use crate::push::{Asked, Brokered, Passage, PushError, Pushes};
use crate::reply::Refused;

/// The step; see the module.
pub(crate) struct Push<S> {
    pushes: Arc<Pushes>,
    next: S,
}

impl<S> Push<S> {
    pub(crate) fn layer(pushes: Arc<Pushes>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { pushes: Arc::clone(&pushes), next })
    }

    async fn run<E: Brokered>(&self, call: Classified<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let name = call.operation.name;
        let sends = call.operation.carries_push_config;
        let shows = matches!(
            name,
            OperationName::PushCreate | OperationName::PushGet | OperationName::PushList
        );
        if !sends && !shows && name != OperationName::PushDelete {
            return self.next.proceed(call).await;
        }
        let passage = Passage::of(&self.pushes, &call);
        if sends {
            return self.sent(call, &passage).await;
        }
        if shows {
            return self.shown(call, &passage).await;
        }
        passage.forget::<E>();
        self.next.proceed(call).await
    }

    /// A message that brings a configuration.
    async fn sent<E: Brokered>(&self, mut call: Classified<E>, passage: &Passage) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let asked = replaced(&mut call, passage).await;
        let asked = asked.map_err(|cause| Refused::new(cause, call.shape.clone()))?;
        uncompressed(call.request.headers_mut());
        let response = self.next.proceed(call).await?;
        // Which task the message made, the answer says; without one there is no configuration.
        Ok(watched(response, &passage.operation, asked))
    }

    /// A question about configurations, or a new one, which the answer shows.
    async fn shown<E: Brokered>(&self, mut call: Classified<E>, passage: &Passage) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let shape = call.shape.clone();
        let refuse = |cause: Cause| Refused::new(cause, shape.clone());
        // Kept until it is known whether the answer shows it.
        let asked = if passage.operation.name == OperationName::PushCreate {
            Some(replaced(&mut call, passage).await.map_err(refuse)?)
        } else {
            None
        };
        plain_and_whole(call.request.headers_mut());
        uncompressed(call.request.headers_mut());
        let response = self.next.proceed(call).await?;
        if !response.status().is_success() {
            return Ok(response);
        }
        let shown = rewritten::<E>(response, passage).await.map_err(|error| refuse(error.into()));
        drop(asked);
        shown
    }
}

step!(Push [E: Brokered] Classified<E> => Classified<E>);

/// Puts what the other side is given into the place of the request's configuration.
async fn replaced<E: Brokered>(
    call: &mut Call<E>,
    passage: &Passage,
) -> Result<Asked<E::Kept>, Cause> {
    let body = core::mem::replace(call.request.body_mut(), empty());
    let body = collect(body, PUSH_BODY_BYTES_MAX).await.map_err(|error| match error {
        CollectError::TooLarge => PushError::Config("comes in too large a message").into(),
        CollectError::Stalled => call.watch.broke().map_or(Cause::Stalled, Cause::Body),
    })?;
    let (body, asked) = passage.request::<E>(&body)?;
    call.message_bytes = u64::try_from(body.len()).ok();
    *call.request.body_mut() = full(body);
    forget_representation(call.request.headers_mut());
    Ok(asked)
}

/// An answer with every configuration as it was given.
async fn rewritten<E: Brokered>(
    response: Response<Body>,
    passage: &Passage,
) -> Result<Response<Body>, PushError> {
    if is_encoded(response.headers()) {
        return Err(PushError::Answer("is compressed"));
    }
    let (mut head, body) = response.into_parts();
    let whole = Whole::of(body, PUSH_BODY_BYTES_MAX).await;
    let mut whole = whole.map_err(|_| PushError::Answer("is too large, or broke off"))?;
    // An error in gRPC has no message.
    if !whole.bytes.is_empty() {
        whole.bytes = passage.answer::<E>(&whole.bytes)?;
    }
    forget_representation(&mut head.headers);
    Ok(Response::from_parts(head, whole.into()))
}
