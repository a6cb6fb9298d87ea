//! Finds, or opens, the attested channel to the agent that a request is for.

use std::sync::Arc;

use tower::Layer;
use tower::layer::layer_fn;

use super::route::Routed;
use super::{Arrived, Next, Outcome, service};
use crate::dialer::Dialer;
use crate::end::Callee;
use crate::reply::{Refused, Shape};

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Dial<S> {
    dialer: Arc<dyn Dialer>,
    next: S,
}

impl<S> Dial<S> {
    pub(crate) fn layer(dialer: Arc<dyn Dialer>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { dialer: Arc::clone(&dialer), next })
    }

    async fn run(self, routed: Routed) -> Outcome
    where
        S: Next<Arrived<Callee>>,
    {
        let Routed { agent, base, own_place, request } = routed;
        match self.dialer.dial(&agent).await {
            Ok(channel) => {
                let end = Callee { agent, peer: channel.peer(), channel, base, own_place };
                self.next.proceed(Arrived { end, request }).await
            }
            Err(error) => Err(Refused::new(error, Shape::of_refused(request).await)),
        }
    }
}

service!(Dial [] Routed => Arrived<Callee>);
