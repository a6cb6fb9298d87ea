//! An agent as the gateway sees one: a server on loopback, of HTTP/1.1 and h2c, that answers by path.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cloister_gateway::{Body, BoxFuture, empty, full};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// One request as the agent received it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What the agent answers to a request for something else than its card. The client's address is
/// among the request's extensions.
pub(crate) type Handler =
    Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// A running agent.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Agent {
    /// Echoes bodies; remembers every request but those for its card.
    pub(crate) async fn echo() -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::clone(&seen);
        let handler: Handler = Arc::new(move |request| {
            let memory = Arc::clone(&memory);
            Box::pin(async move { echo(&memory, request).await })
        });
        let address = serve(card, handler).await;
        Self { address, seen }
    }

    /// Answers as `handler` says.
    pub(crate) async fn new(handler: Handler) -> Self {
        Self { address: serve(card, handler).await, seen: Arc::default() }
    }

    /// Answers what it has seen as `answer` says; remembers every request.
    pub(crate) async fn answering(
        answer: impl Fn(&Seen) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (memory, answer) = (Arc::clone(&seen), Arc::new(answer));
        let handler: Handler = Arc::new(move |request| {
            let (memory, answer) = (Arc::clone(&memory), Arc::clone(&answer));
            Box::pin(async move {
                let seen = see(request).await;
                memory.lock().unwrap().push(seen.clone());
                answer(&seen)
            })
        });
        Self { address: serve(card, handler).await, seen }
    }

    /// Serves another card; echoes.
    pub(crate) async fn with_card(make: fn(SocketAddr) -> Value) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::clone(&seen);
        let handler: Handler = Arc::new(move |request| {
            let memory = Arc::clone(&memory);
            Box::pin(async move { echo(&memory, request).await })
        });
        Self { address: serve(make, handler).await, seen }
    }

    /// Serves another card; answers as `handler` says.
    pub(crate) async fn serving(make: fn(SocketAddr) -> Value, handler: Handler) -> Self {
        Self { address: serve(make, handler).await, seen: Arc::default() }
    }

    /// Answers everything but requests for its card with these bytes at once, and hangs up.
    pub(crate) async fn hanging_up(answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let card = card(address).to_string();
        let len = card.len();
        let card = format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{card}");
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut asked = vec![0; 16 * 1024];
                let len = socket.read(&mut asked).await.unwrap();
                let is_card = asked[..len].starts_with(b"GET /.well-known/");
                let said = if is_card { card.as_bytes() } else { answer };
                socket.write_all(said).await.unwrap();
            }
        });
        Self { address, seen: Arc::default() }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap()
    }
}

/// A card with a JSON-RPC interface at `/a2a/jsonrpc` and an HTTP+JSON one at `/a2a/rest`.
pub(crate) fn card(address: SocketAddr) -> Value {
    json!({
        "name": "Translator",
        "description": "Translates",
        "version": "1.0.0",
        "supportedInterfaces": [
            {"url": format!("http://{address}/a2a/jsonrpc"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": format!("http://{address}/a2a/rest"), "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
        ],
        "capabilities": {"streaming": true, "extendedAgentCard": true},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [],
    })
}

async fn see(request: Request<Incoming>) -> Seen {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen { method: head.method, uri: head.uri, headers: head.headers, body }
}

async fn echo(memory: &Mutex<Vec<Seen>>, request: Request<Incoming>) -> Response<Body> {
    let seen = see(request).await;
    let body = seen.body.clone();
    memory.lock().unwrap().push(seen);
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-of-the-agent", "kept".parse().unwrap());
    headers.insert("cloister-peer-agent", "forged".parse().unwrap());
    response
}

async fn serve(make: fn(SocketAddr) -> Value, handler: Handler) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, from) = listener.accept().await.unwrap();
            let handler = Arc::clone(&handler);
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(from);
                let answer = answer(&make(address), &handler, request);
                async move { Ok::<_, std::convert::Infallible>(answer.await) }
            });
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _closed = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}

fn answer(
    card: &Value,
    handler: &Handler,
    request: Request<Incoming>,
) -> BoxFuture<'static, Response<Body>> {
    if request.uri().path() != "/.well-known/agent-card.json" {
        return handler(request);
    }
    let answer = card_response(card, request.headers());
    Box::pin(async move { answer })
}

/// As a web framework with caching and compression would serve it.
fn card_response(card: &Value, asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(full(card.to_string()));
    if asked.contains_key("if-none-match") {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = empty();
    }
    let headers = response.headers_mut();
    if asked.contains_key("accept-encoding") {
        headers.insert("content-encoding", "gzip".parse().unwrap());
    }
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("cache-control", "max-age=60".parse().unwrap());
    headers.insert("etag", "\"of-the-agent\"".parse().unwrap());
    response
}
