//! A dialled channel whose peer is another life, and says on the channel's own stream what the test
//! wants.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use cloister_channel::{Credentials, Life};
use cloister_domain::link::Link;
use cloister_domain::world::NOW;
use cloister_policy::{Direction, PolicyBundle};
use http::Response;
use tokio::io::DuplexStream;
use tokio_util::task::TaskTracker;

use crate::channels::carrier::Carrier;
use crate::channels::outbound::Outbound;
use crate::channels::own_stream;
use crate::channels::peers::Pooled as _;
use crate::config::Limits;
use crate::state::State;
use crate::testing::{World, judge, state};

const LIFE: Duration = Duration::from_secs(300);
const EVERYTHING: &str = "permit(principal, action, resource);";

/// A runtime with a channel that it dialled, and the peer's end of it.
struct Scene {
    world: World,
    state: Arc<State>,
    channel: Outbound,
    peer: Arc<Credentials>,
    life: Life,
    /// The peer's side of the channel's own stream.
    say: h2::SendStream<Bytes>,
    hear: h2::RecvStream,
}

impl Scene {
    /// Under a policy that is asked about renewals only: it is in force once the channel stands.
    async fn under(policy: &str) -> Self {
        let world = World::new();
        let (own, peer) = (world.runtime("me", LIFE), world.runtime("translator", LIFE));
        let state = Arc::new(state());
        state.admit(Arc::clone(&own), world.trust(1, &[])).unwrap();
        let trust = Arc::new(world.trust(1, &[]));
        let link = Link::genuine(&world.0, &own, &peer);
        let (verdict, of_peer) = link.established(&own, &peer, &trust);
        let (near, far) = tokio::io::duplex(64 * 1024);
        let standing = state.standing().unwrap();
        let at = (&state, &*standing);
        let judge = judge(EVERYTHING);
        let carrier = Carrier::new(verdict, near, at, Direction::Outbound, &judge).unwrap();
        let tasks = TaskTracker::new();
        let channel = Outbound::start(carrier, Limits::default(), &tasks);
        let (channel, (say, hear)) = tokio::join!(channel, accept(far));
        assert!(judge.policy.replace(1, PolicyBundle::parse(policy.as_bytes()).unwrap()));
        let life = Life::new(of_peer, trust, NOW);
        Self { world, state, channel: channel.unwrap(), peer, life, say, hear }
    }

    /// What the peer says when it has a new lease that was issued so much later.
    fn renewal(&mut self, later_secs: u64) -> Vec<u8> {
        let renewed = self.world.0.renewed(&self.peer, later_secs);
        self.life.renew(renewed, NOW).unwrap();
        core::iter::from_fn(|| self.life.poll_transmit()).flatten().collect()
    }

    fn say(&mut self, bytes: Vec<u8>) {
        self.say.send_data(bytes.into(), false).unwrap();
    }

    fn renewals(&self, result: &str) -> u64 {
        self.state.events().renewals.total(result)
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            tokio::task::yield_now().await;
        }
    }

    /// Why the channel ended, once it has.
    async fn end(&self) -> &'static str {
        self.until(|scene| !scene.state.events().ends.totals().is_empty()).await;
        self.state.events().ends.totals()[0].0
    }

    fn lease_of_peer_ends(&self) -> u64 {
        let facts = self.state.channels().facts().remove(0);
        facts.lease.claims().expires_at.since(NOW).as_secs()
    }
}

/// Takes the channel's own stream, and drives the connection from then on.
async fn accept(far: DuplexStream) -> (h2::SendStream<Bytes>, h2::RecvStream) {
    let mut connection: h2::server::Connection<_, Bytes> =
        h2::server::handshake(far).await.unwrap();
    let (request, mut respond) = connection.accept().await.unwrap().unwrap();
    assert_eq!(request.uri().path(), own_stream::PATH);
    let say = respond.send_response(Response::new(()), false).unwrap();
    tokio::spawn(async move { drop(connection.accept().await) });
    (say, request.into_body())
}

#[tokio::test]
async fn a_peers_renewal_prolongs_the_channel() {
    let mut scene = Scene::under(EVERYTHING).await;
    assert_eq!(scene.lease_of_peer_ends(), 300);
    let renewal = scene.renewal(80);
    // In pieces, as a network delivers it.
    for piece in renewal.chunks(100) {
        scene.say(piece.to_vec());
    }
    scene.until(|scene| scene.renewals("accepted") == 1).await;
    assert_eq!(scene.lease_of_peer_ends(), 380);
    assert!(scene.channel.is_live());
}

#[tokio::test]
async fn this_sides_renewal_is_one_that_the_peer_believes() {
    let mut scene = Scene::under(EVERYTHING).await;
    let own = scene.state.latest().unwrap();
    let renewed = scene.world.0.renewed(&own.credentials, 80);
    scene.state.admit(Arc::clone(&renewed), scene.world.trust(1, &[])).unwrap();
    let proven = loop {
        let bytes = scene.hear.data().await.unwrap().unwrap();
        scene.life.handle_bytes(&bytes, NOW).unwrap();
        if let Some(event) = scene.life.poll_event() {
            break event;
        }
    };
    let cloister_channel::life::Event::PeerRenewed(proven) = proven else { panic!("{proven:?}") };
    assert_eq!(proven.lease.digest(), renewed.lease().digest());
    assert_eq!(scene.renewals("sent"), 1);
    let facts = scene.state.channels().facts().remove(0);
    assert_eq!(facts.own_lease.digest(), renewed.lease().digest());
}

#[tokio::test]
async fn policy_can_end_a_channel_at_a_renewal() {
    let mut scene = Scene::under("forbid(principal, action, resource);").await;
    let renewal = scene.renewal(80);
    scene.say(renewal);
    assert_eq!(scene.end().await, "renewal_refused");
    assert_eq!((scene.renewals("refused"), scene.renewals("accepted")), (1, 0));
}

#[tokio::test]
async fn a_renewal_that_is_not_believed_ends_the_channel() {
    let mut scene = Scene::under(EVERYTHING).await;
    let mut renewal = scene.renewal(80);
    *renewal.last_mut().unwrap() ^= 1;
    scene.say(renewal);
    assert_eq!(scene.end().await, "renewal_unbelieved");
    assert_eq!((scene.renewals("unbelieved"), scene.renewals("accepted")), (1, 0));
}

#[tokio::test]
async fn a_revoked_peer_cannot_renew_itself_back() {
    let mut scene = Scene::under(EVERYTHING).await;
    let renewal = scene.renewal(80);
    let revoked = [scene.peer.lease().claims().instance()];
    scene.state.trust(scene.world.trust(2, &revoked)).unwrap();
    scene.say(renewal);
    assert_eq!(scene.end().await, "revoked");
    assert_eq!(scene.renewals("accepted"), 0);
}

#[tokio::test]
async fn a_peer_that_ends_the_own_stream_ends_the_channel() {
    let mut scene = Scene::under(EVERYTHING).await;
    scene.say.send_data(Bytes::new(), true).unwrap();
    assert_eq!(scene.end().await, "peer");
}

#[tokio::test]
async fn a_peer_that_reads_no_renewals_loses_its_channel() {
    let scene = Scene::under(EVERYTHING).await;
    let trust = || scene.world.trust(1, &[]);
    // Its window holds some of them. It never opens it again.
    for renewal in 1..1_000 {
        let own = scene.state.latest().unwrap();
        scene.state.admit(scene.world.0.renewed(&own.credentials, 1), trust()).unwrap();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        if !scene.channel.is_live() {
            assert!(renewal > 2);
            return;
        }
    }
    panic!("a thousand renewals were kept for a peer that reads none");
}
