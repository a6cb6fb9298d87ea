//! Events as they happen, cancellation, and bodies that are larger than memory should be.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cloister_gateway::{Body, BodyError, boxed, full};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::agent::{Agent, Handler};
use crate::network::{EVERYTHING, Network, inbound, planner, whole};

/// Long enough that only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

const STREAM: &str = r#"{"jsonrpc":"2.0","id":1,"method":"SendStreamingMessage","params":{"message":{"messageId":"m","parts":[]}}}"#;

/// A body of what is put into a queue; says when nobody wants it any more.
struct Queue {
    events: mpsc::Receiver<Bytes>,
    dropped: Option<oneshot::Sender<()>>,
}

impl http_body::Body for Queue {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.events.poll_recv(cx).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.dropped.take().map(|dropped| dropped.send(()));
    }
}

/// An agent that answers the first request with an event stream.
async fn streaming() -> (Agent, mpsc::Sender<Bytes>, oneshot::Receiver<()>) {
    let (events, receiver) = mpsc::channel(1);
    let (dropped, gone) = oneshot::channel();
    let queue = Mutex::new(Some(Queue { events: receiver, dropped: Some(dropped) }));
    let handler: Handler = Arc::new(move |request| {
        let queue = queue.lock().unwrap().take().unwrap();
        Box::pin(async move {
            // A server that leaves a request unread does not notice that its client has gone.
            request.into_body().collect().await.unwrap();
            let mut response = Response::new(boxed(queue));
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            response
        })
    });
    (Agent::new(handler).await, events, gone)
}

#[tokio::test]
async fn each_event_arrives_before_the_next_is_sent() {
    let (agent, events, _gone) = streaming().await;
    let network = Network::open(agent).await;
    let mut response = timeout(HANG, network.rpc(STREAM)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    for event in ["data: {\"one\":1}\n\n", ": keep-alive\n\n", "id: 7\ndata: two\n\n"] {
        events.send(Bytes::from(event)).await.unwrap();
        let frame = timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    drop(events);
    assert!(timeout(HANG, response.frame()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_caller_that_leaves_cancels_a_quiet_stream_at_the_agent() {
    let (agent, events, gone) = streaming().await;
    let network = Network::open(agent).await;
    let mut socket = TcpStream::connect(network.surface).await.unwrap();
    let head = "POST /agents/translator/a2a/rest/message:stream HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let body = r#"{"message":{}}"#;
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).await.unwrap();
    events.send(Bytes::from("data: 1\n\n")).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"data: 1\n\n\r\n") {
        assert!(timeout(HANG, socket.read_buf(&mut received)).await.unwrap().unwrap() > 0);
    }
    drop(socket);
    // No event follows: the agent learns of it although it says nothing.
    timeout(HANG, gone).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_channel_that_drops_an_answer_cancels_it_at_the_agent() {
    let (agent, events, gone) = streaming().await;
    let inbound = inbound(agent.address, EVERYTHING);
    let request =
        Request::post("/a2a/rest/message:stream").header("content-type", "application/json");
    let request = request.body(full(r#"{"message":{}}"#)).unwrap();
    let mut response = inbound.call(Arc::new(planner()), request).await;
    events.send(Bytes::from("data: 1\n\n")).await.unwrap();
    timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
    drop(response);
    timeout(HANG, gone).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_that_was_read_to_its_end_leaves_its_connection_open() {
    let connections = Arc::new(Mutex::new(HashSet::new()));
    let memory = Arc::clone(&connections);
    let handler: Handler = Arc::new(move |request| {
        memory.lock().unwrap().insert(*request.extensions().get::<SocketAddr>().unwrap());
        Box::pin(async { Response::new(full("done")) })
    });
    let network = Network::open(Agent::new(handler).await).await;
    for _ in 0..5 {
        whole(network.rest("GET", "/tasks/t", full("")).await).await;
    }
    assert_eq!(connections.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_answer_cancels_the_call() {
    let (started, mut starts) = mpsc::channel(1);
    let (dropped, gone) = oneshot::channel::<()>();
    let held = Arc::new(Mutex::new(Some(dropped)));
    let handler: Handler = Arc::new(move |_| {
        // Dropped together with the call that it is moved into.
        let held = held.lock().unwrap().take();
        let started = started.clone();
        Box::pin(async move {
            started.send(()).await.unwrap();
            std::future::pending::<()>().await;
            drop(held);
            unreachable!()
        })
    });
    let network = Network::open(Agent::new(handler).await).await;
    let mut call =
        Box::pin(network.rpc(r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}"#));
    tokio::select! {
        _ = &mut call => panic!("the agent never answers"),
        started = timeout(HANG, starts.recv()) => started.unwrap().unwrap(),
    }
    drop(call);
    // The sender was dropped without a word: the agent's side of the call is gone.
    assert!(timeout(HANG, gone).await.unwrap().is_err());
}

#[tokio::test]
async fn a_stream_that_breaks_at_the_agent_breaks_at_the_caller() {
    let (sender, receiver) = mpsc::channel(1);
    let receiver = Mutex::new(Some(receiver));
    let handler: Handler = Arc::new(move |_| {
        let receiver = receiver.lock().unwrap().take().unwrap();
        Box::pin(async move { Response::new(boxed(Fallible(receiver))) })
    });
    let network = Network::open(Agent::new(handler).await).await;
    let mut response = network.rpc(STREAM).await;
    sender.send(Ok(Frame::data(Bytes::from("data: 1\n\n")))).await.unwrap();
    timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
    sender.send(Err("broken".into())).await.unwrap();
    assert!(timeout(HANG, response.frame()).await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn what_an_agent_says_before_it_breaks_off_arrives() {
    let said = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
        transfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
    let network = Network::open(Agent::hanging_up(said).await).await;
    for _ in 0..20 {
        let mut response = network.rpc(STREAM).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let event = timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(event.into_data().unwrap(), "data: 1\n\n");
        assert!(timeout(HANG, response.frame()).await.unwrap().unwrap().is_err());
    }
}

/// A body of what is put into a queue, errors among it.
pub(crate) struct Fallible(pub(crate) mpsc::Receiver<Result<Frame<Bytes>, BodyError>>);

impl http_body::Body for Fallible {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.poll_recv(cx)
    }
}

/// A message with one long text, that counts how much of it was taken.
struct Zeros {
    head: &'static str,
    left: u64,
    tail: &'static str,
    taken: Arc<AtomicU64>,
}

const CHUNK: usize = 64 * 1024;
const HEAD: &str = r#"{"message":{"messageId":"m","taskId":"t","parts":[{"raw":""#;
const TAIL: &str = r#""}]}}"#;
/// Of a message around a text.
const AROUND: u64 = (HEAD.len() + TAIL.len()) as u64;

impl Zeros {
    fn new(bytes: u64) -> (Self, Arc<AtomicU64>) {
        Self::between(HEAD, bytes, TAIL)
    }

    fn between(head: &'static str, bytes: u64, tail: &'static str) -> (Self, Arc<AtomicU64>) {
        let taken = Arc::new(AtomicU64::new(0));
        (Self { head, left: bytes, tail, taken: Arc::clone(&taken) }, taken)
    }
}

impl http_body::Body for Zeros {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        static BYTES: [u8; CHUNK] = [b'0'; CHUNK];
        let this = &mut *self;
        let edge = if this.left > 0 { &mut this.head } else { &mut this.tail };
        if !edge.is_empty() {
            let edge = Bytes::from_static(std::mem::take(edge).as_bytes());
            return Poll::Ready(Some(Ok(Frame::data(edge))));
        }
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= CHUNK as u64;
        self.taken.fetch_add(CHUNK as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&BYTES)))))
    }
}

const MIB: u64 = 1024 * 1024;

async fn length(
    body: &mut (impl http_body::Body<Data = Bytes, Error: std::fmt::Debug> + Unpin),
) -> u64 {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().unwrap().len() as u64;
    }
    length
}

#[tokio::test]
async fn a_64_mib_body_streams_through_both_ways() {
    let handler: Handler = Arc::new(|mut request| {
        Box::pin(async move {
            let received = length(request.body_mut()).await;
            Response::new(boxed(Zeros::new(received - AROUND).0))
        })
    });
    let network = Network::open(Agent::new(handler).await).await;
    let body = boxed(Zeros::new(64 * MIB).0);
    let mut response = network.rest("POST", "/message:send", body).await;
    assert_eq!(response.status(), 200);
    assert_eq!(length(response.body_mut()).await, 64 * MIB + AROUND);
}

/// An agent that says how much of a request it got, and whether that was all.
fn measuring() -> (Handler, mpsc::Receiver<(u64, bool)>) {
    let (sender, receiver) = mpsc::channel(4);
    let handler: Handler = Arc::new(move |mut request| {
        let sender = sender.clone();
        Box::pin(async move {
            let (mut got, mut whole) = (0, true);
            while let Some(frame) = request.body_mut().frame().await {
                match frame {
                    Ok(frame) => got += frame.into_data().unwrap().len() as u64,
                    Err(_) => whole = false,
                }
            }
            sender.send((got, whole)).await.unwrap();
            Response::new(full("{}"))
        })
    });
    (handler, receiver)
}

#[tokio::test]
async fn a_task_that_is_named_behind_a_large_part_breaks_the_request_off() {
    let (handler, mut seen) = measuring();
    let network = Network::open(Agent::new(handler).await).await;
    let head = r#"{"message":{"parts":[{"raw":""#;
    for (tail, late) in [
        (r#""}],"taskId":"t"}}"#, true),
        (r#""}]},"configuration":{"taskPushNotificationConfig":{}}}"#, true),
        (r#""}],"metadata":{"taskId":"t"}}}"#, false),
    ] {
        let body = boxed(Zeros::between(head, 8 * MIB, tail).0);
        let response = network.rest("POST", "/message:send", body).await;
        let (got, whole) = timeout(HANG, seen.recv()).await.unwrap().unwrap();
        assert_eq!(whole, !late, "{tail}");
        assert!(got >= MIB, "{tail}");
        let (status, body) = whole_of(response).await;
        assert_eq!(status, if late { 400 } else { 200 }, "{body}");
        assert_eq!(body.contains("gateway.request.late"), late, "{body}");
    }
}

async fn whole_of(response: Response<hyper::body::Incoming>) -> (u16, String) {
    let (status, body) = whole(response).await;
    (status.as_u16(), String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_large_body_that_ends_in_the_middle_is_not_completed() {
    let (handler, mut seen) = measuring();
    let network = Network::open(Agent::new(handler).await).await;
    let body = boxed(Zeros::between(HEAD, 2 * MIB, "").0);
    let response = network.rest("POST", "/message:send", body).await;
    assert_eq!(response.status(), 400);
    assert!(!timeout(HANG, seen.recv()).await.unwrap().unwrap().1);
}

/// Waits until `taken` no longer grows; what it came to.
async fn settled(taken: &AtomicU64) -> u64 {
    let mut before = u64::MAX;
    loop {
        let now = taken.load(Ordering::Relaxed);
        if now == before && now > 0 {
            return now;
        }
        before = now;
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_not_read_from_the_agent_either() {
    let (zeros, taken) = Zeros::new(1024 * MIB);
    let zeros = Mutex::new(Some(zeros));
    let handler: Handler = Arc::new(move |_| {
        let zeros = zeros.lock().unwrap().take().unwrap();
        Box::pin(async move { Response::new(boxed(zeros)) })
    });
    let network = Network::open(Agent::new(handler).await).await;
    let response = network.rest("GET", "/tasks/t", full("")).await;
    // What is under way is in sockets' buffers and one HTTP/2 window, not in the gateway.
    let taken = settled(&taken).await;
    assert!(taken < 32 * MIB, "{taken}");
    drop(response);
}

#[tokio::test]
async fn a_request_that_the_agent_does_not_read_is_not_read_from_the_caller_either() {
    let handler: Handler = Arc::new(|request| {
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(request);
            unreachable!()
        })
    });
    let network = Network::open(Agent::new(handler).await).await;
    let (zeros, taken) = Zeros::new(1024 * MIB);
    let body: Body = boxed(zeros);
    let call = network.rest("POST", "/message:send", body);
    tokio::select! {
        _ = call => panic!("the agent never answers"),
        taken = settled(&taken) => assert!(taken < 32 * MIB, "{taken}"),
    }
}

#[tokio::test]
async fn nothing_cuts_a_quiet_call_of_an_hour_short() {
    let handler: Handler = Arc::new(|request| {
        Box::pin(async move {
            if request.uri().path().ends_with("quiet") {
                sleep(Duration::from_secs(3600)).await;
            }
            Response::new(full("late"))
        })
    });
    let agent = Agent::new(handler).await;
    let inbound = inbound(agent.address, EVERYTHING);
    let ask = async |path: &str| {
        let request = Request::get(path).body(full("")).unwrap();
        whole(inbound.call(Arc::new(planner()), request).await).await
    };
    // The card is known and a connection is open before time is made to jump.
    ask("/a2a/rest/tasks/t").await;
    tokio::time::pause();
    let (status, body) = ask("/a2a/rest/tasks/quiet").await;
    assert_eq!((status.as_u16(), &body[..]), (200, &b"late"[..]));
}
