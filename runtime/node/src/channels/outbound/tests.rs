//! A dialled channel against servers that speak HTTP/2 and do what they like.

use core::future::Future;
use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use cloister_channel::Credentials;
use cloister_domain::world::NOW;
use cloister_gateway::{Body, full};
use cloister_policy::Direction;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::TaskTracker;

use super::{Failed, Outbound, Pooled as _};
use crate::channels::carrier::Carrier;
use crate::channels::own_stream;
use crate::config::Limits;
use crate::state::State;
use crate::testing::{World, judge, state};

/// The policy that permits everything.
const EVERYTHING: &str = "permit(principal, action, resource);";

pub(in crate::channels) const LIFE: Duration = Duration::from_secs(300);

type Accepted = h2::server::Connection<DuplexStream, Bytes>;
pub(in crate::channels) type Respond = h2::server::SendResponse<Bytes>;

/// A runtime that dialled a peer, and the peer's end of the connection.
pub(in crate::channels) struct Dialled {
    pub(in crate::channels) channel: Arc<Outbound>,
    state: Arc<State>,
    far: DuplexStream,
}

impl Dialled {
    /// From a runtime of its own, which is admitted.
    pub(in crate::channels) async fn start(world: &World, peer: &Arc<Credentials>) -> Self {
        let own = world.runtime("me", LIFE);
        let state = Arc::new(state());
        state.admit(Arc::clone(&own), world.trust(1, &[])).unwrap();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (verdict, judge) = (world.dialled(&own, peer), judge(EVERYTHING));
        let standing = state.standing().unwrap();
        let carrier =
            Carrier::new(verdict, near, (&state, &standing), Direction::Outbound, &judge).unwrap();
        let channel = Outbound::start(carrier, Limits::default(), &TaskTracker::new()).await;
        Self { channel: Arc::new(channel.unwrap()), state, far }
    }

    async fn to_translator() -> Self {
        let world = World::new();
        Self::start(&world, &world.runtime("translator", LIFE)).await
    }

    fn ends(&self) -> Vec<(&'static str, u64)> {
        self.state.events().ends.totals()
    }

    async fn until_ended(&self) {
        while self.ends().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Has a server give every request to `answer`.
    pub(in crate::channels) fn served<F>(
        mut self,
        answer: impl Fn(Request<h2::RecvStream>, Respond) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let far = core::mem::replace(&mut self.far, tokio::io::duplex(1).0);
        tokio::spawn(async move {
            let mut connection = handshake(far).await;
            while let Some((request, respond)) = next(&mut connection).await {
                tokio::spawn(answer(request, respond));
            }
        });
        self
    }
}

async fn handshake(far: DuplexStream) -> Accepted {
    h2::server::handshake(far).await.unwrap()
}

/// The next request. A peer of this kind takes no renewals.
async fn next(connection: &mut Accepted) -> Option<(Request<h2::RecvStream>, Respond)> {
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        if request.uri().path() != own_stream::PATH {
            return Some((request, respond));
        }
        let mut refused = Response::new(());
        *refused.status_mut() = StatusCode::NOT_FOUND;
        drop(respond.send_response(refused, true).unwrap());
    }
    None
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

async fn failed(channel: &Outbound) -> Failed {
    channel.request(post("hello")).await.unwrap_err()
}

async fn reset_with(reason: h2::Reason) -> Failed {
    let answer = move |_, mut respond: Respond| async move { respond.send_reset(reason) };
    failed(&Dialled::to_translator().await.served(answer).channel).await
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
    let Dialled { channel, far, .. } = Dialled::to_translator().await;
    let server = tokio::spawn(async move {
        let mut connection = handshake(far).await;
        drop(next(&mut connection).await.unwrap());
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

/// The stream of the next HEADERS frame.
///
/// SPEC: RFC 9113 section 4.1.
async fn headers(far: &mut DuplexStream) -> u32 {
    loop {
        let mut head = [0; 9];
        far.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        far.read_exact(&mut payload).await.unwrap();
        if head[3] == 1 {
            return u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        }
    }
}

/// What becomes of a request, which is stream 3, when the peer answers it with a GOAWAY that names
/// `last` as the last stream that was processed, and ends the connection.
///
/// SPEC: RFC 9113 sections 3.4, 6.5, 6.8.
async fn gone_away(last: u32, code: u32) -> Failed {
    let Dialled { channel, mut far, .. } = Dialled::to_translator().await;
    far.read_exact(&mut [0; 24]).await.unwrap();
    far.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(headers(&mut far).await, 1, "the channel's own stream");
    let go_away = async move {
        assert_eq!(headers(&mut far).await, 3);
        let frame = [&[0, 0, 8, 7, 0, 0, 0, 0, 0], &last.to_be_bytes()[..], &code.to_be_bytes()];
        far.write_all(&frame.concat()).await.unwrap();
    };
    tokio::join!(failed(&channel), go_away).0
}

#[tokio::test]
async fn a_goaway_says_which_requests_were_not_delivered() {
    const NO_ERROR: u32 = 0;
    const INTERNAL_ERROR: u32 = 2;
    for (last, code, undelivered) in [
        (1, NO_ERROR, true),
        (3, NO_ERROR, false),
        // A peer in trouble does not know what it did.
        (1, INTERNAL_ERROR, false),
    ] {
        let failed = gone_away(last, code).await;
        assert_eq!(failed.undelivered, undelivered, "{last} {code}: {}", failed.error);
    }
}

#[tokio::test]
async fn a_retired_channel_takes_no_request_finishes_those_it_has_and_ends() {
    let dialled = Dialled::to_translator().await.served(echo);
    let channel = &dialled.channel;
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
    assert!(failed(channel).await.undelivered);
    assert_eq!(dialled.ends(), [], "it ended under a request");
    sender.send(Ok(http_body::Frame::data(Bytes::from_static(b"late")))).await.unwrap();
    drop(sender);
    assert_eq!(response.body_mut().collect().await.unwrap().to_bytes(), "late");
    drop(response);
    dialled.until_ended().await;
    assert_eq!(dialled.ends(), [("superseded", 1)]);
}

/// What becomes of a stream that its peer would go on with for ever, when `lose` takes away what
/// the channel rests on.
async fn cut(lose: impl FnOnce(&State, &World, &Credentials)) -> Vec<(&'static str, u64)> {
    let world = World::new();
    let peer = world.runtime("translator", LIFE.saturating_mul(2));
    let mut dialled = Dialled::start(&world, &peer).await;
    let far = core::mem::replace(&mut dialled.far, tokio::io::duplex(1).0);
    let server = tokio::spawn(async move {
        let mut connection = handshake(far).await;
        let (_request, mut respond) = next(&mut connection).await.unwrap();
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data(Bytes::from_static(b"event"), false).unwrap();
        // Goes on for as long as the connection does.
        assert!(next(&mut connection).await.is_none());
    });
    let mut response = dialled.channel.request(post("hello")).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    lose(&dialled.state, &world, &peer);
    assert!(response.body_mut().frame().await.unwrap().is_err());
    server.await.unwrap();
    dialled.until_ended().await;
    dialled.ends()
}

#[tokio::test]
async fn a_revocation_cuts_running_streams_of_a_peer_that_would_go_on() {
    let ends = cut(|state, world, peer| {
        let revoked = [peer.lease().claims().instance()];
        state.trust(world.trust(2, &revoked)).unwrap();
    });
    assert_eq!(ends.await, [("revoked", 1)]);
}

#[tokio::test]
async fn the_end_of_a_lease_cuts_running_streams_of_a_peer_that_takes_no_renewals() {
    let ends = cut(|state, world, _| {
        // This side renews; the peer is not told, so that it counts for nothing on this channel.
        let own = state.latest().unwrap();
        let renewed = world.0.renewed(&own.credentials, 200);
        state.admit(renewed, world.trust(1, &[])).unwrap();
        state.clock().raise(NOW.plus(LIFE));
        state.enforce();
    });
    assert_eq!(ends.await, [("lease_ended", 1)]);
}

#[tokio::test]
async fn a_channel_is_to_be_replaced_once_this_side_has_a_new_channel_key() {
    let world = World::new();
    let peer = world.runtime("translator", LIFE);
    let dialled = Dialled::start(&world, &peer).await.served(echo);
    assert!(dialled.channel.is_fresh());
    let own = dialled.state.latest().unwrap();
    let renewed = world.0.renewed(&own.credentials, 200);
    dialled.state.admit(renewed, world.trust(1, &[])).unwrap();
    assert!(!dialled.channel.is_fresh() && dialled.channel.is_live());
}
