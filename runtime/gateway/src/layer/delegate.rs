//! Passes on what the local agent says that it passes on: a handle, a scope, or both.

use std::sync::Arc;

use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, service};
use crate::delegation::Delegations;
use crate::end::Callee;
use crate::reply::Refused;

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Delegate<S> {
    delegations: Arc<Delegations>,
    next: S,
}

impl<S> Delegate<S> {
    pub(crate) fn layer(delegations: Arc<Delegations>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { delegations: Arc::clone(&delegations), next })
    }

    async fn run(self, mut call: Classified<Callee>) -> Outcome
    where
        S: Next<Classified<Callee>>,
    {
        match self.delegations.passed_on(&call.end.peer, call.request.headers()) {
            Ok(None) => {}
            Ok(Some(passed)) => call.end.pass_on(passed),
            Err(error) => return Err(Refused::new(error, call.shape)),
        }
        self.next.proceed(call).await
    }
}

service!(Delegate [] Classified<Callee> => Classified<Callee>);
