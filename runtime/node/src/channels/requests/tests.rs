use core::future::Future;
use core::time::Duration;

use bytes::Bytes;
use cloister_gateway::{Body, boxed, full};
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, StreamBody};
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Lost, Requests, start};
use crate::channels::usage::Usage;
use crate::config::Limits;
use crate::limits::STREAM_WINDOW_BYTES;

type Respond = h2::server::SendResponse<Bytes>;

/// A connection whose other end gives every request to `answer`.
async fn served<F>(
    answer: impl Fn(Request<h2::RecvStream>, Respond) -> F + Send + 'static,
) -> Requests
where
    F: Future<Output = ()> + Send + 'static,
{
    let (near, far) = tokio::io::duplex(16 * 1024);
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(far).await.unwrap();
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(answer(request, respond));
        }
    });
    let (requests, connection) = start(near, Usage::default(), Limits::default()).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    requests
}

fn post(body: Body) -> Request<Body> {
    Request::post("https://peer.cloister/").body(body).unwrap()
}

/// Answers with what was sent, piece by piece, and how long it was said to be.
async fn echo(mut request: Request<h2::RecvStream>, mut respond: Respond) {
    let mut response = Response::new(());
    if let Some(length) = request.headers().get("content-length").cloned() {
        response.headers_mut().insert("said", length);
    }
    let mut answer = respond.send_response(response, false).unwrap();
    while let Some(Ok(data)) = request.body_mut().data().await {
        request.body_mut().flow_control().release_capacity(data.len()).unwrap();
        answer.send_data(data, false).unwrap();
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("end", "1".parse().unwrap());
    answer.send_trailers(trailers).unwrap();
}

#[tokio::test]
async fn bodies_and_trailers_arrive_whole_and_lengths_are_declared() {
    let mut requests = served(echo).await;
    let large = vec![7; usize::try_from(STREAM_WINDOW_BYTES).unwrap() + 1];
    for body in [Bytes::from_static(b"small"), Bytes::new(), large.into()] {
        let response = requests.send(post(full(body.clone()))).await.unwrap();
        assert_eq!(response.headers()["said"], body.len().to_string());
        let collected = response.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["end"], "1");
        assert_eq!(collected.to_bytes(), body);
    }
}

#[tokio::test]
async fn a_body_goes_on_after_its_answer_has_begun_whether_or_not_that_is_read() {
    let (pieces, mut coming) = mpsc::channel::<Result<Frame<Bytes>, std::io::Error>>(1);
    let body = StreamBody::new(futures_util::stream::poll_fn(move |cx| coming.poll_recv(cx)));
    let mut requests = served(echo).await;
    let response = requests.send(post(boxed(body))).await.unwrap();
    assert!(!response.headers().contains_key("said"));
    for piece in ["one ", "two ", "three"] {
        pieces.send(Ok(Frame::data(piece.into()))).await.unwrap();
    }
    drop(pieces);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "one two three");
}

#[tokio::test]
async fn what_is_not_waited_for_any_more_is_reset() {
    let (told, mut hears) = mpsc::channel(2);
    let mut requests = served(move |_, mut respond: Respond| {
        let told = told.clone();
        async move {
            told.send(None).await.unwrap();
            let reason = core::future::poll_fn(|cx| respond.poll_reset(cx)).await;
            told.send(Some(reason.unwrap())).await.unwrap();
        }
    })
    .await;
    tokio::select! {
        _ = requests.send(post(full("hello"))) => panic!("nobody answers"),
        arrived = hears.recv() => assert_eq!(arrived, Some(None)),
    }
    assert_eq!(hears.recv().await, Some(Some(h2::Reason::CANCEL)));
}

#[tokio::test]
async fn a_body_that_breaks_off_resets_the_stream_and_has_no_answer() {
    let mut requests = served(|mut request, _respond| async move {
        while let Some(Ok(_)) = request.body_mut().data().await {}
    })
    .await;
    let broken = futures_util::stream::iter([
        Ok(Frame::data(Bytes::from_static(b"half"))),
        Err(std::io::Error::other("gone")),
    ]);
    let unanswered = requests.send(post(boxed(StreamBody::new(broken)))).await.unwrap_err();
    assert!(!unanswered.unsent);
    assert_eq!(unanswered.error.reason(), Some(h2::Reason::INTERNAL_ERROR));
}

/// How the body of an answer ends that has four bytes and is reset with `reason`.
async fn ended_by(reason: h2::Reason, declared: Option<u64>) -> Result<Bytes, h2::Error> {
    let mut requests = served(move |_, mut respond: Respond| async move {
        let mut response = Response::new(());
        if let Some(bytes) = declared {
            response.headers_mut().insert("content-length", bytes.into());
        }
        let mut body = respond.send_response(response, false).unwrap();
        body.send_data("data".into(), false).unwrap();
        // So that it is there before the reset, which overtakes what waits.
        tokio::time::sleep(Duration::from_millis(20)).await;
        body.send_reset(reason);
    })
    .await;
    let response = requests.send(post(full("hello"))).await.unwrap();
    response.into_body().collect().await.map(|all| all.to_bytes())
}

#[tokio::test]
async fn only_a_reset_without_an_error_ends_an_answer_well_and_only_one_that_is_whole() {
    for declared in [None, Some(4)] {
        assert_eq!(ended_by(h2::Reason::NO_ERROR, declared).await.unwrap(), "data");
        assert!(ended_by(h2::Reason::CANCEL, declared).await.is_err());
        assert!(ended_by(h2::Reason::INTERNAL_ERROR, declared).await.is_err());
    }
    assert!(ended_by(h2::Reason::NO_ERROR, Some(5)).await.is_err());
}

#[tokio::test]
async fn a_connection_that_ended_takes_nothing() {
    let (near, far) = tokio::io::duplex(1024);
    let (mut requests, connection) =
        start(near, Usage::default(), Limits::default()).await.unwrap();
    assert!(!requests.is_closed());
    drop((connection, far));
    assert!(requests.is_closed());
    assert!(requests.send(post(full("hello"))).await.unwrap_err().unsent);
}

#[tokio::test]
async fn the_length_that_an_answer_declares_is_known() {
    let mut requests = served(|_, mut respond: Respond| async move {
        let mut response = Response::new(());
        response.headers_mut().insert("content-length", 4.into());
        let mut body = respond.send_response(response, false).unwrap();
        body.send_data("data".into(), true).unwrap();
    })
    .await;
    let mut body = requests.send(post(full("hello"))).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(4));
    body.frame().await.unwrap().unwrap();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}

/// A connection, and the raw other end of it, after the preface.
async fn raw() -> (super::Connection<DuplexStream>, Requests, DuplexStream) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (requests, connection) = start(near, Usage::default(), Limits::default()).await.unwrap();
    (connection, requests, far)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_a_question_is_lost() {
    let (connection, _requests, _far) = raw().await;
    let (began, every) = (Instant::now(), Limits::default().keepalive);
    assert!(matches!(connection.await, Err(Lost::Silent)));
    assert_eq!(began.elapsed(), every * 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_is_kept_however_long_it_is_idle() {
    let (connection, _requests, far) = raw().await;
    let (over, mut is_over) = oneshot::channel();
    tokio::spawn(async move { drop(over.send(connection.await)) });
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(far).await.unwrap();
        drop(connection.accept().await);
    });
    tokio::time::sleep(Limits::default().keepalive * 100).await;
    assert!(is_over.try_recv().is_err());
}
