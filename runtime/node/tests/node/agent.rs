//! An A2A agent in the test's own process, which shows what reached it.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// A listening agent.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) address: SocketAddr,
    /// Where it serves gRPC, over HTTP/2.
    pub(crate) grpc: SocketAddr,
    seen: Arc<Mutex<Vec<HeaderMap>>>,
    /// Streams of events that are being read.
    streams: watch::Sender<usize>,
    /// What goes out on every stream.
    events: Arc<Mutex<Vec<mpsc::UnboundedSender<Bytes>>>>,
}

impl Agent {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let grpc = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let agent = Self {
            address: listener.local_addr().unwrap(),
            grpc: grpc.local_addr().unwrap(),
            seen: Arc::default(),
            streams: watch::Sender::new(0),
            events: Arc::default(),
        };
        tokio::spawn(agent.clone().serve(listener));
        tokio::spawn(agent.clone().serve_grpc(grpc));
        agent
    }

    /// The headers of every message that arrived.
    pub(crate) fn seen(&self) -> Vec<HeaderMap> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until this many streams of events are being read.
    pub(crate) async fn until_streams(&self, count: usize) {
        self.streams.subscribe().wait_for(|streams| *streams == count).await.unwrap();
    }

    /// Sends an event on every stream that is being read.
    pub(crate) fn say(&self, event: &'static str) {
        for stream in self.events.lock().unwrap().iter() {
            // A stream that nobody reads any more is of no interest.
            drop(stream.send(Bytes::from_static(event.as_bytes())));
        }
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let agent = self.clone();
            let service = service_fn(move |request| {
                let agent = agent.clone();
                async move { Ok::<_, Infallible>(agent.answer(request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn serve_grpc(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let agent = self.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                agent.seen.lock().unwrap().push(request.headers().clone());
                // The call comes back as it came, with a status behind it.
                let body = request.into_body().with_trailers(async {
                    let status = ("grpc-status".parse().unwrap(), "0".parse().unwrap());
                    Some(Ok(HeaderMap::from_iter([status])))
                });
                let mut response = Response::new(body);
                let kind = "application/grpc".parse().unwrap();
                response.headers_mut().insert("content-type", kind);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Answer> {
        if request.uri().path() == "/.well-known/agent-card.json" {
            return json_response(&self.card());
        }
        self.seen.lock().unwrap().push(request.headers().clone());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let call: Value = serde_json::from_slice(&body).unwrap();
        match call["method"].as_str() {
            Some("SendMessage") => json_response(&answer(&call)),
            Some("SendStreamingMessage") => self.stream(&call),
            other => panic!("{other:?}"),
        }
    }

    fn card(&self) -> Value {
        json!({
            "name": "echo", "description": "says it again", "version": "1",
            "supportedInterfaces": [{
                "url": format!("http://{}/", self.address),
                "protocolBinding": "JSONRPC", "protocolVersion": "1.0",
            }, {
                "url": self.grpc.to_string(),
                "protocolBinding": "GRPC", "protocolVersion": "1.0",
            }],
            "capabilities": {"streaming": true},
            "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
            "skills": [],
        })
    }

    /// One event, and then what the test says, for as long as anybody reads.
    fn stream(&self, call: &Value) -> Response<Answer> {
        self.streams.send_modify(|streams| *streams += 1);
        let (sender, events) = mpsc::unbounded_channel();
        sender.send(format!("data: {}\n\n", answer(call)).into()).unwrap();
        self.events.lock().unwrap().push(sender);
        let body = Answer::Stream { events, streams: self.streams.clone() };
        let mut response = Response::new(body);
        response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        response
    }
}

fn answer(call: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": call["id"], "result": {"message": call["params"]["message"]}})
}

fn json_response(value: &Value) -> Response<Answer> {
    let mut response = Response::new(Answer::Whole(Full::new(value.to_string().into())));
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// What the agent answers with.
pub(crate) enum Answer {
    Whole(Full<Bytes>),
    Stream { events: mpsc::UnboundedReceiver<Bytes>, streams: watch::Sender<usize> },
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Stream { events, .. } => {
                events.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Self::Stream { streams, .. } = self {
            streams.send_modify(|streams| *streams -= 1);
        }
    }
}
