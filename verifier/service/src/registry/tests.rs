//! Watchers that read slowly, or not at all. What they miss is in the log; nothing is kept for them.

use std::time::Duration;

use cloister_channel::lease::{self, VerifiedLease};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::{Pace, Registry, Watched};
use crate::clock::Clock;
use crate::store::{Operation, Store};
use crate::trust::tests::{NOW, World};

/// What is kept for a watcher, beside the heartbeat that a watch begins with.
const HELD: u64 = 15;
const EVENTS: u64 = 3 * HELD;

struct Watching {
    world: World,
    registry: Registry,
    caller: VerifiedLease,
}

impl Watching {
    /// A registry that gives up on whoever leaves an event unread for so long, and its caller.
    async fn new(unread: Duration) -> Self {
        let world = World::new().await;
        let (trust, clock) = (world.trust.clone(), Clock::from_fn(|| NOW));
        let pace = Pace { heartbeat: Duration::from_secs(3600), unread };
        let registry =
            Registry::new(world.store().clone(), trust, clock, pace, CancellationToken::new());
        let signed = world.sign(&world.claims());
        let caller = lease::verify(&signed, &world.received().await, NOW).unwrap();
        Self { world, registry, caller }
    }

    fn store(&self) -> &Store {
        self.world.store()
    }

    fn watch(&self, after: u64) -> Receiver<Watched> {
        self.registry.watch(self.caller.clone(), after)
    }

    async fn announce(&self, many: u64) {
        for _ in 0..many {
            let (subject, detail) = (String::new(), String::new());
            let operation = Operation { at: NOW, action: "fleet.reattest", subject, detail };
            self.store().reattest(true, &operation).await.unwrap();
        }
    }
}

/// The numbers of everything that is there, to the end of the stream.
async fn rest(watched: &mut Receiver<Watched>) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(item) = watched.recv().await {
        numbers.push(item.unwrap().sequence);
    }
    numbers
}

/// Waits until the registry has given up on a watcher.
async fn cut_off(watched: &Receiver<Watched>) {
    while !watched.is_closed() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_watcher_that_does_not_read_is_cut_off_and_goes_on_behind_what_it_was_sent() {
    let watching = Watching::new(Duration::from_millis(20)).await;
    watching.announce(EVENTS).await;
    let mut seen = 0;
    // The first item of a watch is a heartbeat of what is known.
    for _ in 0..2 {
        let mut watched = watching.watch(seen);
        cut_off(&watched).await;
        let held = rest(&mut watched).await;
        assert_eq!(held, (seen..=seen + HELD).collect::<Vec<_>>(), "no more than a few are kept");
        seen += HELD;
    }
    let mut watched = watching.watch(seen);
    for sequence in seen..=EVENTS {
        assert_eq!(watched.recv().await.unwrap().unwrap().sequence, sequence);
    }
}

#[tokio::test]
async fn a_slow_watcher_keeps_nobody_else_waiting() {
    let watching = Watching::new(Duration::from_secs(3600)).await;
    let _slow = watching.watch(0);
    let mut quick = watching.watch(0);
    assert_eq!(quick.recv().await.unwrap().unwrap().sequence, 0);
    watching.announce(EVENTS).await;
    for sequence in 1..=EVENTS {
        assert_eq!(quick.recv().await.unwrap().unwrap().sequence, sequence);
    }
}
