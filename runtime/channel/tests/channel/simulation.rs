//! Ten thousand hostile schedules: real sessions, real leases and real TLS handshakes between up to
//! 50 nodes, under clocks, a network, a Verifier and an adversary that a seed drives.
//!
//! Everything that is random comes from the seed. Keys do not, and nothing depends on them. A
//! failure names its seed; `CLOISTER_SEED=N` replays that one and prints what happened in it, and
//! `CLOISTER_SEEDS=N` takes another number of seeds, from 0.
//!
//! What is real: [`cloister_channel`] as a whole, over rustls. What is modelled: the network, the
//! Verifier's state and its stream of changes, and a runtime's tasks, which dial, keep alive and
//! decide. The rules are in [`invariant`].

mod admission;
mod carriage;
mod clock;
mod dialling;
mod end;
mod evidence;
mod fault;
mod invariant;
mod link;
mod node;
mod open;
mod run;
mod schedule;
mod stage;
mod upkeep;
mod verifier;
mod weather;

use std::sync::atomic::{AtomicU64, Ordering};

use run::{Outcome, Run, Tally, Violation};
use stage::Stage;

/// How many seeds every run of the tests takes.
const SEEDS: u64 = 10_000;

/// What has to happen somewhere in so many runs, or they would not be worth much.
const REACHED: [&str; 30] = [
    "channel.closed",
    "channel.lease_ended",
    "channel.policy_epoch",
    "channel.renewal_refused",
    "channel.revoked",
    "connected",
    "established",
    "evidence.made",
    "evidence.none",
    "lease.expired",
    "lease.issued",
    "lease.policy_epoch",
    "lease.refused",
    "lease.revoked",
    "lease.unknown_key",
    "lease.useless",
    "node.crashed",
    "renewal.length",
    "renewal.older",
    "renewal.role",
    "renewed",
    "session.deadline",
    "session.early",
    "session.exporter",
    "session.intended_peer",
    "session.keys",
    "session.policy",
    "session.role",
    "session.signature",
    "tls.refused",
];

#[test]
fn no_seed_breaks_a_rule() {
    if let Some(seed) = named("CLOISTER_SEED") {
        return replay(seed);
    }
    let seeds = named("CLOISTER_SEEDS").unwrap_or(SEEDS);
    let tally = explore(seeds);
    let missed: Vec<_> = REACHED.iter().filter(|what| !tally.contains_key(*what)).collect();
    assert!(missed.is_empty() || seeds < SEEDS, "never happened: {missed:?}");
}

#[test]
fn a_seed_says_everything_about_its_run() {
    for seed in 0..30 {
        let run = || Run::new(&Stage::new(), seed, true).finish().trace;
        assert_eq!(run(), run(), "seed {seed}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a person names a seed to see it again")]
fn named(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[expect(clippy::print_stdout, reason = "a person asked for it")]
fn replay(seed: u64) {
    let Outcome { violation, tally, trace } = Run::new(&Stage::new(), seed, true).finish();
    trace.unwrap_or_default().iter().for_each(|line| println!("{line}"));
    println!("seed {seed}: {tally:#?}");
    if let Some(violation) = violation {
        panic!("{}", report(seed, &violation));
    }
}

/// Runs seeds on every core. Panics with the first that breaks a rule.
fn explore(seeds: u64) -> Tally {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(|| take(&next, seeds))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut total = Tally::new();
    for outcome in outcomes {
        match outcome {
            Ok(tally) => add(&mut total, tally),
            Err((seed, violation)) => panic!("{}", report(seed, &violation)),
        }
    }
    total
}

/// Runs seeds until there are none left or one breaks a rule.
fn take(next: &AtomicU64, seeds: u64) -> Result<Tally, (u64, Violation)> {
    let (stage, mut tally) = (Stage::new(), Tally::new());
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return Ok(tally);
        }
        let outcome = Run::new(&stage, seed, false).finish();
        if let Some(violation) = outcome.violation {
            next.store(seeds, Ordering::Relaxed);
            return Err((seed, violation));
        }
        add(&mut tally, outcome.tally);
    }
}

fn report(seed: u64, violation: &Violation) -> String {
    let Violation { at, what } = violation;
    format!(
        "seed {seed} breaks a rule at {at} ms: {what}\nreplay: CLOISTER_SEED={seed} cargo nextest run \
         -p cloister-channel no_seed_breaks_a_rule --no-capture"
    )
}

fn add(total: &mut Tally, tally: Tally) {
    for (what, times) in tally {
        *total.entry(what).or_default() += times;
    }
}
