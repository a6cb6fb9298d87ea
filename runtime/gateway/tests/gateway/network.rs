//! Two runtimes without their channel: the outbound path of a planner, joined to the inbound path
//! of a translator by plain HTTP/2.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_gateway::{
    AgentAddress, AgentName, Body, BoxFuture, Channel, Delegations, DialError, DialFailure, Dialer,
    Doors, Inbound, InboundOptions, LocalPort, LocalPortOptions, Membership, Outbound,
    OutboundOptions, Owners, Pushes, Reach, Recorder, Terms, ToolServers, Vouch, WebhookPorts,
    boxed, full,
};
use cloister_policy::{InForce, LocalAgent, PolicyBundle, Subject};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::agent::Agent;
use crate::notes::Notes;
use crate::vouch::{PLANNER, TRANSLATOR, if_present};

pub(crate) const EVERYTHING: &str = "permit(principal, action, resource);";

/// The caller, as the translator's runtime knows it from its lease.
pub(crate) fn planner() -> Subject {
    somebody("planner")
}

pub(crate) fn somebody(agent: &str) -> Subject {
    Subject {
        agent: agent.into(),
        trust_domain: "demo.example".into(),
        instance: "00112233445566778899aabbccddeeff".into(),
        principal: "Acme, Inc. \u{e9}".into(),
        scope: vec!["plan".into(), "a, b".into()],
        image: "planner-image".into(),
        version: "1.2.0".into(),
        tee: Tee::Snp,
        simulated: true,
        tier: Tier::Warning,
        tcb_status: None,
        region_claim: Some("Zürich".into()),
        on_behalf_of: None,
    }
}

/// The called agent, as the planner's runtime knows it.
pub(crate) fn translator() -> Subject {
    Subject::clone(&TRANSLATOR.subject)
}

pub(crate) fn local(subject: &Subject) -> LocalAgent {
    LocalAgent {
        agent: subject.agent.clone(),
        trust_domain: subject.trust_domain.clone(),
        principal: subject.principal.clone(),
    }
}

pub(crate) fn policy(text: &str) -> Arc<InForce> {
    Arc::new(InForce::new(PolicyBundle::parse(text.as_bytes()).unwrap()).unwrap())
}

/// A runtime under whose lease nothing can be delegated: it has none.
struct NoLease;

impl Membership for NoLease {
    fn terms(&self) -> Option<Terms> {
        None
    }
}

pub(crate) fn no_lease() -> Arc<Delegations> {
    Arc::new(Delegations::new(Arc::new(NoLease)))
}

/// The inbound path in front of an agent.
pub(crate) fn inbound(agent: SocketAddr, policies: &str) -> Inbound {
    inbound_noted(agent, policies).0
}

/// The same, and what it puts on record.
pub(crate) fn inbound_noted(agent: SocketAddr, policies: &str) -> (Inbound, Arc<Notes>) {
    noted(called(agent, policies))
}

fn noted(options: InboundOptions) -> (Inbound, Arc<Notes>) {
    let notes = Arc::<Notes>::default();
    let recorder = Arc::clone(&notes) as Arc<dyn Recorder>;
    (Inbound::new(InboundOptions { recorder, ..options }), notes)
}

/// What the inbound path in front of an agent needs to know.
pub(crate) fn called(agent: SocketAddr, policies: &str) -> InboundOptions {
    // Made by earlier messages of the planner, as far as these tests go.
    let owners = Arc::new(Owners::default());
    ["t", "t-1", "a", "other", "quiet", "x", "task-1"]
        .iter()
        .for_each(|id| owners.note_task(&planner(), id));
    InboundOptions {
        local: local(&translator()),
        agent: AgentAddress::try_from(agent).unwrap().into(),
        policy: policy(policies),
        origin: if_present(),
        vouch: Arc::clone(&TRANSLATOR) as Arc<dyn Vouch>,
        owners,
        pushes: no_pushes(),
        servers: Arc::default(),
        recorder: Arc::<Notes>::default(),
        delegations: no_lease(),
    }
}

/// Of an agent that has no webhook.
pub(crate) fn no_pushes() -> Arc<Pushes> {
    Arc::new(Pushes::new(([127, 0, 0, 1], 9).into(), WebhookPorts::default()))
}

/// Serves an inbound path by HTTP/2, as a channel does.
async fn serve_inbound(inbound: Inbound) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let inbound = inbound.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let inbound = inbound.clone();
                async move {
                    Ok::<_, std::convert::Infallible>(
                        inbound.call(Arc::new(planner()), request).await,
                    )
                }
            });
            let connection = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(socket), service));
        }
    });
    address
}

/// A channel that attests nothing.
pub(crate) struct PlainChannel {
    sender: SendRequest<Body>,
    /// Requests that crossed.
    pub(crate) crossed: AtomicUsize,
}

impl PlainChannel {
    async fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let io = TokioIo::new(socket);
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Self { sender, crossed: AtomicUsize::new(0) }
    }
}

impl Channel for PlainChannel {
    fn peer(&self) -> Arc<Subject> {
        Arc::new(translator())
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        self.crossed.fetch_add(1, Ordering::Relaxed);
        let sent = self.sender.clone().send_request(request);
        Box::pin(async move {
            let response = sent.await.map_err(|_| failure(DialFailure::Interrupted))?;
            Ok(response.map(boxed))
        })
    }
}

/// Knows the translator and nobody else; `hidden`, `refusing`, `crowded` and `asleep` fail in their own ways.
pub(crate) struct PlainDialer(Arc<PlainChannel>);

impl Dialer for PlainDialer {
    fn dial<'a>(
        &'a self,
        agent: &'a AgentName,
    ) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        Box::pin(async move {
            match agent.as_str() {
                "translator" => Ok(Arc::clone(&self.0) as Arc<dyn Channel>),
                "refusing" => Err(failure(DialFailure::Refused)),
                "crowded" => Err(failure(DialFailure::Overloaded)),
                "asleep" => Err(failure(DialFailure::Unreachable)),
                _ => Err(failure(DialFailure::UnknownAgent)),
            }
        })
    }

    fn own(&self) -> Option<Arc<Subject>> {
        Some(Arc::new(planner()))
    }
}

/// The translator's door.
struct OneDoor(SocketAddr);

impl Doors for OneDoor {
    fn open<'a>(&'a self, agent: &'a AgentName) -> BoxFuture<'a, Option<SocketAddr>> {
        Box::pin(async move { (agent.as_str() == "translator").then_some(self.0) })
    }

    fn behind(&self, address: IpAddr) -> Option<AgentName> {
        (address == self.0.ip()).then(|| AgentName::new("translator").unwrap())
    }
}

pub(crate) fn failure(kind: DialFailure) -> DialError {
    // Any error with a code will do.
    DialError::new(kind, &PolicyBundle::parse(b"\xff").unwrap_err())
}

/// An agent, two gateways and a client.
pub(crate) struct Network {
    pub(crate) agent: Agent,
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) channel: Arc<PlainChannel>,
    /// Where the planner finds its gateway.
    pub(crate) surface: SocketAddr,
    /// Where it finds the translator and nobody else.
    pub(crate) door: SocketAddr,
    /// On record at the calling end.
    pub(crate) calling: Arc<Notes>,
    /// On record at the called end.
    pub(crate) called: Arc<Notes>,
    client: Client<HttpConnector, Body>,
}

impl Network {
    /// Everything is permitted at both ends.
    pub(crate) async fn open(agent: Agent) -> Self {
        Self::governed(agent, EVERYTHING, EVERYTHING).await
    }

    /// With policies at the calling and at the called end.
    pub(crate) async fn governed(agent: Agent, calling: &str, called: &str) -> Self {
        let options = self::called(agent.address, called);
        Self::joined(agent, calling, options).await
    }

    /// With whatever the called end is given.
    pub(crate) async fn joined(agent: Agent, calling: &str, called: InboundOptions) -> Self {
        Self::with_servers(agent, calling, called, ToolServers::default()).await
    }

    /// The same, with the tool servers that the planner may find.
    pub(crate) async fn with_servers(
        agent: Agent,
        calling: &str,
        called: InboundOptions,
        servers: ToolServers,
    ) -> Self {
        let (inbound, called) = noted(called);
        let noted = Arc::<Notes>::default();
        let channel = Arc::new(PlainChannel::connect(serve_inbound(inbound.clone()).await).await);
        let at_door = TcpListener::bind("127.80.1.1:0").await.unwrap();
        let door = at_door.local_addr().unwrap();
        let outbound = Outbound::new(OutboundOptions {
            local: local(&planner()),
            policy: policy(calling),
            dialer: Arc::new(PlainDialer(Arc::clone(&channel))),
            doors: Some(Arc::new(OneDoor(door))),
            vouch: Arc::clone(&PLANNER) as Arc<dyn Vouch>,
            pushes: no_pushes(),
            servers: Arc::new(servers),
            recorder: Arc::clone(&noted) as Arc<dyn Recorder>,
            delegations: no_lease(),
        });
        let surface = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let surface = serve_outbound(surface, outbound.clone());
        serve_outbound(at_door, outbound.clone());
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { agent, inbound, outbound, channel, surface, door, calling: noted, called, client }
    }

    /// A port on a person's machine to an agent of this name, over the same channel.
    pub(crate) fn local_port(&self, agent: &str) -> LocalPort {
        LocalPort::new(LocalPortOptions {
            agent: AgentName::new(agent).unwrap(),
            reach: Reach::Loopback,
            dialer: Arc::new(PlainDialer(Arc::clone(&self.channel))),
        })
    }

    /// Sends a request to a path of the surface.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Response<Incoming> {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.surface));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.request(request.body(body).unwrap()).await.unwrap()
    }

    /// Sends JSON to the translator's JSON-RPC interface.
    pub(crate) async fn rpc(&self, body: impl Into<Bytes>) -> Response<Incoming> {
        let headers = [("content-type", "application/json"), ("a2a-version", "1.0")];
        self.send("POST", "/agents/translator/a2a/jsonrpc", &headers, full(body)).await
    }

    /// Sends a request to a path beneath the translator's HTTP+JSON interface.
    pub(crate) async fn rest(&self, method: &str, path: &str, body: Body) -> Response<Incoming> {
        let headers = [("content-type", "application/a2a+json"), ("a2a-version", "1.0")];
        self.send(method, &format!("/agents/translator/a2a/rest{path}"), &headers, body).await
    }
}

fn serve_outbound(listener: TcpListener, outbound: Outbound) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let outbound = outbound.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let outbound = outbound.clone();
                    async move { Ok::<_, std::convert::Infallible>(outbound.call(request).await) }
                });
                let server = auto::Builder::new(TokioExecutor::new());
                let _closed = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}

/// The whole of an answer.
pub(crate) async fn whole<B>(response: Response<B>) -> (StatusCode, Bytes)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

/// The whole of an answer that is JSON.
pub(crate) async fn json_of<B>(response: Response<B>) -> (StatusCode, Value)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (status, body) = whole(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("not JSON: {body:?}")))
}
