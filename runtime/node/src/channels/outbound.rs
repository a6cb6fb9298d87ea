//! A dialled channel: HTTP/2 from the gateway to the peer, until it has to close.

use core::pin::pin;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_gateway::{Body, BoxFuture, DialError, DialFailure, boxed};
use cloister_policy::Subject;
use http::{Request, Response};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;
use tracing::{debug, info};

use super::carrier::Carrier;
use super::usage::Usage;
use super::{ChannelError, Closing, Facts, Notice, Registration};
use crate::clock::Clock;
use crate::config::Limits;
use crate::limits::{CHANNEL_KEEPALIVE, HEADERS_BYTES_MAX};

/// An open channel to one peer instance.
#[derive(Debug)]
pub(super) struct Outbound {
    sender: SendRequest<Body>,
    facts: Facts,
    notice: Notice,
    usage: Usage,
    clock: Arc<Clock>,
}

impl Outbound {
    /// Starts HTTP/2 on `carrier`; the connection lives on a task in `tasks`.
    ///
    /// # Errors
    /// [`ChannelError::Http`].
    pub(super) async fn start<S>(
        carrier: Carrier<S>,
        clock: Arc<Clock>,
        limits: Limits,
        tasks: &TaskTracker,
    ) -> Result<Self, ChannelError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Carrier { stream, registration, facts, usage } = carrier;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(CHANNEL_KEEPALIVE)
            .keep_alive_timeout(CHANNEL_KEEPALIVE)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await?;
        let notice = registration.notice();
        let channel = Self { sender, facts: facts.clone(), notice, usage: usage.clone(), clock };
        drop(tasks.spawn(run(connection, registration, facts, usage, limits)));
        Ok(channel)
    }

    /// Whether a request may still be put on it.
    pub(super) fn is_live(&self) -> bool {
        !self.notice.is_over() && !self.sender.is_closed() && self.clock.now() < self.facts.ends()
    }

    /// Whether it is live and has a good part of its life before it.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_live() && is_fresh(self.facts.opened, self.facts.ends(), self.clock.now())
    }

    async fn request(&self, request: Request<Body>) -> Result<Response<Body>, DialError> {
        if !self.is_live() {
            let closed = ChannelError::Closed(self.notice.given());
            return Err(DialError::new(DialFailure::Unreachable, &closed));
        }
        let in_use = self.usage.begin();
        match self.sender.clone().try_send_request(request).await {
            Ok(response) => Ok(response.map(|body| in_use.hold(boxed(body)))),
            Err(mut error) => {
                let delivered = error.take_message().is_none();
                let failure =
                    if delivered { DialFailure::Interrupted } else { DialFailure::Unreachable };
                let cause = match self.notice.given() {
                    Some(closing) => ChannelError::Closed(Some(closing)),
                    None => ChannelError::Http(error.into_error()),
                };
                debug!(code = cause.code().id, %cause, delivered, "a request failed");
                Err(DialError::new(failure, &cause))
            }
        }
    }
}

impl cloister_gateway::Channel for Outbound {
    fn peer(&self) -> Arc<Subject> {
        Arc::clone(&self.facts.peer)
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        Box::pin(self.request(request))
    }
}

/// A channel that has used up four fifths of its life is replaced by one under newer leases, which
/// both sides have by then; streams on it run on.
fn is_fresh(opened: UnixTime, ends: UnixTime, now: UnixTime) -> bool {
    now.since(opened).saturating_mul(5) < ends.since(opened).saturating_mul(4)
}

/// Drives the connection until nobody needs it, or until it has to close.
async fn run<S>(
    connection: http2::Connection<TokioIo<super::replay::Replay<S>>, Body, TokioExecutor>,
    registration: Registration<Facts>,
    facts: Facts,
    usage: Usage,
    limits: Limits,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut notice = registration.notice();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            debug!(peer = %facts.peer.agent, error = ?ended.err(), "channel ended");
        }
        () = usage.idle_for(limits.idle_timeout) => {
            debug!(peer = %facts.peer.agent, "channel was not used");
        }
        closing = notice.wait() => {
            info!(peer = %facts.peer.agent, instance = %facts.peer.instance, ?closing, "channel closed");
            // SECURITY: only a shutdown leaves time; otherwise dropping resets every stream at once.
            if closing == Closing::Shutdown
                && tokio::time::timeout(limits.drain_timeout, connection).await.is_err()
            {
                debug!(peer = %facts.peer.agent, "channel did not drain in time");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::time::UnixTime;

    use super::is_fresh;

    #[test]
    fn a_channel_is_fresh_for_four_fifths_of_its_life() {
        let at = UnixTime::from_secs;
        assert!(is_fresh(at(100), at(200), at(100)));
        assert!(is_fresh(at(100), at(200), at(179)));
        assert!(!is_fresh(at(100), at(200), at(180)));
        assert!(!is_fresh(at(100), at(100), at(100)), "a channel without life is not fresh");
    }
}
