//! Keeps the headers of one connection on that connection, in both directions.

use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, service};
use crate::end::End;
use crate::headers::end_to_end;

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Cleanse<S> {
    next: S,
}

impl<S> Cleanse<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> {
        layer_fn(|next| Self { next })
    }

    async fn run<E: End>(self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        end_to_end(call.request.headers_mut());
        let mut response = self.next.proceed(call).await?;
        end_to_end(response.headers_mut());
        Ok(response)
    }
}

service!(Cleanse [E: End] Classified<E> => Classified<E>);
