//! The two ends that a call can have, as the steps of both directions see them.

use std::sync::Arc;

use cloister_policy::{Direction, Subject};
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};

use crate::body::{Body, empty};
use crate::card::{CARD_PATH, CardError, Interfaces};
use crate::client::AgentClient;
use crate::delegation::{Accepted, Acting, DELEGATION, DelegationError, Passed};
use crate::dialer::{BoxFuture, Channel};
use crate::error::Cause;
use crate::limits::CARD_BYTES_MAX;
use crate::mcp::{Endpoint, Server};
use crate::ownership::Owner;
use crate::peek::{CollectError, collect, is_encoded};
use crate::push::{Entry, Webhook};
use cloister_channel::AgentName;

/// Who is at the other end of a connection, as far as anybody vouches for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Party<S> {
    /// An attested agent.
    Attested(S),
    /// Somebody who dialled without a TEE: nothing is known.
    Visitor,
}

impl<S: AsRef<Subject>> Party<S> {
    fn known(&self) -> Party<&Subject> {
        match self {
            Self::Attested(subject) => Party::Attested(subject.as_ref()),
            Self::Visitor => Party::Visitor,
        }
    }
}

/// What every step needs to know of a call's far end.
pub(crate) trait End: Clone + Send + Sync + 'static {
    /// Who calls whom.
    const DIRECTION: Direction;

    /// Who is at the other end of the connection.
    fn peer(&self) -> Party<&Subject>;

    /// What the request is for.
    fn target(&self) -> &Target;

    /// For whom, and for what, the caller acts, where it acts for another.
    fn acting(&self) -> Option<&Acting>;

    /// What is wrong with the delegation that came with the request: it is denied, whatever policy
    /// says.
    fn objection(&self) -> Option<&DelegationError>;

    /// Names one boot of the agent that is called.
    fn callee(&self) -> String;

    /// Sends a request to the agent that is called; only path and query of its URI count.
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Cause>>;
}

/// What a request is for.
#[derive(Clone)]
pub(crate) enum Target {
    /// The agent at the far end.
    Agent,
    /// This tool server.
    Server(Arc<Server>),
    /// A tool server that there is not.
    NoServer,
    /// A webhook of the local agent.
    Webhook(Arc<Entry<Webhook>>),
    /// A webhook that there is not, or not for this peer.
    NoWebhook,
}

/// Whoever calls the local agent, or a tool server beside it.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) peer: Party<Arc<Subject>>,
    /// Whose the tasks are that it makes.
    pub(crate) owner: Owner,
    pub(crate) agent: AgentClient,
    pub(crate) target: Target,
    /// What the peer presented, once somebody looked whether to believe it.
    pub(crate) delegation: Option<Result<Accepted, DelegationError>>,
}

impl End for Caller {
    const DIRECTION: Direction = Direction::Inbound;

    fn peer(&self) -> Party<&Subject> {
        self.peer.known()
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn acting(&self) -> Option<&Acting> {
        self.delegation.as_ref()?.as_ref().ok().map(|accepted| &accepted.acting)
    }

    fn objection(&self) -> Option<&DelegationError> {
        self.delegation.as_ref()?.as_ref().err()
    }

    fn callee(&self) -> String {
        // There is one local agent, and its boots cannot be told apart.
        String::new()
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Cause>> {
        match &self.target {
            Target::Server(server) => Box::pin(server.send(request)),
            Target::Webhook(entry) => Box::pin(entry.deliver(&self.agent, request)),
            Target::Agent | Target::NoServer | Target::NoWebhook => {
                Box::pin(self.agent.send(request))
            }
        }
    }
}

/// A peer that the local agent calls.
#[derive(Clone)]
pub(crate) struct Callee {
    pub(crate) agent: AgentName,
    pub(crate) peer: Arc<Subject>,
    pub(crate) channel: Arc<dyn Channel>,
    /// Where it is found here: `http://AUTHORITY/agents/NAME`, or `http://AUTHORITY`.
    pub(crate) base: String,
    /// `host:port` that names this agent and no other, if it was called by one.
    pub(crate) own_place: Option<String>,
    pub(crate) target: Target,
    /// What is passed on with the request, or why it is not.
    pub(crate) delegation: Option<Result<Passed, DelegationError>>,
}

impl Callee {
    /// Policy sees whom the local agent acts for; the peer will see the chain.
    pub(crate) fn pass_on(&mut self, passed: Result<Passed, DelegationError>) {
        if let Ok(passed) = &passed {
            self.peer = Arc::new(passed.peer.clone());
        }
        self.delegation = Some(passed);
    }
}

impl End for Callee {
    const DIRECTION: Direction = Direction::Outbound;

    fn peer(&self) -> Party<&Subject> {
        Party::Attested(&self.peer)
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn acting(&self) -> Option<&Acting> {
        self.delegation.as_ref()?.as_ref().ok().map(|passed| &passed.acting)
    }

    fn objection(&self) -> Option<&DelegationError> {
        self.delegation.as_ref()?.as_ref().err()
    }

    fn callee(&self) -> String {
        format!("{}/{}", self.peer.trust_domain, self.peer.instance)
    }

    fn send(&self, mut request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Cause>> {
        Box::pin(async move {
            if let Target::Server(server) = &self.target
                && let Endpoint::Peer(_, path) = server.endpoint()
            {
                *request.uri_mut() = Uri::from(path.clone());
            }
            // SECURITY: here and not before, since whatever else is called so was removed.
            if let Some(Ok(Passed { chain: Some(chain), .. })) = &self.delegation {
                let chain = chain.clone();
                request.headers_mut().insert(DELEGATION, chain);
            }
            request.headers_mut().remove(HOST);
            *request.version_mut() = Version::HTTP_2;
            let authority = format!("{}.cloister", self.agent).parse::<Authority>();
            let authority = authority.map_err(|_| Cause::NotServed)?;
            *request.uri_mut() = at(Scheme::HTTPS, authority, request.uri())?;
            Ok(self.channel.send(request).await?)
        })
    }
}

/// The path and query of `uri` at another authority.
pub(crate) fn at(scheme: Scheme, authority: Authority, uri: &Uri) -> Result<Uri, Cause> {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let built = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
    built.map_err(|_| Cause::NotServed)
}

/// Asks the agent that is called for its public card, and reads its interfaces.
pub(crate) async fn interfaces(end: &impl End) -> Result<Interfaces, Cause> {
    let mut request = Request::new(empty());
    *request.uri_mut() = Uri::from_static(CARD_PATH);
    let response = end.send(request).await?;
    let card = card_bytes(response).await?;
    Ok(Interfaces::of_card(&card)?)
}

/// The bytes of a card that an agent answered with.
pub(crate) async fn card_bytes(response: Response<Body>) -> Result<bytes::Bytes, CardError> {
    if !response.status().is_success() {
        return Err(CardError::Status(response.status().as_u16()));
    }
    if is_encoded(response.headers()) {
        return Err(CardError::Encoded);
    }
    collect(response.into_body(), CARD_BYTES_MAX).await.map_err(|error| match error {
        CollectError::TooLarge => CardError::TooLarge,
        CollectError::Stalled => CardError::Broken,
    })
}
