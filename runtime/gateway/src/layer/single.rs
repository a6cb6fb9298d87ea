//! Every request is for the one agent that the port is for.

use tower::Layer;
use tower::layer::layer_fn;

use super::route::Routed;
use super::surface::{Local, agent_of};
use super::{Next, Outcome, step};
use crate::error::Cause;
use crate::reply::{Refused, Shape};
use cloister_channel::AgentName;

/// The step; see the module.
pub(crate) struct Single<S> {
    agent: AgentName,
    next: S,
}

impl<S> Single<S> {
    pub(crate) fn layer(agent: AgentName) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { agent: agent.clone(), next })
    }

    async fn run(&self, local: Local) -> Outcome
    where
        S: Next<Routed>,
    {
        let Local { authority, request } = local;
        if agent_of(&authority).is_some_and(|agent| agent != self.agent) {
            return Err(Refused::new(Cause::Host, Shape::of_head(request.headers())));
        }
        self.next.proceed(Routed::at_own_place(self.agent.clone(), &authority, request)).await
    }
}

step!(Single [] Local => Routed);
