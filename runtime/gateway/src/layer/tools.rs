//! Keeps the sessions of tool servers apart, calls to the tools that are expected, and what callers
//! hear to what they may.

mod caller;
mod certify;
mod decline;
mod hear;

use std::sync::Arc;

use cloister_policy::{Direction, OperationName};
use http::Response;
use http::header::AUTHORIZATION;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Call, Classified, Gate, Next, Outcome, step};
use crate::body::Body;
use crate::end::{End, Party, Target};
use crate::headers::plain_and_whole;
use crate::mcp::{
    Asked, Era, LAST_EVENT, McpError, Permits, SESSION, Screen, Server, Viewer, viewer,
};
use crate::operation::Operation;
use crate::recorder::Recorder;
use crate::reply::{Refused, Shape};
use caller::Caller;
use certify::certify;
use decline::Decline;
use hear::heard;

/// The step; see the module.
pub(crate) struct Tools<S> {
    gate: Arc<Gate>,
    recorder: Arc<dyn Recorder>,
    next: Arc<S>,
}

impl<S> Tools<S> {
    pub(crate) fn layer(
        gate: Arc<Gate>,
        recorder: Arc<dyn Recorder>,
    ) -> impl Layer<S, Service = Self> {
        let recorder = move || Arc::clone(&recorder);
        layer_fn(move |next| {
            let (gate, next) = (Arc::clone(&gate), Arc::new(next));
            Self { gate, recorder: recorder(), next }
        })
    }

    async fn run<E: End>(&self, mut call: Classified<E>) -> Outcome
    where
        S: Next<Classified<E>>,
    {
        let (Target::Server(server), Shape::Mcp(asked)) = (call.end.target(), &call.shape) else {
            return self.next.proceed(call).await;
        };
        let (server, asked) = (Arc::clone(server), Arc::clone(asked));
        let (shape, name, caller) = (call.shape.clone(), call.operation.name, caller(&call.end));
        let refuse = |error: McpError| Refused::new(error, shape.clone());
        let permits = permits(Arc::clone(&self.gate), &call.end);
        check(&server, &asked, &call.operation, &caller, &permits).map_err(refuse)?;
        prepare(&mut call, &server, &asked);
        let screen = Screen {
            viewer: viewer_of(&call, &asked, &caller),
            generation: server.catalogue().generation(),
            operation: call.operation.clone(),
            server: Arc::clone(&server),
            asked: Arc::clone(&asked),
            recorder: Arc::clone(&self.recorder),
            permits,
        };
        if name == OperationName::ToolsCall {
            certify(&*self.next, &Caller::of(&call), &screen).await.map_err(refuse)?;
        }
        // Servers ask for themselves in the legacy era alone; in the other nobody waits.
        let decline = (asked.revision.era() == Era::Legacy)
            .then(|| Decline::new(server.name(), Caller::of(&call), Arc::clone(&self.next)));
        let response = self.next.proceed(call).await?;
        note(&server, &asked, name, &caller, &response).map_err(refuse)?;
        heard(response, screen, decline).await.map_err(refuse)
    }
}

step!(Tools [E: End] Classified<E> => Classified<E>);

/// Whether the caller may do something: the one rule behind calls, and behind what is heard.
fn permits<E: End>(gate: Arc<Gate>, end: &E) -> Permits {
    let peer = match end.peer() {
        Party::Attested(peer) => Some(peer.clone()),
        Party::Visitor => None,
    };
    // As the smallest request: a rule about sizes does not hide what smaller ones may use.
    Arc::new(move |operation| {
        peer.as_ref().is_some_and(|peer| {
            gate.decision(E::DIRECTION, Party::Attested(peer), operation, Some(0)).allows()
        })
    })
}

/// Who a session belongs to: one boot of a peer, or the local agent.
fn caller<E: End>(end: &E) -> String {
    match (E::DIRECTION, end.peer()) {
        (Direction::Inbound, Party::Attested(peer)) => {
            format!("{}/{}", peer.trust_domain, peer.instance)
        }
        _ => String::new(),
    }
}

/// For whom the server may have a list of its own.
fn viewer_of<E>(call: &Call<E>, asked: &Asked, caller: &str) -> Viewer {
    let credentials = call.request.headers().get_all(AUTHORIZATION).iter();
    let credentials: Vec<_> = credentials.map(|value| value.as_bytes()).collect();
    viewer(caller, asked.revision, asked.session.as_deref(), &credentials)
}

/// Leaves of the headers what the answer can be read under.
fn prepare<E>(call: &mut Call<E>, server: &Server, asked: &Asked) {
    let headers = call.request.headers_mut();
    plain_and_whole(headers);
    // SECURITY: servers keep events of all sessions together, and a stream that goes on after
    // another session's event could be another caller's.
    let goes_on = asked.session.as_ref().zip(asked.event.as_ref());
    if !goes_on.is_some_and(|(session, event)| server.sessions().was_shown(session, event)) {
        headers.remove(LAST_EVENT);
    }
}

/// What a request needs beside the permission for its operation.
fn check(
    server: &Server,
    asked: &Asked,
    operation: &Operation,
    caller: &str,
    permits: &Permits,
) -> Result<(), McpError> {
    if let Some(session) = &asked.session {
        server.sessions().check(session, caller)?;
    }
    if operation.name == OperationName::Initialize {
        server.sessions().check_room(caller)?;
    }
    // What a server had asked for leaves the caller, like an answer of the legacy era.
    let answer = Operation { name: OperationName::Respond, ..operation.clone() };
    if asked.brings_input && !permits(&answer) {
        return Err(McpError::UnknownTool);
    }
    let watches = asked.watched.iter().all(|uri| {
        let name = OperationName::ResourcesSubscribe;
        permits(&Operation { name, resource: Some(uri.clone()), ..operation.clone() })
    });
    if watches { Ok(()) } else { Err(McpError::UnknownTool) }
}

/// Notes what an answer says of sessions.
fn note(
    server: &Server,
    asked: &Asked,
    name: OperationName,
    caller: &str,
    response: &Response<Body>,
) -> Result<(), McpError> {
    match (name, &asked.session) {
        (OperationName::Initialize, _) => {
            let id = response.headers().get(SESSION).map(|id| id.to_str().unwrap_or_default());
            id.map_or(Ok(()), |id| server.begin(id, caller))
        }
        (OperationName::EndSession, Some(id)) if response.status().is_success() => {
            server.sessions().end(id);
            Ok(())
        }
        _ => Ok(()),
    }
}
