use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use cloister_channel::{AgentName, Credentials};
use http::Request;
use http_body_util::BodyExt as _;

use super::{Failed, Outbound, Outcome, Peer, deliver};
use crate::channels::outbound::tests::{Dialled, LIFE, Respond, echo, post};
use crate::channels::{ChannelError, peers::Peers};
use crate::config::Limits;
use crate::limits::RETRIES_MAX;
use crate::metrics::Events;
use crate::testing::World;

const REFUSED: h2::Reason = h2::Reason::REFUSED_STREAM;

struct Scene {
    world: World,
    translator: Arc<Credentials>,
    events: Arc<Events>,
    peer: Arc<Peer<Outbound>>,
    /// Requests that reached a server.
    seen: Arc<AtomicU32>,
}

impl Scene {
    fn new() -> Self {
        let events = Arc::new(Events::default());
        let peers = Peers::new(&Limits::default(), Arc::clone(&events));
        let peer = peers.peer(&AgentName::new("translator").unwrap(), Instant::now());
        let world = World::new();
        let translator = world.runtime("translator", LIFE);
        Self { world, translator, events, peer, seen: Arc::default() }
    }

    async fn to(&self, peer: &Arc<Credentials>) -> Dialled {
        Dialled::start(&self.world, peer).await
    }

    /// A channel whose server resets every request.
    async fn resetting(&self, reason: h2::Reason) -> Arc<Outbound> {
        let seen = Arc::clone(&self.seen);
        let answer = move |mut request: Request<h2::RecvStream>, mut respond: Respond| {
            seen.fetch_add(1, Ordering::Relaxed);
            async move {
                // The body was on its way, as it is when a peer refuses.
                drop(request.body_mut().data().await);
                respond.send_reset(reason);
            }
        };
        self.to(&self.translator).await.served(answer).channel
    }

    async fn answering(&self) -> Arc<Outbound> {
        self.to(&self.translator).await.served(echo).channel
    }

    /// What a request becomes that is sent on `first`, and again on `others`.
    async fn send(
        &self,
        first: Arc<Outbound>,
        others: &dyn Fn() -> Outcome<Outbound>,
    ) -> Result<String, Failed> {
        let response = deliver(&self.peer, first, post("hello"), || async { others() }).await?;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok(String::from_utf8(body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn a_request_that_was_refused_goes_out_again_whole() {
    let scene = Scene::new();
    let first = scene.resetting(REFUSED).await;
    let second = scene.answering().await;
    let answer = scene.send(first, &|| Ok(Arc::clone(&second))).await.unwrap();
    assert_eq!((answer.as_str(), scene.events.retries.total()), ("hello", 1));
}

#[tokio::test]
async fn a_request_that_may_have_been_processed_is_never_sent_again() {
    let scene = Scene::new();
    let first = scene.resetting(h2::Reason::INTERNAL_ERROR).await;
    let second = || panic!("another channel was asked for");
    let failed = scene.send(first, &second).await.unwrap_err();
    assert!(!failed.undelivered);
    assert_eq!((scene.seen.load(Ordering::Relaxed), scene.events.retries.total()), (1, 0));
}

#[tokio::test]
async fn a_peer_that_always_refuses_is_asked_a_bounded_number_of_times() {
    let scene = Scene::new();
    let first = scene.resetting(REFUSED).await;
    let again = Arc::clone(&first);
    let failed = scene.send(first, &|| Ok(Arc::clone(&again))).await.unwrap_err();
    assert!(failed.undelivered);
    assert_eq!(scene.seen.load(Ordering::Relaxed), 1 + RETRIES_MAX);
}

#[tokio::test]
async fn a_used_up_budget_ends_retries_and_that_is_counted() {
    let scene = Scene::new();
    while scene.peer.may_retry() {}
    let refused_before = scene.events.retries_refused.total();
    let first = scene.resetting(REFUSED).await;
    let again = Arc::clone(&first);
    assert!(scene.send(first, &|| Ok(Arc::clone(&again))).await.is_err());
    assert_eq!(scene.seen.load(Ordering::Relaxed), 1);
    assert_eq!(scene.events.retries_refused.total(), refused_before + 1);
}

#[tokio::test]
async fn a_request_is_not_sent_to_another_instance_than_was_permitted() {
    let scene = Scene::new();
    let first = scene.resetting(REFUSED).await;
    // Of the same agent, with an identity key of its own.
    let other = scene.world.runtime("translator", LIFE);
    let other = scene.to(&other).await.served(echo).channel;
    let failed = scene.send(first, &|| Ok(Arc::clone(&other))).await.unwrap_err();
    assert!(failed.undelivered);
}

#[tokio::test]
async fn without_another_channel_the_first_failure_is_told() {
    let scene = Scene::new();
    let first = scene.resetting(REFUSED).await;
    let none = || Err(Arc::new(ChannelError::Timeout));
    let failed = scene.send(first, &none).await.unwrap_err();
    assert!(failed.undelivered && matches!(failed.error, ChannelError::Http(_)));
}
