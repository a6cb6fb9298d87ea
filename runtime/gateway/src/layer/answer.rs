//! Outermost: makes a response out of every refusal, and counts.

use std::sync::Arc;

use cloister_attestation::code::{Diagnostic, Fault};
use http::Response;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Next, Path};
use crate::body::Body;
use crate::dialer::BoxFuture;
use crate::error::Cause;
use crate::metrics::Metrics;
use crate::reply::Audience;

/// The step; see the module.
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

impl<T: Send + 'static, S: Next<T>> Path<T> for Answer<S> {
    fn answer(&self, target: T) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move {
            match self.next.proceed(target).await {
                Ok(response) => {
                    self.metrics.carried();
                    response
                }
                Err(refused) => {
                    self.metrics.not_carried(&refused.cause);
                    record(self.audience, &refused.cause);
                    refused.response(self.audience)
                }
            }
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
