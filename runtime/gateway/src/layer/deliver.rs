//! Innermost: sends the request to the agent that it is for.

use core::task::{Context, Poll};

use cloister_policy::Binding;
use http::header::TE;
use http::{HeaderValue, Response};
use tower::Service;

use super::{Classified, Pending};
use crate::body::Body;
use crate::end::End;
use crate::error::Cause;
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
        let Classified { end, mut request, shape, operation, watch, .. } = call;
        if operation.binding == Binding::Grpc {
            // Servers take its absence for a proxy that loses trailers. SPEC: gRPC over HTTP/2.
            request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
        }
        Box::pin(async move {
            let sent = end.send(request).await;
            sent.map_err(|cause| Refused::new(watch.broke().map_or(cause, Cause::Body), shape))
        })
    }
}
