//! Innermost: sends the request to the agent that it is for.

use cloister_policy::Binding;
use http::HeaderValue;
use http::header::TE;

use super::{Call, Classified, Next, Pending};
use crate::end::End;
use crate::error::Cause;
use crate::reply::Refused;

/// The step; see the module.
pub(crate) struct Deliver;

impl<E: End> Next<Classified<E>> for Deliver {
    fn proceed(&self, call: Classified<E>) -> Pending<'_> {
        let Call { end, mut request, shape, operation, watch, .. } = *call;
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
