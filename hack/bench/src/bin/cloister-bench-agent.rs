//! The agent that the gateway is measured with: the least that a gateway takes for an A2A agent.
//!
//! `POST /jsonrpc` answers a message with a message; a message that says `tick COUNT MILLISECONDS`,
//! with so many events, so far apart, the first of them at once. `POST /rest/message:send` reads a
//! message of any size and answers with how large it was.
#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use clap::Parser;
use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// The agent that the gateway is measured with.
#[derive(Debug, Parser)]
struct Arguments {
    /// The name on the agent card.
    #[arg(long)]
    name: String,
    /// Loopback port to listen on. Default: what `A2A_PORT` says, as a runtime sets it.
    #[arg(long)]
    port: Option<u16>,
}

type Body = UnsyncBoxBody<Bytes, hyper::Error>;
type Answer = Result<Response<Body>, hyper::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments { name, port } = Arguments::parse();
    let port = port.map_or_else(port_from_runtime, Ok)?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("port {port} on loopback is not free"))?;
    let card = Bytes::from(card(&name, port));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        drop(tokio::spawn(serve(stream, card.clone())));
    }
}

fn port_from_runtime() -> anyhow::Result<u16> {
    let port = std::env::var("A2A_PORT").context("give --port, or set A2A_PORT")?;
    port.parse().with_context(|| format!("A2A_PORT is {port:?}, which is no port"))
}

async fn serve(stream: TcpStream, card: Bytes) {
    let service = service_fn(|request| answer(request, card.clone()));
    let mut server = http1::Builder::new();
    let connection =
        server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    // Whoever closes its connection is measured by what it got.
    let _ended = connection.await;
}

async fn answer(request: Request<Incoming>, card: Bytes) -> Answer {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/.well-known/agent-card.json") => Ok(json(card)),
        (&Method::POST, "/jsonrpc") => {
            let said = request.into_body().collect().await?.to_bytes();
            Ok(ticks(&said).map_or_else(|| json(Bytes::from_static(REPLY)), events))
        }
        (&Method::POST, "/rest/message:send") => {
            let bytes = counted(request.into_body()).await?;
            let said =
                format!(r#"{{"message":{{"messageId":"a","parts":[{{"text":"{bytes}"}}]}}}}"#);
            Ok(json(said.into()))
        }
        _ => {
            let mut absent = json(Bytes::new());
            *absent.status_mut() = StatusCode::NOT_FOUND;
            Ok(absent)
        }
    }
}

const REPLY: &[u8] = br#"{"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"a-1","role":"ROLE_AGENT","parts":[{"text":"It is said back, so that there is something to carry."}]}}}"#;

fn json(text: Bytes) -> Response<Body> {
    let mut response =
        Response::new(Full::new(text).map_err(|never: Infallible| match never {}).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// How many bytes a body had.
async fn counted(mut body: Incoming) -> Result<usize, hyper::Error> {
    let mut bytes = 0_usize;
    while let Some(frame) = body.frame().await {
        bytes = bytes.saturating_add(frame?.data_ref().map_or(0, Bytes::len));
    }
    Ok(bytes)
}

/// How many events are asked for, and how far apart.
fn ticks(said: &[u8]) -> Option<(usize, Duration)> {
    let (_, rest) = core::str::from_utf8(said).ok()?.split_once("\"tick ")?;
    let (count, rest) = rest.split_once(' ')?;
    let (apart, _) = rest.split_once('"')?;
    Some((count.parse().ok()?, Duration::from_millis(apart.parse().ok()?)))
}

fn events((count, apart): (usize, Duration)) -> Response<Body> {
    let events = stream::iter(0..count).then(move |at| async move {
        if at > 0 {
            tokio::time::sleep(apart).await;
        }
        let event = format!(
            "data: {{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"message\":{{\"messageId\":\"a-{at}\",\"parts\":[]}}}}}}\n\n"
        );
        Ok(Frame::data(Bytes::from(event)))
    });
    let mut response = Response::new(StreamBody::new(events).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

fn card(name: &str, port: u16) -> String {
    let base = format!("http://127.0.0.1:{port}");
    serde_json::json!({
        "name": name,
        "description": "Is measured with.",
        "version": env!("CARGO_PKG_VERSION"),
        "supportedInterfaces": [
            { "url": format!("{base}/jsonrpc"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0" },
            { "url": format!("{base}/rest"), "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0" },
        ],
        "capabilities": { "streaming": true },
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{ "id": "echo", "name": "Echo", "description": "Says it back.", "tags": ["text"] }],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ticks;

    #[test]
    fn a_message_can_ask_for_events() {
        let asked = br#"{"params":{"message":{"parts":[{"text":"tick 8 250"}]}}}"#;
        assert_eq!(ticks(asked), Some((8, Duration::from_millis(250))));
        assert_eq!(ticks(br#"{"params":{"message":{"parts":[{"text":"hello"}]}}}"#), None);
    }
}
