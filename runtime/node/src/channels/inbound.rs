//! An accepted channel: HTTP/2 from the peer to the gateway, until it has to close.

use core::convert::Infallible;
use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;

use cloister_gateway::{Body, Inbound};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{debug, info};

use super::carrier::Carrier;
use super::usage::Usage;
use super::{ChannelError, Closing, Facts, Notice};
use crate::clock::Clock;
use crate::config::Limits;
use crate::limits::{CHANNEL_KEEPALIVE, HEADERS_BYTES_MAX, STREAMS_MAX};

/// Serves `carrier` until the peer ends it, it goes unused, or it has to close.
pub(super) async fn serve<S>(
    carrier: Carrier<S>,
    gateway: Inbound,
    clock: Arc<Clock>,
    limits: Limits,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Carrier { stream, registration, facts, usage } = carrier;
    let mut notice = registration.notice();
    let stream_service = Streams {
        gateway,
        clock,
        notice: notice.clone(),
        usage: usage.clone(),
        facts: facts.clone(),
    };
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(CHANNEL_KEEPALIVE)
        .keep_alive_timeout(CHANNEL_KEEPALIVE)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| stream_service.clone().answer(request)),
        );
    let mut connection = pin!(connection);
    let drain: Duration = tokio::select! {
        ended = connection.as_mut() => {
            debug!(peer = %facts.peer.agent, error = ?ended.err(), "channel ended");
            return;
        }
        closing = notice.wait() => match closing {
            Closing::Shutdown => limits.drain_timeout,
            // SECURITY: dropping the connection resets every stream on it at once.
            Closing::LeaseEnded | Closing::Revoked => {
                info!(peer = %facts.peer.agent, instance = %facts.peer.instance, ?closing, "channel closed");
                return;
            }
        },
        () = usage.idle_for(limits.idle_timeout) => limits.drain_timeout,
    };
    connection.as_mut().graceful_shutdown();
    if tokio::time::timeout(drain, connection).await.is_err() {
        debug!(peer = %facts.peer.agent, "channel did not drain in time");
    }
}

/// What every stream of one channel needs.
#[derive(Clone)]
struct Streams {
    gateway: Inbound,
    clock: Arc<Clock>,
    notice: Notice,
    usage: Usage,
    facts: Facts,
}

impl Streams {
    /// Hands one request to the gateway. An error resets the stream.
    async fn answer(mut self, request: Request<Incoming>) -> Result<Response<Body>, ChannelError> {
        // SECURITY: the end of a lease counts from its second on, not from when it is noticed.
        if self.notice.is_over() || self.clock.now() >= self.facts.ends() {
            return Err(ChannelError::Closed(self.notice.given()));
        }
        let in_use = self.usage.begin();
        let answered = async {
            let response = self.gateway.call(Arc::clone(&self.facts.peer), request).await;
            Ok::<_, Infallible>(response.map(|body| in_use.hold(body)))
        };
        tokio::select! {
            biased;
            closing = abrupt(&mut self.notice) => Err(ChannelError::Closed(Some(closing))),
            Ok(response) = answered => Ok(response),
        }
    }
}

/// Waits for a closing that leaves no time to drain.
async fn abrupt(notice: &mut Notice) -> Closing {
    match notice.wait().await {
        Closing::Shutdown => core::future::pending().await,
        closing @ (Closing::LeaseEnded | Closing::Revoked) => closing,
    }
}
