//! Finds out whom a peer's request is made for: believes a chain of delegations, or objects, which
//! denies the request once it is on record.

use std::sync::Arc;

use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, step};
use crate::delegation::{Delegations, acting_for};
use crate::end::{Caller, Party};

/// The step; see the module.
pub(crate) struct Attribute<S> {
    delegations: Arc<Delegations>,
    next: S,
}

impl<S> Attribute<S> {
    pub(crate) fn layer(delegations: Arc<Delegations>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { delegations: Arc::clone(&delegations), next })
    }

    async fn run(&self, mut call: Classified<Caller>) -> Outcome
    where
        S: Next<Classified<Caller>>,
    {
        // Of a visitor nothing is attested: what it presents is a look-alike, and is stripped.
        if let Party::Attested(peer) = &call.end.peer {
            let presented = self.delegations.presented(peer, call.request.headers());
            match presented {
                Ok(None) => {}
                Ok(Some(accepted)) => {
                    let acting = acting_for(peer, &accepted.acting);
                    call.end.peer = Party::Attested(Arc::new(acting));
                    call.end.delegation = Some(Ok(accepted));
                }
                Err(error) => call.end.delegation = Some(Err(error)),
            }
        }
        self.next.proceed(call).await
    }
}

step!(Attribute [] Classified<Caller> => Classified<Caller>);
