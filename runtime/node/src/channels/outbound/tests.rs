//! A dialled channel against servers that speak HTTP/2 and do what they like.

use core::future::Future;
use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use cloister_attestation::time::UnixTime;
use cloister_channel::Credentials;
use cloister_gateway::{Body, full};
use cloister_policy::Direction;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::TaskTracker;

use super::{Failed, Outbound, Pooled as _, is_fresh};
use crate::channels::carrier::Carrier;
use crate::channels::replay::Replay;
use crate::channels::usage::Usage;
use crate::channels::{Closing, Facts, Table, subject};
use crate::clock::Clock;
use crate::config::Limits;
use crate::metrics::Events;
use crate::testing::World;

pub(in crate::channels) const LIFE: Duration = Duration::from_secs(300);

type Accepted = h2::server::Connection<DuplexStream, Bytes>;
pub(in crate::channels) type Respond = h2::server::SendResponse<Bytes>;

/// A dialled channel to `peer`, and the peer's end of its connection.
pub(in crate::channels) async fn dialled(
    world: &World,
    peer: &Credentials,
    events: &Arc<Events>,
) -> (Arc<Outbound>, DuplexStream) {
    dialled_in(&Arc::new(Table::new(1)), world, peer, events).await
}

async fn dialled_in(
    table: &Arc<Table<Facts>>,
    world: &World,
    peer: &Credentials,
    events: &Arc<Events>,
) -> (Arc<Outbound>, DuplexStream) {
    let own = world.runtime("me", LIFE);
    let facts = Facts {
        direction: Direction::Outbound,
        peer: Arc::new(subject(&peer.lease().into())),
        lease: Arc::new(peer.lease().clone()),
        own_lease: Arc::new(own.lease().clone()),
        group: "X25519MLKEM768",
        opened: Clock::default().now(),
    };
    let (near, far) = tokio::io::duplex(64 * 1024);
    let carrier = Carrier {
        stream: Replay::new(Vec::new(), near),
        registration: table.enter(facts.clone()).unwrap(),
        facts,
        usage: Usage::default(),
        clock: Arc::new(Clock::default()),
        events: Arc::clone(events),
    };
    let limits = Limits::default();
    (Arc::new(Outbound::start(carrier, limits, &TaskTracker::new()).await.unwrap()), far)
}

/// The same to a server that gives every request to `answer`.
pub(in crate::channels) async fn served<F>(
    world: &World,
    peer: &Credentials,
    events: &Arc<Events>,
    answer: impl Fn(Request<h2::RecvStream>, Respond) -> F + Send + 'static,
) -> Arc<Outbound>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (channel, far) = dialled(world, peer, events).await;
    tokio::spawn(async move {
        let mut connection: Accepted = h2::server::handshake(far).await.unwrap();
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(answer(request, respond));
        }
    });
    channel
}

pub(in crate::channels) fn post(body: &'static str) -> Request<Body> {
    Request::post("https://translator.cloister/").body(full(body)).unwrap()
}

/// Answers with what was sent.
pub(in crate::channels) async fn echo(mut request: Request<h2::RecvStream>, mut respond: Respond) {
    let mut body = respond.send_response(Response::new(()), false).unwrap();
    while let Some(Ok(data)) = request.body_mut().data().await {
        body.send_data(data, false).unwrap();
    }
    body.send_data(Bytes::new(), true).unwrap();
}

async fn to_translator<F>(
    events: &Arc<Events>,
    answer: impl Fn(Request<h2::RecvStream>, Respond) -> F + Send + 'static,
) -> Arc<Outbound>
where
    F: Future<Output = ()> + Send + 'static,
{
    let world = World::new();
    served(&world, &world.runtime("translator", LIFE), events, answer).await
}

async fn raw() -> (Arc<Outbound>, DuplexStream) {
    let world = World::new();
    dialled(&world, &world.runtime("translator", LIFE), &Arc::default()).await
}

async fn failed(channel: &Outbound) -> Failed {
    channel.request(post("hello")).await.unwrap_err()
}

async fn reset_with(reason: h2::Reason) -> Failed {
    let events = Arc::<Events>::default();
    let answer = move |_, mut respond: Respond| async move { respond.send_reset(reason) };
    let channel = to_translator(&events, answer).await;
    failed(&channel).await
}

#[tokio::test]
async fn a_refused_stream_was_not_delivered_and_any_other_reset_may_have_been() {
    assert!(reset_with(h2::Reason::REFUSED_STREAM).await.undelivered);
    for reason in [h2::Reason::INTERNAL_ERROR, h2::Reason::CANCEL, h2::Reason::NO_ERROR] {
        assert!(!reset_with(reason).await.undelivered, "{reason}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_may_have_delivered_it() {
    let (channel, far) = raw().await;
    let server = tokio::spawn(async move {
        let mut connection: Accepted = h2::server::handshake(far).await.unwrap();
        drop(connection.accept().await.unwrap().unwrap());
    });
    assert!(!failed(&channel).await.undelivered);
    server.await.unwrap();
    // What comes after it is not sent at all.
    while channel.is_live() {
        tokio::task::yield_now().await;
    }
    assert!(failed(&channel).await.undelivered);
    assert!(channel.is_broken());
}

/// Reads until the first HEADERS frame, then sends a GOAWAY that names `last` as the last stream
/// that was processed, and ends the connection.
///
/// SPEC: RFC 9113 sections 3.4, 4.1, 6.5, 6.8.
async fn go_away(mut far: DuplexStream, last: u32, code: u32) {
    let mut preface = [0; 24];
    far.read_exact(&mut preface).await.unwrap();
    far.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    loop {
        let mut head = [0; 9];
        far.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        far.read_exact(&mut payload).await.unwrap();
        if head[3] == 1 {
            break;
        }
    }
    let frame = [&[0, 0, 8, 7, 0, 0, 0, 0, 0], &last.to_be_bytes()[..], &code.to_be_bytes()];
    far.write_all(&frame.concat()).await.unwrap();
}

#[tokio::test]
async fn a_goaway_says_which_requests_were_not_delivered() {
    const NO_ERROR: u32 = 0;
    const INTERNAL_ERROR: u32 = 2;
    for (last, code, undelivered) in [
        (0, NO_ERROR, true),
        // The request is stream 1: it may have been processed.
        (1, NO_ERROR, false),
        // A peer in trouble does not know what it did.
        (0, INTERNAL_ERROR, false),
    ] {
        let (channel, far) = raw().await;
        let (failed, ()) = tokio::join!(failed(&channel), go_away(far, last, code));
        assert_eq!(failed.undelivered, undelivered, "{last} {code}: {}", failed.error);
    }
}

#[tokio::test]
async fn a_retired_channel_takes_no_request_finishes_those_it_has_and_ends() {
    let events = Arc::<Events>::default();
    let channel = to_translator(&events, echo).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<_, std::io::Error>>(1);
    let upload = http_body_util::StreamBody::new(futures_util::stream::unfold(
        receiver,
        |mut receiver| async { receiver.recv().await.map(|frame| (frame, receiver)) },
    ));
    let request = post("").map(|_| cloister_gateway::boxed(upload));
    let mut response = channel.request(request).await.unwrap();
    channel.retire();
    while channel.is_live() {
        tokio::task::yield_now().await;
    }
    assert!(failed(&channel).await.undelivered);
    assert_eq!(events.ends.totals(), [], "it ended under a request");
    sender.send(Ok(http_body::Frame::data(Bytes::from_static(b"late")))).await.unwrap();
    drop(sender);
    assert_eq!(response.body_mut().collect().await.unwrap().to_bytes(), "late");
    drop(response);
    while events.ends.totals().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(events.ends.totals(), [("superseded", 1)]);
}

#[tokio::test]
async fn a_lost_permission_cuts_running_streams_of_a_peer_that_would_go_on() {
    for closing in [Closing::Revoked, Closing::LeaseEnded] {
        let (world, events, table) = (World::new(), Arc::default(), Arc::new(Table::new(1)));
        let peer = world.runtime("translator", LIFE);
        let (channel, far) = dialled_in(&table, &world, &peer, &events).await;
        let server = tokio::spawn(async move {
            let mut connection: Accepted = h2::server::handshake(far).await.unwrap();
            let (_request, mut respond) = connection.accept().await.unwrap().unwrap();
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            body.send_data(Bytes::from_static(b"event"), false).unwrap();
            // Goes on for as long as the connection does.
            drop(connection.accept().await);
        });
        let mut response = channel.request(post("hello")).await.unwrap();
        response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(table.close(|_| Some(closing)), 1);
        assert!(response.body_mut().frame().await.unwrap().is_err());
        server.await.unwrap();
        assert_eq!(events.ends.totals().len(), 1);
    }
}

#[test]
fn a_channel_is_fresh_for_four_fifths_of_its_life() {
    let at = UnixTime::from_secs;
    assert!(is_fresh(at(100), at(200), at(100)));
    assert!(is_fresh(at(100), at(200), at(179)));
    assert!(!is_fresh(at(100), at(200), at(180)));
    assert!(!is_fresh(at(100), at(100), at(100)), "a channel without life is not fresh");
}
