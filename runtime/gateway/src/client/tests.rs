use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::AgentClient;
use crate::agent::{AgentAddress, AgentPorts};
use crate::body::{Body, BodyError, boxed, full};
use crate::loopback::{Loopback, OwnLoopback};

struct Agent(TcpListener);

impl Agent {
    async fn start() -> (Self, AgentClient) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = AgentAddress::try_from(listener.local_addr().unwrap()).unwrap();
        let own: Arc<dyn Loopback> = Arc::new(OwnLoopback);
        (Self(listener), AgentClient::new(AgentPorts::from(address), &own))
    }

    async fn accept(&self) -> TcpStream {
        self.0.accept().await.unwrap().0
    }
}

fn ask() -> Request<Body> {
    Request::post("http://callee.cloister/x?y").body(full("ask!")).unwrap()
}

/// Reads one request of [`ask`].
async fn heard(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"ask!") {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "{heard:?}");
    }
    String::from_utf8(heard).unwrap()
}

async fn say(stream: &mut TcpStream, text: &str) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
    stream.write_all(format!("{head}{text}").as_bytes()).await.unwrap();
}

async fn read(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let (agent, client) = Agent::start().await;
    let serving = tokio::spawn(async move {
        let mut stream = agent.accept().await;
        for _ in 0..3 {
            let heard = heard(&mut stream).await;
            assert!(heard.starts_with("POST /x?y HTTP/1.1\r\n"), "{heard}");
            assert_eq!(heard.matches("host: 127.0.0.1:").count(), 1, "{heard}");
            say(&mut stream, "answer").await;
        }
    });
    for _ in 0..3 {
        assert_eq!(read(client.send(ask()).await.unwrap()).await, "answer");
    }
    serving.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_the_agent_closed_is_not_used_again() {
    let (agent, client) = Agent::start().await;
    let serving = tokio::spawn(async move {
        for _ in 0..3 {
            let mut stream = agent.accept().await;
            heard(&mut stream).await;
            say(&mut stream, "answer").await;
        }
    });
    for _ in 0..3 {
        assert_eq!(read(client.send(ask()).await.unwrap()).await, "answer");
    }
    serving.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_dropped_before_its_end_closes_the_connection() {
    let (agent, client) = Agent::start().await;
    let serving = tokio::spawn(async move {
        let mut stream = agent.accept().await;
        heard(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
    });
    let mut body = client.send(ask()).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
    drop(body);
    serving.await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_dropped_closes_the_connection() {
    let (agent, client) = Agent::start().await;
    let asking = tokio::spawn(async move { client.send(ask()).await });
    let mut stream = agent.accept().await;
    heard(&mut stream).await;
    asking.abort();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_request_goes_on_after_its_answer_has_begun_whether_or_not_that_is_read() {
    let (agent, client) = Agent::start().await;
    let (pieces, mut coming) = mpsc::channel::<Result<Frame<Bytes>, BodyError>>(1);
    let body = StreamBody::new(futures_util::stream::poll_fn(move |cx| coming.poll_recv(cx)));
    let asking = tokio::spawn(async move {
        let request = Request::post("http://callee.cloister/").body(boxed(body)).unwrap();
        client.send(request).await.unwrap()
    });
    pieces.send(Ok(Frame::data("first".into()))).await.unwrap();
    let mut stream = agent.accept().await;
    let mut heard = Vec::new();
    while !heard.ends_with(b"first\r\n") {
        stream.read_buf(&mut heard).await.unwrap();
    }
    say(&mut stream, "early").await;
    let response = asking.await.unwrap();
    pieces.send(Ok(Frame::data("last".into()))).await.unwrap();
    drop(pieces);
    while !heard.ends_with(b"last\r\n0\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
    }
    assert_eq!(read(response).await, "early");
}
