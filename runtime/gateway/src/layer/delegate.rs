//! Passes on what the local agent says that it passes on: a handle, a scope, or both. What it cannot
//! pass on denies the request once it is on record.

use std::sync::Arc;

use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, step};
use crate::delegation::Delegations;
use crate::end::Callee;

/// The step; see the module.
pub(crate) struct Delegate<S> {
    delegations: Arc<Delegations>,
    next: S,
}

impl<S> Delegate<S> {
    pub(crate) fn layer(delegations: Arc<Delegations>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { delegations: Arc::clone(&delegations), next })
    }

    async fn run(&self, mut call: Classified<Callee>) -> Outcome
    where
        S: Next<Classified<Callee>>,
    {
        let passed = self.delegations.passed_on(&call.end.peer, call.request.headers());
        if let Some(passed) = passed.transpose() {
            call.end.pass_on(passed);
        }
        self.next.proceed(call).await
    }
}

step!(Delegate [] Classified<Callee> => Classified<Callee>);
