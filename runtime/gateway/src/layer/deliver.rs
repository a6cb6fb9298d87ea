//! Innermost: sends the request to the agent that it is for.

use core::task::{Context, Poll};

use http::Response;
use tower::Service;

use super::{Classified, Pending};
use crate::body::Body;
use crate::end::End;
use crate::reply::Refused;

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Deliver;

impl<E: End> Service<Classified<E>> for Deliver {
    type Response = Response<Body>;
    type Error = Refused;
    type Future = Pending;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Classified<E>) -> Pending {
        let Classified { end, request, shape, .. } = call;
        Box::pin(async move { end.send(request).await.map_err(|cause| Refused::new(cause, shape)) })
    }
}
