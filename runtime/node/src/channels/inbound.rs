//! An accepted channel: HTTP/2 from the peer to the gateway, until it has to close.

use std::sync::Arc;

use cloister_gateway::{Body, BodyError, Inbound};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::carrier::Carrier;
use super::carry::{Tether, carry, held, takes_streams};
use super::own_stream::Acceptor;
use super::table::Known;
use super::usage::Usage;
use super::witness::{Departure, Witnessing};
use super::{Facts, Notice};
use crate::config::Limits;
use crate::state::State;

/// Serves `carrier` until the peer ends it, it goes unused, or it has to close.
pub(super) async fn serve<S>(carrier: Carrier<S>, gateway: Inbound, limits: Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Carrier { stream, registration, keeper, usage, opened: channel, state } = carrier;
    let (notice, known) = (registration.notice(), registration.known());
    let witnessing = Witnessing::new(Arc::clone(state.audit()), known.clone());
    let _departure = Departure::of(&witnessing);
    let (own_stream, opened) = Acceptor::new();
    let streams = Streams {
        gateway,
        own_stream,
        witnessing,
        notice,
        usage: usage.clone(),
        known,
        state: Arc::clone(&state),
    };
    let finish = CancellationToken::new();
    let opening = async { opened.await.ok() };
    let keeping = keeper.keep(opening, finish.clone());
    let tether = Tether { notice: registration.notice(), usage, finish, limits };
    let answer = move |request| streams.clone().answer(request);
    let end = carry(stream, answer, keeping, tether).await;
    channel.over(end);
}

/// What every stream of one channel needs.
#[derive(Clone)]
struct Streams {
    gateway: Inbound,
    own_stream: Acceptor,
    witnessing: Witnessing,
    notice: Notice,
    usage: Usage,
    known: Known<Facts>,
    state: Arc<State>,
}

impl Streams {
    /// Hands one request to the gateway. An error resets the stream.
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, BodyError> {
        let facts = self.known.now();
        takes_streams(&self.notice, facts.ends(), &self.state)?;
        if Acceptor::is_for(&request) {
            return Ok(self.own_stream.answer(request));
        }
        if Witnessing::is_for(&request) {
            return Ok(self.witnessing.answer(request).await);
        }
        held(self.notice, &self.usage, self.gateway.call(facts.peer, request)).await
    }
}

#[cfg(test)]
mod tests;
