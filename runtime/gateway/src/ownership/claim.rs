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

/// The answer to a message of `owner`, whose task and context become the owner's as they pass.
pub(crate) fn watched(
    response: Response<Body>,
    operation: &Operation,
    owners: Arc<Owners>,
    owner: Owner,
) -> Response<Body> {
    let scan = Scan::answer(operation.binding, operation.version);
    let streams = operation.binding != Binding::Grpc && is_event_stream(&response);
    let events = streams.then(Events::new);
    let template = (operation.binding, operation.version);
    let reader = Some(Reader { events, scan: Some(scan), template });
    let claim = Claim { owners, owner, task: false, context: false };
    response.map(|rest| boxed(Claiming { rest, reader, claim }))
}

fn is_event_stream(response: &Response<Body>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let media = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    media.trim().eq_ignore_ascii_case("text/event-stream")
}

struct Claiming {
    rest: Body,
    /// `None` once there is nothing more to learn.
    reader: Option<Reader>,
    claim: Claim,
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
    fn read(&mut self, bytes: &[u8], claim: &mut Claim) -> bool {
        let Self { events, scan, template } = self;
        let Some(events) = events else {
            fed(scan, bytes, claim);
            return scan.is_some() && !claim.is_complete();
        };
        events.feed(bytes, |piece| match piece {
            Piece::Data(data) => fed(scan, data, claim),
            Piece::End => *scan = Some(Scan::answer(template.0, template.1)),
        });
        !claim.is_complete()
    }
}

/// Feeds one scan, and claims what it has found.
fn fed(scan: &mut Option<Scan>, bytes: &[u8], claim: &mut Claim) {
    let Some(reading) = scan else { return };
    let outcome = reading.feed(bytes);
    claim.take(reading.said());
    if let Err(error) = outcome {
        tracing::debug!("an answer to a message cannot be read further: {error}");
        *scan = None;
    }
}

impl Claim {
    fn take(&mut self, said: &Said) {
        for (id, kind) in [(&said.task, Kind::Task), (&said.context, Kind::Context)] {
            let taken = match kind {
                Kind::Task => &mut self.task,
                Kind::Context => &mut self.context,
            };
            let Some(id) = id.as_ref().filter(|_| !*taken) else { continue };
            *taken = true;
            if self.owners.claim(&self.owner, kind, id) == Claimed::No {
                tracing::warn!(?kind, "the agent answered a peer with another peer's id");
            }
        }
    }

    const fn is_complete(&self) -> bool {
        self.task && self.context
    }
}

impl http_body::Body for Claiming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { rest, reader, claim } = &mut *self;
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if let (Some(reading), Some(Ok(frame))) = (reader.as_mut(), &frame)
            && let Some(data) = frame.data_ref()
            && !reading.read(data, claim)
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
