//! Takes the push notifications that the local agent posts.

use tower::Layer;
use tower::layer::layer_fn;

use super::surface::Local;
use super::{Next, Outcome, step};
use crate::push::{Courier, local};
use crate::reply::{Refused, Shape};

/// The step; see the module.
pub(crate) struct Notify<S> {
    courier: Courier,
    next: S,
}

impl<S> Notify<S> {
    pub(crate) fn layer(courier: Courier) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { courier: courier.clone(), next })
    }

    async fn run(&self, surface: Local) -> Outcome
    where
        S: Next<Local>,
    {
        let Some(capability) = local(surface.request.uri().path()) else {
            return self.next.proceed(surface).await;
        };
        let taken = self.courier.take(capability, surface.request).await;
        taken.map_err(|cause| Refused::new(cause, Shape::HttpJson))
    }
}

step!(Notify [] Local => Local);
