//! An accepted channel: HTTP/2 from the peer to the gateway, until it has to close.

use std::sync::Arc;

use cloister_gateway::{Body, BodyError, Inbound};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::carrier::{Carrier, ended};
use super::carry::{Tether, carry, held, takes_streams};
use super::own_stream::Acceptor;
use super::table::Known;
use super::usage::Usage;
use super::{Facts, Notice};
use crate::config::Limits;
use crate::state::State;

/// Serves `carrier` until the peer ends it, it goes unused, or it has to close.
pub(super) async fn serve<S>(carrier: Carrier<S>, gateway: Inbound, limits: Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Carrier { stream, registration, keeper, usage, state } = carrier;
    let (notice, known) = (registration.notice(), registration.known());
    let (own_stream, opened) = Acceptor::new();
    let streams = Streams {
        gateway,
        own_stream,
        notice,
        usage: usage.clone(),
        known: known.clone(),
        state: Arc::clone(&state),
    };
    let finish = CancellationToken::new();
    let opening = async { opened.await.ok() };
    let keeping = keeper.keep(opening, finish.clone());
    let tether = Tether { notice: registration.notice(), usage, finish, limits };
    let answer = move |request| streams.clone().answer(request);
    let end = carry(stream, answer, keeping, tether).await;
    ended(&known.now(), end, &state);
}

/// What every stream of one channel needs.
#[derive(Clone)]
struct Streams {
    gateway: Inbound,
    own_stream: Acceptor,
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
        held(self.notice, &self.usage, self.gateway.call(facts.peer, request)).await
    }
}

#[cfg(test)]
mod tests;
