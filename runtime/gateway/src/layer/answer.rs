//! Outermost: makes a response out of every refusal, and counts.

use core::convert::Infallible;
use core::task::{Context, Poll};
use std::sync::Arc;

use cloister_attestation::code::{Diagnostic, Fault};
use http::Response;
use tower::layer::layer_fn;
use tower::{Layer, Service};

use super::Next;
use crate::body::Body;
use crate::dialer::BoxFuture;
use crate::error::Cause;
use crate::metrics::Metrics;
use crate::reply::Audience;

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Answer<S> {
    audience: Audience,
    metrics: Arc<Metrics>,
    next: S,
}

impl<S> Answer<S> {
    pub(crate) fn layer(
        audience: Audience,
        metrics: Arc<Metrics>,
    ) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { audience, metrics: Arc::clone(&metrics), next })
    }
}

impl<T: Send + 'static, S: Next<T>> Service<T> for Answer<S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let Self { audience, metrics, next } = self.clone();
        Box::pin(async move {
            let refused = match next.proceed(target).await {
                Ok(response) => {
                    metrics.carried();
                    return Ok(response);
                }
                Err(refused) => refused,
            };
            metrics.not_carried(&refused.cause);
            record(audience, &refused.cause);
            Ok(refused.response(audience))
        })
    }
}

/// What a caller got wrong is its own affair; what somebody here may have to mend is shown.
fn record(audience: Audience, cause: &Cause) {
    let code = cause.code();
    if code.fault == Fault::Caller {
        tracing::debug!(code = code.id, ?audience, "not carried: {cause}");
    } else {
        tracing::info!(code = code.id, ?audience, "not carried: {cause}");
    }
}
