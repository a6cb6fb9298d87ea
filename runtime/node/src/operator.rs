//! The operator port: health, readiness, metrics, the channel table, the lease. Read only.

mod view;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use cloister_gateway::{Loopback as _, ToolServers};
use cloister_policy::Direction;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

use crate::channels::PeerTable;
use crate::limits::AGENT_PROBE_TIMEOUT;
use crate::loopback::Loopback;
use crate::metrics::{Gauges, render};
use crate::phase::Phase;
use crate::state::State;
use crate::supervisor::{AgentState, Board};
use view::{Both, ChannelView, LeaseView, ToolsView, VisitView};

/// What the operator port shows.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    state: Arc<State>,
    peers: Arc<PeerTable>,
    board: Arc<Board>,
    /// Where the agent serves.
    agent: (SocketAddr, Loopback),
    servers: Arc<ToolServers>,
}

impl Operator {
    /// Shows the runtime's state, an agent that serves at an address, and the tool servers beside it.
    pub(crate) fn new(
        state: &Arc<State>,
        peers: Arc<PeerTable>,
        board: &Arc<Board>,
        (agent, servers): ((SocketAddr, Loopback), Arc<ToolServers>),
    ) -> Self {
        Self { state: Arc::clone(state), peers, board: Arc::clone(board), agent, servers }
    }

    /// Answers one request. Nothing in it but method and path matters.
    pub(crate) async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
        }
        match request.uri().path() {
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => self.ready().await,
            "/metrics" => text(StatusCode::OK, render(self.state.events(), &self.gauges())),
            "/v1/channels" => json(StatusCode::OK, &Both(self.channels(), self.visits())),
            "/v1/tools" => json(StatusCode::OK, &self.tools()),
            "/v1/audit" => self.audit(),
            "/v1/lease" => match self.lease() {
                Some(lease) => json(StatusCode::OK, &lease),
                None => text(StatusCode::NOT_FOUND, "no lease\n"),
            },
            "/v1/lease.jwt" => self.lease_jwt(),
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    /// What is kept of the audit log in memory, as `cloister audit` reads it.
    fn audit(&self) -> Response<Full<Bytes>> {
        match self.state.audit().excerpt() {
            Ok(log) => respond(StatusCode::OK, "application/octet-stream", log.into()),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }

    /// The lease for whoever has a JWT library and the Verifier's key set. No secret: it proves
    /// nothing about whoever shows it without the keys that it names.
    fn lease_jwt(&self) -> Response<Full<Bytes>> {
        let standing = self.state.latest();
        match standing.as_ref().and_then(|standing| standing.credentials.lease_jwt()) {
            Some(jwt) => respond(StatusCode::OK, "application/jwt", jwt.to_owned().into()),
            None => text(StatusCode::NOT_FOUND, "no lease\n"),
        }
    }

    /// Ready is: admitted, the agent's process runs, and its port takes connections.
    async fn ready(&self) -> Response<Full<Bytes>> {
        let phase = *self.state.phase().borrow();
        let agent_running = self.agent_runs();
        let agent_reachable = agent_running && answers(&self.agent).await;
        let ready = phase.serves() && agent_reachable;
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json(status, &Readiness { ready, phase, agent_running, agent_reachable })
    }

    fn agent_runs(&self) -> bool {
        matches!(*self.board.state().borrow(), AgentState::Running(_))
    }

    fn lease(&self) -> Option<LeaseView> {
        self.state.latest().map(|standing| LeaseView::new(standing.credentials.lease().claims()))
    }

    fn channels(&self) -> Vec<ChannelView> {
        self.state.channels().facts().iter().map(ChannelView::new).collect()
    }

    fn visits(&self) -> Vec<VisitView> {
        self.state.visits().facts().iter().map(VisitView::new).collect()
    }

    fn tools(&self) -> Vec<ToolsView> {
        self.servers.reports().iter().map(ToolsView::new).collect()
    }

    fn gauges(&self) -> Gauges {
        let open = self.state.channels().facts();
        let of = |direction| {
            let count = open.iter().filter(|facts| facts.direction == direction).count();
            u64::try_from(count).unwrap_or(u64::MAX)
        };
        let standing = self.state.latest();
        let claims = standing.as_ref().map(|standing| standing.credentials.lease().claims());
        Gauges {
            phase: *self.state.phase().borrow(),
            agent_running: self.agent_runs(),
            agent_starts: self.board.starts(),
            channels_inbound: of(Direction::Inbound),
            channels_outbound: of(Direction::Outbound),
            channels_opened: self.state.channels().counts().1,
            visits: u64::try_from(self.state.visits().counts().0).unwrap_or(u64::MAX),
            waiting: u64::try_from(self.peers.waiting()).unwrap_or(u64::MAX),
            breakers: self.peers.breakers(),
            tool_drifts: self.servers.drifts(),
            lease_expires: claims.map_or(0, |claims| claims.expires_at.as_secs()),
            simulated: claims.is_some_and(|claims| claims.simulator.is_some()),
        }
    }
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    phase: Phase,
    agent_running: bool,
    agent_reachable: bool,
}

async fn answers((agent, loopback): &(SocketAddr, Loopback)) -> bool {
    matches!(tokio::time::timeout(AGENT_PROBE_TIMEOUT, loopback.connect(*agent)).await, Ok(Ok(_)))
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", body.into())
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    match serde_json::to_vec(body) {
        Ok(body) => respond(status, "application/json", body.into()),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests;
