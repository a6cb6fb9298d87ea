//! An accepted channel, asked by whatever a peer's HTTP/2 can ask.

use core::time::Duration;
use std::sync::Arc;

use crate::vouch::CardVoucher;
use bytes::Bytes;
use cloister_attestation::jwk::KeySet;
use cloister_channel::IdentityKey;
use cloister_domain::link::Link;
use cloister_gateway::{
    AgentAddress, Delegations, Inbound, InboundOptions, OriginPolicy, Pushes, SignatureRule,
    WebhookPorts,
};
use cloister_policy::Direction;
use h2::client::SendRequest;
use http::{Method, Request, StatusCode};

use super::serve;
use crate::channels::carrier::Carrier;
use crate::channels::own_stream::PATH;
use crate::config::Limits;
use crate::state::State;
use crate::testing::{World, judge, state};

const LIFE: Duration = Duration::from_secs(300);

/// A runtime that took a channel, and the way onto it.
struct Scene {
    world: World,
    state: Arc<State>,
    sender: SendRequest<Bytes>,
}

impl Scene {
    async fn start() -> Self {
        let world = World::new();
        let (peer, own) = (world.runtime("planner", LIFE), world.runtime("me", LIFE));
        let state = Arc::new(state());
        state.admit(Arc::clone(&own), world.trust(1, &[])).unwrap();
        let trust = Arc::new(world.trust(1, &[]));
        let link = Link::genuine(&world.0, &peer, &own);
        let mut verdict = link.established(&peer, &own, &trust).1;
        // What established the session is no HTTP.
        drop(verdict.take_first_bytes());
        let judge = judge("permit(principal, action, resource);");
        let (near, far) = tokio::io::duplex(64 * 1024);
        let standing = state.standing().unwrap();
        let at = (&state, &*standing);
        let carrier = Carrier::new(verdict, near, at, Direction::Inbound, &judge).unwrap();
        let identity = IdentityKey::generate().unwrap();
        // Nothing listens on the discard port.
        let agent = AgentAddress::try_from("127.0.0.1:9".parse::<std::net::SocketAddr>().unwrap());
        let gateway = Inbound::new(InboundOptions {
            local: judge.local.clone(),
            agent: agent.unwrap().into(),
            policy: Arc::clone(&judge.policy),
            origin: Arc::new(OriginPolicy { rule: SignatureRule::Off, keys: KeySet::default() }),
            vouch: Arc::new(CardVoucher::new(Arc::clone(&state), &identity, "me:1").unwrap()),
            owners: Arc::default(),
            servers: Arc::default(),
            pushes: Arc::new(Pushes::new(([127, 0, 0, 1], 9).into(), WebhookPorts::default())),
            recorder: judge.audit.clone(),
            delegations: Arc::new(Delegations::new(state.clone())),
        });
        tokio::spawn(serve(carrier, gateway, Limits::default()));
        let (sender, connection) = h2::client::handshake(far).await.unwrap();
        tokio::spawn(connection);
        Self { world, state, sender }
    }

    /// What a request is answered with, and its streams, which are open at both ends.
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
    ) -> Result<(StatusCode, h2::SendStream<Bytes>, h2::RecvStream), h2::Error> {
        let uri = format!("https://me.cloister{path}");
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let mut sender = self.sender.clone().ready().await?;
        let (response, said) = sender.send_request(request, false)?;
        let response = response.await?;
        Ok((response.status(), said, response.into_body()))
    }
}

#[tokio::test]
async fn the_own_stream_is_taken_once_and_nothing_like_it_ever() {
    let mut scene = Scene::start().await;
    assert_eq!(scene.ask(Method::GET, PATH).await.unwrap().0, StatusCode::NOT_FOUND);
    let first = scene.ask(Method::POST, PATH).await.unwrap();
    assert_eq!(first.0, StatusCode::OK);
    for path in [PATH, "/cloister/channel", "/cloister/channel/", "/cloister/channel/2"] {
        let status = scene.ask(Method::POST, path).await.unwrap().0;
        // Whatever reaches the agent fails here with another status: nobody listens.
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        scene.ask(Method::POST, "/elsewhere").await.unwrap().0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(scene.state.channels().counts().0, 1, "the first one is as it was");
}

#[tokio::test]
async fn a_channel_without_permission_says_that_it_took_nothing() {
    let mut scene = Scene::start().await;
    let _own_stream = scene.ask(Method::POST, PATH).await.unwrap();
    // Past the lease, and before anybody has enforced that.
    let peer = scene.state.channels().facts().remove(0).lease;
    scene.state.clock().raise(peer.claims().expires_at);
    let refused = scene.ask(Method::POST, "/rpc").await.unwrap_err();
    assert!(refused.is_remote(), "{refused}");
    assert_eq!(refused.reason(), Some(h2::Reason::REFUSED_STREAM));
}

#[tokio::test]
async fn a_revocation_resets_the_own_stream_and_ends_the_connection() {
    let mut scene = Scene::start().await;
    let (_, _said, mut heard) = scene.ask(Method::POST, PATH).await.unwrap();
    let peer = scene.state.channels().facts().remove(0).lease.claims().instance();
    scene.state.trust(scene.world.trust(2, &[peer])).unwrap();
    assert!(heard.data().await.is_none_or(|data| data.is_err()));
    while scene.state.channels().counts().0 > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.state.events().ends.totals(), [("revoked", 1)]);
}
