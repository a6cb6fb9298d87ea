//! Tells the local agent who calls, in headers that only a runtime can have written.

use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, step};
use crate::delegation::DELEGATION;
use crate::end::{Caller, End as _};
use crate::headers::{for_agent, vouch};

/// The step; see the module.
pub(crate) struct Identify<S> {
    next: S,
}

impl<S> Identify<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> {
        layer_fn(|next| Self { next })
    }

    async fn run(&self, mut call: Classified<Caller>) -> Outcome
    where
        S: Next<Classified<Caller>>,
    {
        let headers = call.request.headers_mut();
        // SECURITY: look-alikes go before the real ones come.
        for_agent(headers);
        vouch(headers, call.end.peer());
        if let Some(Ok(accepted)) = &call.end.delegation {
            headers.insert(DELEGATION, accepted.handle.clone());
        }
        self.next.proceed(call).await
    }
}

step!(Identify [] Classified<Caller> => Classified<Caller>);
