use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::AgentName;

use super::{Peer, Peers, Pooled};
use crate::channels::breaker::BreakerState;
use crate::channels::{ChannelError, dialling::Turn};
use crate::config::Limits;
use crate::limits::BREAKER_FAILURES_MAX;
use crate::metrics::Events;

/// 2 is fresh, 1 is live, 0 is neither.
#[derive(Debug)]
struct Fake(AtomicU8);

impl Fake {
    fn fresh() -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(2)))
    }
}

impl Pooled for Fake {
    fn is_live(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn is_fresh(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }

    fn retire(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

fn peers() -> (Peers<Fake>, Arc<Events>) {
    let events = Arc::new(Events::default());
    let limits = Limits { waiting_per_peer_max: 2, waiting_max: 3, ..Limits::default() };
    (Peers::new(&limits, Arc::clone(&events)), events)
}

fn name(text: &str) -> AgentName {
    AgentName::new(text).unwrap()
}

fn turn(peer: &Arc<Peer<Fake>>) -> Turn<Fake> {
    peer.dial(Instant::now()).unwrap().1.unwrap()
}

fn fail(peer: &Arc<Peer<Fake>>) {
    turn(peer).finish(Err(Arc::new(ChannelError::Timeout)));
}

#[tokio::test]
async fn a_burst_makes_one_dial_and_everybody_hears_of_its_outcome() {
    let (peers, _) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    for outcome in [Err(Arc::new(ChannelError::Timeout)), Ok(Fake::fresh())] {
        let (first, turn) = peer.dial(Instant::now()).unwrap();
        let (second, none) = peer.dial(Instant::now()).unwrap();
        assert!(none.is_none(), "a second dial");
        let good = outcome.is_ok();
        turn.unwrap().finish(outcome);
        assert_eq!(first.outcome().await.is_ok(), good);
        assert_eq!(second.outcome().await.is_ok(), good);
    }
    assert!(peer.live().is_some());
}

#[tokio::test]
async fn a_dial_that_is_given_up_leaves_nobody_waiting_and_counts_for_nothing() {
    let (peers, _) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    for _ in 0..2 * BREAKER_FAILURES_MAX {
        let (dialling, turn) = peer.dial(Instant::now()).unwrap();
        drop(turn);
        assert!(dialling.outcome().await.is_err());
    }
}

#[test]
fn a_newer_channel_retires_the_older_one() {
    let (peers, _) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    let (older, newer) = (Fake::fresh(), Fake::fresh());
    turn(&peer).finish(Ok(Arc::clone(&older)));
    turn(&peer).finish(Ok(Arc::clone(&newer)));
    assert!(!older.is_live());
    assert!(Arc::ptr_eq(&peer.live().unwrap(), &newer));
}

#[test]
fn failures_open_the_breaker_and_what_is_not_the_peers_fault_does_not() {
    let (peers, events) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    for _ in 0..2 * BREAKER_FAILURES_MAX {
        turn(&peer).finish(Err(Arc::new(ChannelError::UnknownAgent("a".into()))));
    }
    (0..BREAKER_FAILURES_MAX).for_each(|_| fail(&peer));
    let refused = peer.dial(Instant::now()).unwrap_err();
    assert_eq!(refused.code().id, "node.channel.breaker_open");
    assert_eq!(peers.breakers(), [("a".to_owned(), BreakerState::Open)]);
    assert_eq!(events.breaker_openings.total(), 1);
}

#[test]
fn a_channel_that_breaks_under_many_requests_counts_once() {
    let (peers, events) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    let channel = Fake::fresh();
    turn(&peer).finish(Ok(Arc::clone(&channel)));
    (0..10 * BREAKER_FAILURES_MAX).for_each(|_| peer.broke(&channel, Instant::now()));
    assert_eq!(events.breaker_openings.total(), 0);
    assert!(peer.live().is_none() && peer.dial(Instant::now()).is_ok());
}

#[test]
fn a_peer_whose_channels_break_before_they_answer_is_left_alone() {
    let (peers, events) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    for _ in 0..BREAKER_FAILURES_MAX {
        let channel = Fake::fresh();
        turn(&peer).finish(Ok(Arc::clone(&channel)));
        peer.broke(&channel, Instant::now());
    }
    assert_eq!(events.breaker_openings.total(), 1);
    assert!(peer.dial(Instant::now()).is_err());
}

#[test]
fn no_more_wait_than_may_for_one_peer_and_over_all() {
    let (peers, events) = peers();
    let (a, b) = (peers.peer(&name("a"), Instant::now()), peers.peer(&name("b"), Instant::now()));
    let places = (a.wait().unwrap(), a.wait().unwrap());
    assert_eq!(a.wait().unwrap_err().code().id, "node.channel.queue_full");
    let of_b = b.wait().unwrap();
    assert!(b.wait().is_err(), "three wait over all");
    assert_eq!((peers.waiting(), events.queue_refusals.total()), (3, 2));
    drop((places, of_b));
    // A refusal by one of the two queues holds no place in the other.
    assert_eq!(peers.waiting(), 0);
    assert!(b.wait().is_ok() && a.wait().is_ok());
}

#[test]
fn peers_of_whom_nothing_is_known_do_not_pile_up() {
    let (peers, _) = peers();
    let now = Instant::now();
    turn(&peers.peer(&name("live"), now)).finish(Ok(Fake::fresh()));
    let waited_for = peers.peer(&name("waited-for"), now);
    fail(&peers.peer(&name("troubled"), now));
    for count in 0..100 {
        let nobody = peers.peer(&name(&format!("nobody-{count}")), now);
        turn(&nobody).finish(Err(Arc::new(ChannelError::UnknownAgent(nobody.name.to_string()))));
    }
    let known: Vec<_> = peers.breakers().into_iter().map(|(name, _)| name).collect();
    assert_eq!(known, ["live", "nobody-99", "troubled", "waited-for"]);
    assert!(Arc::ptr_eq(&waited_for, &peers.peer(&name("waited-for"), now)));
    assert!(peers.peer(&name("live"), now).live().is_some());
}

#[test]
fn retries_are_granted_by_the_budget_and_counted() {
    let (peers, events) = peers();
    let peer = peers.peer(&name("a"), Instant::now());
    peer.requested();
    let granted = (0..20).filter(|_| peer.may_retry()).count();
    assert_eq!(granted, 10);
    assert_eq!((events.retries.total(), events.retries_refused.total()), (10, 10));
}
