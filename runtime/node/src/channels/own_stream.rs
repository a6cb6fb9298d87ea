//! The one stream of a channel that carries no request: its two ends tell each other their new
//! leases on it.
//!
//! The end that dialled opens it as soon as there is HTTP. A path that no agent can have marks it;
//! the gateway refuses that path to everybody, and the other end takes it once.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cloister_gateway::{Body, boxed, empty};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

use super::requests::{Requests, Unanswered};
use crate::limits::RENEWALS_UNREAD_MAX;

/// The stream's path; the number is its version.
pub(super) const PATH: &str = "/cloister/channel/1";

/// Both directions of the stream. Dropping it ends the stream.
#[derive(Debug)]
pub(super) struct OwnStream {
    say: mpsc::Sender<Bytes>,
    heard: Body,
}

/// What is heard on the stream.
#[derive(Debug)]
pub(super) enum Heard {
    /// Bytes of the peer.
    Bytes(Bytes),
    /// The peer ended the stream.
    End,
    /// The connection broke.
    Broken,
}

impl OwnStream {
    /// Opens it on a connection that this side dialled. `None` if the peer does not take it.
    pub(super) async fn open(mut requests: Requests, authority: &str) -> Option<Self> {
        let (say, said) = mpsc::channel(RENEWALS_UNREAD_MAX);
        let uri = Uri::builder().scheme("https").authority(authority).path_and_query(PATH).build();
        let mut request = Request::new(boxed(Said(said)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.ok()?;
        match requests.send(request).await {
            Ok(response) if response.status() == StatusCode::OK => {
                Some(Self { say, heard: boxed(response.into_body()) })
            }
            Ok(response) => {
                debug!(status = %response.status(), "the peer renews no leases in band");
                None
            }
            Err(Unanswered { error, .. }) => {
                debug!(%error, "no stream for renewals");
                None
            }
        }
    }

    /// Takes what is to be said to the peer. `false`: it has not read what was said before.
    pub(super) fn say(&self, bytes: Vec<u8>) -> bool {
        self.say.try_send(bytes.into()).is_ok()
    }

    /// What the peer says next.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            match self.heard.frame().await.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(bytes))) => return Heard::Bytes(bytes),
                // Trailers say nothing.
                Some(Ok(Err(_))) => {}
                Some(Err(error)) if is_reset(&*error) => return Heard::End,
                Some(Err(_)) => return Heard::Broken,
                None => return Heard::End,
            }
        }
    }
}

/// Whether the peer reset this one stream.
fn is_reset(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = core::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| cause.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_reset))
}

/// Takes the stream on a connection that this side accepted, once.
#[derive(Clone, Debug)]
pub(super) struct Acceptor(Arc<Mutex<Option<oneshot::Sender<OwnStream>>>>);

impl Acceptor {
    pub(super) fn new() -> (Self, oneshot::Receiver<OwnStream>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Whether a request is for the stream, and for nothing that an agent can have.
    pub(super) fn is_for<B>(request: &Request<B>) -> bool {
        request.uri().path() == PATH
    }

    /// Answers a request for the stream.
    pub(super) fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let refused = || {
            let mut response = Response::new(empty());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        };
        if request.method() != Method::POST {
            return refused();
        }
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(waiting) = waiting else { return refused() };
        let (say, said) = mpsc::channel(RENEWALS_UNREAD_MAX);
        match waiting.send(OwnStream { say, heard: boxed(request.into_body()) }) {
            Ok(()) => Response::new(boxed(Said(said))),
            // The channel is about to end.
            Err(_) => refused(),
        }
    }
}

/// What is said, as a body.
struct Said(mpsc::Receiver<Bytes>);

impl http_body::Body for Said {
    type Data = Bytes;
    type Error = core::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use cloister_gateway::RESERVED_PATH;

    use super::PATH;

    #[test]
    fn the_stream_has_a_path_that_the_gateway_carries_to_nobody() {
        assert!(PATH.strip_prefix(RESERVED_PATH).is_some_and(|rest| rest.starts_with('/')));
    }
}
