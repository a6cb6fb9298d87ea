//! Keeps the headers of one connection on that connection, in both directions.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, step};
use crate::body::{Body, BodyError, boxed};
use crate::end::End;
use crate::headers::end_to_end;

/// The step; see the module.
pub(crate) struct Cleanse<S> {
    next: S,
}

impl<S> Cleanse<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> {
        layer_fn(|next| Self { next })
    }

    async fn run<E: End>(&self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        end_to_end(call.request.headers_mut());
        let mut response = self.next.proceed(call).await?;
        end_to_end(response.headers_mut());
        Ok(response.map(with_clean_trailers))
    }
}

/// Trailers are headers that come late; gRPC's status is one.
struct CleanTrailers(Body);

fn with_clean_trailers(body: Body) -> Body {
    if body.is_end_stream() { body } else { boxed(CleanTrailers(body)) }
}

impl http_body::Body for CleanTrailers {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            end_to_end(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

step!(Cleanse [E: End] Classified<E> => Classified<E>);
