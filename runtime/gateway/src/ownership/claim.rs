//! What an answer says that a message made, noted before the caller hears of it.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::Binding;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body::{Frame, SizeHint};

use super::{Claimed, Kind, Owner, Owners};
use crate::body::{Body, BodyError, boxed};
use crate::operation::{Operation, Said};
use crate::scan::Scan;
use crate::sse::{Events, Piece};

/// Whoever wants to know what a message made.
pub(crate) trait Learner: Send + Unpin + 'static {
    /// A task or context that the answer names.
    fn learn(&mut self, kind: Kind, id: &str);

    /// Whether nothing more is wanted.
    fn is_complete(&self) -> bool;
}

/// The answer to a message of `owner`, whose task and context become the owner's as they pass.
pub(crate) fn claimed(
    response: Response<Body>,
    operation: &Operation,
    owners: Arc<Owners>,
    owner: Owner,
) -> Response<Body> {
    watched(response, operation, Claim { owners, owner, task: false, context: false })
}

/// The answer to a message, of which `learner` learns what it names as that passes. The learner
/// lives as long as the answer.
pub(crate) fn watched(
    response: Response<Body>,
    operation: &Operation,
    learner: impl Learner,
) -> Response<Body> {
    let scan = Scan::answer(operation.binding, operation.version);
    let streams = operation.binding != Binding::Grpc && is_event_stream(&response);
    let events = streams.then(Events::new);
    let template = (operation.binding, operation.version);
    let reader = Some(Reader { events, scan: Some(scan), template });
    response.map(|rest| boxed(Watched { rest, reader, learner }))
}

fn is_event_stream(response: &Response<Body>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let media = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    media.trim().eq_ignore_ascii_case("text/event-stream")
}

struct Watched<L> {
    rest: Body,
    /// `None` once there is nothing more to learn.
    reader: Option<Reader>,
    learner: L,
}

struct Reader {
    /// Whether the answer is a stream of events, each of which is read for itself.
    events: Option<Events>,
    /// `None` if what is being read cannot be understood; an agent may answer what it likes.
    scan: Option<Scan>,
    template: (Binding, &'static str),
}

struct Claim {
    owners: Arc<Owners>,
    owner: Owner,
    task: bool,
    context: bool,
}

impl Reader {
    /// Reads on; whether there is more to learn.
    fn read(&mut self, bytes: &[u8], learner: &mut impl Learner) -> bool {
        let Self { events, scan, template } = self;
        let Some(events) = events else {
            fed(scan, bytes, learner);
            return scan.is_some() && !learner.is_complete();
        };
        events.feed(bytes, |piece| match piece {
            Piece::Data(data) => fed(scan, data, learner),
            Piece::End => *scan = Some(Scan::answer(template.0, template.1)),
        });
        !learner.is_complete()
    }
}

/// Feeds one scan, and hands on what it has found.
fn fed(scan: &mut Option<Scan>, bytes: &[u8], learner: &mut impl Learner) {
    let Some(reading) = scan else { return };
    let outcome = reading.feed(bytes);
    let Said { task, context, .. } = reading.said();
    for (id, kind) in [(task, Kind::Task), (context, Kind::Context)] {
        if let Some(id) = id {
            learner.learn(kind, id);
        }
    }
    if let Err(error) = outcome {
        tracing::debug!("an answer to a message cannot be read further: {error}");
        *scan = None;
    }
}

impl Learner for Claim {
    fn learn(&mut self, kind: Kind, id: &str) {
        let taken = match kind {
            Kind::Task => &mut self.task,
            Kind::Context => &mut self.context,
        };
        if core::mem::replace(taken, true) {
            return;
        }
        if self.owners.claim(&self.owner, kind, id) == Claimed::No {
            tracing::warn!(?kind, "the agent answered a peer with another peer's id");
        }
    }

    fn is_complete(&self) -> bool {
        self.task && self.context
    }
}

impl<L: Learner> http_body::Body for Watched<L> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { rest, reader, learner } = &mut *self;
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if let (Some(reading), Some(Ok(frame))) = (reader.as_mut(), &frame)
            && let Some(data) = frame.data_ref()
            && !reading.read(data, learner)
        {
            *reader = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.rest.size_hint()
    }
}
