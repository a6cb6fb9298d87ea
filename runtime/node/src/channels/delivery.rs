//! One request's way to a peer: on the channel that was found for it, and on another one if that
//! one certainly did not take it.

use core::future::Future;
use std::sync::Arc;
use std::time::Instant;

use cloister_gateway::{Body, BoxFuture, DialError};
use cloister_policy::Subject;
use http::{Request, Response};
use tracing::debug;

use super::ChannelError;
use super::dialler::Dialler;
use super::dialling::Outcome;
use super::outbound::{Failed, Outbound};
use super::peers::Peer;
use super::tape::Tape;
use crate::limits::RETRIES_MAX;

/// A peer, and the channel to it that was live a moment ago.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) dialler: Dialler,
    pub(super) peer: Arc<Peer<Outbound>>,
    pub(super) channel: Arc<Outbound>,
}

impl cloister_gateway::Channel for Delivery {
    fn peer(&self) -> Arc<Subject> {
        self.channel.peer()
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        Box::pin(async move {
            let another = || self.dialler.channel(&self.peer);
            let delivered = deliver(&self.peer, Arc::clone(&self.channel), request, another).await;
            delivered.map_err(|Failed { error, undelivered }| {
                DialError::new(error.failure_of_request(undelivered), &error)
            })
        })
    }
}

/// Sends `request` on `channel`; while it is certain that it was not delivered, and the budget
/// permits, again on what `another` finds.
async fn deliver<F>(
    peer: &Peer<Outbound>,
    channel: Arc<Outbound>,
    request: Request<Body>,
    another: impl Fn() -> F,
) -> Result<Response<Body>, Failed>
where
    F: Future<Output = Outcome<Outbound>>,
{
    let (head, body) = request.into_parts();
    let tape = Tape::new(body);
    let permitted = channel.peer();
    let (mut channel, mut retries) = (channel, 0);
    peer.requested();
    loop {
        let body = tape.play().ok_or_else(unreadable)?;
        let failed = match channel.request(Request::from_parts(head.clone(), body)).await {
            Ok(response) => {
                tape.stop();
                peer.answered(&channel);
                return Ok(response);
            }
            Err(failed) => failed,
        };
        if channel.is_broken() {
            peer.broke(&channel, Instant::now());
        }
        let again = failed.undelivered && failed.error.may_pass() && retries < RETRIES_MAX;
        if !again || !tape.can_play() || !peer.may_retry() {
            return Err(failed);
        }
        retries += 1;
        channel = match another().await {
            // SECURITY: the operation was permitted for what the first channel's peer attested.
            // Another instance, or a lease that says something else, was not asked about.
            Ok(channel) if channel.peer() == permitted => channel,
            Ok(_) => return Err(failed),
            Err(error) => {
                debug!(peer = %peer.name, %error, "no channel to send a request again on");
                return Err(failed);
            }
        };
        debug!(peer = %peer.name, retries, "a request is sent again");
    }
}

/// The first reading is always there, and a later one is asked for only while it is.
fn unreadable() -> Failed {
    Failed { error: ChannelError::Closed(None), undelivered: true }
}

#[cfg(test)]
mod tests;
