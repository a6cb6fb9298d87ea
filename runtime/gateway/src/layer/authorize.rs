//! Asks the policy whether this peer and this agent may do this.

use std::sync::Arc;

use cloister_policy::{Action, Decision, LocalAgent, PolicyBundle, Request, VisitorRequest};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, Permitted, service};
use crate::end::{End, Party};
use crate::error::Cause;
use crate::headers::extensions;
use crate::reply::Refused;

/// Who asks, and what decides.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) local: LocalAgent,
    pub(crate) policy: Arc<PolicyBundle>,
}

impl Gate {
    fn decide<E: End>(&self, call: &Classified<E>) -> Decision {
        let local = &self.local;
        let action = Action::Operation(call.operation.facts(call.message_bytes));
        match call.end.peer() {
            Party::Attested(peer) => {
                self.policy.decide(&Request { direction: E::DIRECTION, peer, local, action })
            }
            Party::Visitor => self.policy.decide_visitor(&VisitorRequest { local, action }),
        }
    }
}

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Authorize<S> {
    gate: Arc<Gate>,
    next: S,
}

impl<S> Authorize<S> {
    pub(crate) fn layer(gate: Arc<Gate>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { gate: Arc::clone(&gate), next })
    }

    async fn run<E: End>(self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Permitted<E>>,
    {
        call.operation.extensions = extensions(call.request.headers());
        let decision = self.gate.decide(&call);
        let (peer, instance) = match call.end.peer() {
            Party::Attested(peer) => (peer.agent.as_str(), peer.instance.as_str()),
            Party::Visitor => ("visitor", ""),
        };
        tracing::debug!(
            direction = E::DIRECTION.as_str(),
            peer,
            instance,
            operation = call.operation.name.as_str(),
            binding = call.operation.binding.as_str(),
            %decision,
            "decided"
        );
        if !decision.allows() {
            let cause = Cause::Denied { operation: call.operation.name, decision };
            return Err(Refused::new(cause, call.shape));
        }
        let limited = decision.limited().to_vec();
        self.next.proceed(Permitted { call, limited }).await
    }
}

service!(Authorize [E: End] Classified<E> => Permitted<E>);
