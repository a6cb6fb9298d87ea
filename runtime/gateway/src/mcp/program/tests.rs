use core::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::{Bridge, LaunchError, Launched, Launcher};
use crate::body::{Body, empty, full};
use crate::mcp::error::McpError;

/// Starts scripted processes: what each reads comes to the test, which writes for it.
#[derive(Default)]
struct Scripted {
    started: AtomicUsize,
    processes: Mutex<Vec<Fake>>,
}

/// The far ends of one process's pipes.
struct Fake {
    lines: mpsc::UnboundedReceiver<Value>,
    output: DuplexStream,
    /// Closed once nobody keeps the process.
    kept: mpsc::Receiver<()>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Launcher for Scripted {
    fn launch(&self) -> Result<Launched, LaunchError> {
        self.started.fetch_add(1, Ordering::Relaxed);
        let ((input, read), (output, written)) = (duplex(1 << 16), duplex(1 << 16));
        let (sender, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut read = BufReader::new(read).lines();
            while let Ok(Some(line)) = read.next_line().await {
                let _gone = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let (keep, kept) = mpsc::channel::<()>(1);
        self.processes.lock().unwrap().push(Fake { lines, output: written, kept });
        Ok(Launched { input: Box::new(input), output: Box::new(output), keep: Box::new(keep) })
    }
}

impl Scripted {
    /// The process that is started next, once it is.
    async fn next(&self) -> Fake {
        while self.processes.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        self.processes.lock().unwrap().remove(0)
    }
}

impl Fake {
    async fn write(&mut self, message: &Value) {
        self.output.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// Answers the next request with `result`, after `before`.
    async fn answer(&mut self, before: &[Value], result: Value) -> Value {
        let asked = self.lines.recv().await.unwrap();
        for message in before {
            self.write(message).await;
        }
        self.write(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": result})).await;
        asked
    }
}

fn request(method: Method, session: Option<&str>, modern: bool, body: Body) -> Request<Body> {
    let version = if modern { "2026-07-28" } else { "2025-11-25" };
    let mut request = Request::builder()
        .method(method)
        .header("mcp-protocol-version", version)
        .header("accept", "application/json, text/event-stream");
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    request.body(body).unwrap()
}

fn posted(session: Option<&str>, modern: bool, message: &Value) -> Request<Body> {
    request(Method::POST, session, modern, full(message.to_string()))
}

fn rpc(id: u64, method: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}})
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn bridge() -> (Arc<Scripted>, Arc<Bridge>) {
    let launcher = Arc::<Scripted>::default();
    (Arc::clone(&launcher), Arc::new(Bridge::new(launcher)))
}

/// A session, and the process behind it.
async fn begun(launcher: &Scripted, bridge: &Arc<Bridge>) -> (String, Fake) {
    let asked = Arc::clone(bridge);
    let answer =
        tokio::spawn(async move { asked.send(posted(None, false, &rpc(0, "initialize"))).await });
    let mut fake = launcher.next().await;
    fake.answer(&[], json!({"protocolVersion": "2025-11-25"})).await;
    let response = answer.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&text(response).await).unwrap()["id"], 0);
    (id, fake)
}

#[tokio::test]
async fn each_session_has_a_process_of_its_own_that_ends_with_it() {
    let (launcher, bridge) = bridge();
    let (one, mut of_one) = begun(&launcher, &bridge).await;
    let (two, of_two) = begun(&launcher, &bridge).await;
    assert_ne!(one, two);
    assert_eq!(launcher.started.load(Ordering::Relaxed), 2);
    let ended = bridge.send(request(Method::DELETE, Some(&one), false, empty())).await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(of_one.kept.recv().await, None, "nobody keeps the process");
    let after = bridge.send(posted(Some(&one), false, &rpc(1, "ping"))).await;
    assert_eq!(after.unwrap_err(), McpError::Session);
    // The process of the other ends by itself, and the session with it.
    drop(of_two);
    while bridge.send(request(Method::GET, Some(&two), false, empty())).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_comes_before_an_answer_makes_it_a_stream_that_ends_with_the_answer() {
    let (launcher, bridge) = bridge();
    let (id, mut fake) = begun(&launcher, &bridge).await;
    let log = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x"}});
    let call = posted(Some(&id), false, &rpc(5, "tools/call"));
    let before = [log.clone()];
    let (answered, _) =
        tokio::join!(bridge.send(call), fake.answer(&before, json!({"content": []})));
    let response = answered.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = text(response).await;
    assert_eq!(text.matches("data: ").count(), 2);
    assert!(
        text.contains(&log.to_string())
            && text.ends_with("\"id\":5,\"result\":{\"content\":[]}}\n\n"),
        "{text}"
    );
}

#[tokio::test]
async fn requests_without_a_session_share_a_process_and_dropping_the_answer_cancels() {
    let (launcher, bridge) = bridge();
    let asked = Arc::clone(&bridge);
    let call =
        tokio::spawn(async move { asked.send(posted(None, true, &rpc(1, "tools/call"))).await });
    let mut fake = launcher.next().await;
    let number = fake.lines.recv().await.unwrap()["id"].clone();
    call.abort();
    let cancelled = fake.lines.recv().await.unwrap();
    assert_eq!(cancelled["method"], "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], number);
    let list = bridge.send(posted(None, true, &rpc(1, "tools/list")));
    let (answered, _) = tokio::join!(list, fake.answer(&[], json!({"tools": []})));
    let answer: Value = serde_json::from_str(&text(answered.unwrap()).await).unwrap();
    assert_eq!(answer, json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}));
    assert_eq!(launcher.started.load(Ordering::Relaxed), 1);
    // Whoever says that it cancels could mean another's request.
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let told = bridge.send(posted(None, true, &cancel)).await.unwrap();
    assert_eq!(told.status(), StatusCode::ACCEPTED);
    assert!(fake.lines.try_recv().is_err());
}

#[tokio::test]
async fn a_process_that_ends_is_started_again_and_whoever_waited_is_told() {
    let (launcher, bridge) = bridge();
    let asked = Arc::clone(&bridge);
    let call =
        tokio::spawn(async move { asked.send(posted(None, true, &rpc(1, "tools/call"))).await });
    let mut fake = launcher.next().await;
    fake.lines.recv().await.unwrap();
    drop(fake);
    assert!(matches!(call.await.unwrap(), Err(McpError::Program(_))));
    let list =
        tokio::spawn(async move { bridge.send(posted(None, true, &rpc(2, "tools/list"))).await });
    launcher.next().await.answer(&[], json!({})).await;
    assert_eq!(list.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(launcher.started.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_session_that_nobody_began_and_a_request_that_begins_none_are_refused() {
    let (launcher, bridge) = bridge();
    for request in [
        posted(None, false, &rpc(1, "tools/list")),
        posted(Some("never"), false, &rpc(1, "tools/list")),
        posted(Some("never"), false, &rpc(1, "initialize")),
        request(Method::GET, Some("never"), false, empty()),
        request(Method::DELETE, Some("never"), false, empty()),
    ] {
        assert_eq!(bridge.send(request).await.unwrap_err(), McpError::Session);
    }
    let without = request(Method::GET, None, false, empty());
    assert_eq!(bridge.send(without).await.unwrap_err(), McpError::Verb);
    assert_eq!(launcher.started.load(Ordering::Relaxed), 0);
}
