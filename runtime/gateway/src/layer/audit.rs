//! Puts on record what was decided, before anything of it is forwarded; and afterwards, what
//! became of it.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use bytes::Bytes;
use cloister_attestation::code::Diagnostic as _;
use cloister_audit::record::{Ending, Outcome as Became};
use http::{Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use tower::Layer;
use tower::layer::layer_fn;

use super::authorize::Decided;
use super::{Next, Outcome, Permitted, step};
use crate::body::{Body, BodyError, Breakage, boxed, empty};
use crate::end::End;
use crate::error::Cause;
use crate::meter::{Meter, Metered};
use crate::recorder::Recorder;

/// The step; see the module.
pub(crate) struct Audit<S> {
    recorder: Arc<dyn Recorder>,
    next: S,
}

impl<S> Audit<S> {
    pub(crate) fn layer(recorder: Arc<dyn Recorder>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { recorder: Arc::clone(&recorder), next })
    }

    async fn run<E: End>(&self, mut decided: Decided<E>) -> Outcome
    where
        S: Next<Permitted<E>>,
    {
        let asked = Meter::new();
        let body = core::mem::replace(decided.body(), empty());
        let body = Metered::glimpse(body, asked.clone()).await;
        let operation = decided.record(body.whole(), self.recorder.policy_epoch());
        *decided.body() = boxed(body);
        // SECURITY: in this order. What is not on record, denied or not, goes no further.
        let of = match self.recorder.record(operation).await {
            Ok(of) => of,
            Err(error) => return Err(decided.refused(Cause::Unrecorded(error))),
        };
        let call = decided.settled()?;
        let mut open = Open::new(Arc::clone(&self.recorder), of, asked);
        match self.next.proceed(call).await {
            Ok(response) => Ok(open.answered(response)),
            Err(refused) => {
                open.end(Ending::Failed { code: refused.cause.code().id.to_owned() });
                Err(refused)
            }
        }
    }
}

step!(Audit [E: End] Decided<E> => Permitted<E>);

/// An operation whose outcome is not on record yet. Dropping it puts on record that nobody waited.
struct Open {
    recorder: Arc<dyn Recorder>,
    of: u64,
    asked: Meter,
    answered: Meter,
    status: Option<StatusCode>,
    over: bool,
}

impl Open {
    fn new(recorder: Arc<dyn Recorder>, of: u64, asked: Meter) -> Self {
        Self { recorder, of, asked, answered: Meter::new(), status: None, over: false }
    }

    /// The answer, whose end is the operation's.
    fn answered(mut self, response: Response<Body>) -> Response<Body> {
        self.status = Some(response.status());
        response.map(|body| boxed(Answer { body: body.into(), open: self }))
    }

    fn end(&mut self, ending: Ending) {
        if self.over {
            return;
        }
        self.over = true;
        self.recorder.outcome(Became {
            of: self.of,
            ending,
            request: self.asked.payload(),
            response: self.answered.payload(),
        });
    }

    fn status(&self) -> u16 {
        self.status.map_or(0, |status| status.as_u16())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end(Ending::Cancelled { status: self.status.map(|status| status.as_u16()) });
    }
}

/// An answer's body on its way through.
struct Answer {
    body: Breakage,
    open: Open,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let status = self.open.status();
        match &next {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.open.answered.add(data);
                }
            }
            Some(Err(_)) => self.open.end(Ending::Broken { status }),
            None => self.open.end(Ending::Answered { status }),
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Whoever knows that a body has no more does not ask it for its end.
        if self.body.is_end_stream() {
            let status = self.open.status();
            self.open.end(Ending::Answered { status });
        }
    }
}
