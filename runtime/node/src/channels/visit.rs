//! Visitors: callers of whom nothing is attested, let in where agent.toml and policy allow it.
//!
//! ```text
//!   listener -> room -> TLS -> receive: greeting, policy, proof -> Visit -> carry -> gateway
//! ```
//!
//! A visit ends with the lease that this side proved itself with; the visitor dials again.

mod receive;
mod room;

use core::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use cloister_channel::TrustBundle;
use cloister_channel::lease::VerifiedLease;
use cloister_channel::visit::Received;
use cloister_gateway::{Body, BodyError, Inbound};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::info;

pub(super) use receive::receive;
pub(crate) use room::Visitors;

use super::carry::{Tether, carry, held, takes_streams};
use super::facts::group;
use super::replay::Replay;
use super::usage::Usage;
use super::{ChannelError, Closing, Notice, Registration};
use crate::config::Limits;
use crate::state::{State, closing};
use room::Room;

/// What is known about one visit: nothing about the visitor but where it dialled from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VisitFacts {
    /// Names the visit among the channels and visits of this boot.
    pub visit: u64,
    /// Where the connection comes from. Nobody vouches for it.
    pub from: SocketAddr,
    /// The lease that this side proved itself with.
    pub own_lease: Arc<VerifiedLease>,
    /// The key exchange that TLS negotiated.
    pub group: &'static str,
    /// When the visitor was received.
    pub opened: UnixTime,
}

impl VisitFacts {
    /// Nothing is carried from then on.
    #[must_use]
    pub fn ends(&self) -> UnixTime {
        self.own_lease.claims().expires_at
    }

    /// Why the visit has to end, if it has to.
    #[must_use]
    pub fn closing(&self, trust: &TrustBundle, now: UnixTime) -> Option<Closing> {
        closing(&self.own_lease, trust, now)
    }
}

/// A stream that may carry HTTP for a visitor: it was received, and stands in the table.
#[derive(Debug)]
pub(super) struct Visit<S> {
    stream: Replay<S>,
    registration: Registration<VisitFacts>,
    state: Arc<State>,
    _room: Room,
}

impl<S> Visit<S> {
    /// Enters the visit into the table.
    ///
    /// # Errors
    /// [`ChannelError`] if there is no room, or if the permission was taken away meanwhile.
    pub(super) fn new(
        received: Received,
        stream: S,
        from: SocketAddr,
        room: Room,
        state: &Arc<State>,
    ) -> Result<Self, ChannelError> {
        let facts = VisitFacts {
            visit: state.audit().next_channel(),
            from,
            own_lease: Arc::new(received.local().lease().clone()),
            group: group(received.key_exchange()),
            opened: received.at(),
        };
        let registration = state.visits().enter(facts.clone()).ok_or(ChannelError::Visitors)?;
        // SECURITY: in this order. A revocation that arrived during the handshake is seen here; one
        // that arrives from now on finds the visit in the table.
        let latest = state.standing().ok_or(ChannelError::NotAdmitted)?;
        if let Some(closing) = facts.closing(&latest.trust, state.clock().now()) {
            return Err(ChannelError::Closed(Some(closing)));
        }
        state.audit().visited(&facts);
        info!(%from, key_exchange = facts.group, lease_ends = %facts.ends(), "a visit began");
        let stream = Replay::new(received.into_first_bytes(), stream);
        Ok(Self { stream, registration, state: Arc::clone(state), _room: room })
    }
}

/// Serves `visit` until the visitor ends it, it goes unused, or it has to end.
pub(super) async fn serve<S>(visit: Visit<S>, gateway: Inbound, limits: Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Visit { stream, registration, state, _room } = visit;
    let (facts, notice, usage) =
        (registration.known().now(), registration.notice(), Usage::default());
    let streams = Streams {
        gateway: Arc::new(gateway.visit()),
        notice: notice.clone(),
        usage: usage.clone(),
        ends: facts.ends(),
        state: Arc::clone(&state),
    };
    let tether = Tether { notice, usage, finish: CancellationToken::new(), limits };
    let answer = move |request| streams.clone().answer(request);
    let end = carry(stream, answer, pending(), tether).await;
    state.audit().visit_ended(facts.visit, end.as_str());
    state.events().visits.add_one(end.as_str());
    info!(from = %facts.from, reason = end.as_str(), "a visit ended");
}

/// What every stream of one visit needs.
#[derive(Clone)]
struct Streams {
    gateway: Arc<cloister_gateway::Visit>,
    notice: Notice,
    usage: Usage,
    ends: UnixTime,
    state: Arc<State>,
}

impl Streams {
    /// Hands one request to the gateway. An error resets the stream.
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, BodyError> {
        takes_streams(&self.notice, self.ends, &self.state)?;
        held(self.notice, &self.usage, self.gateway.call(request)).await
    }
}
