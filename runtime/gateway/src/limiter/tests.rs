//! Limits under schedules. Time is paused: it is what the test says it is.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_policy::{
    Action, Binding, Direction, Limited, LocalAgent, OperationFacts, OperationName, PolicyBundle,
    Protocol, Request, Subject,
};
use proptest::prelude::*;
use tokio::time::Instant;

use super::{Limiter, Overload, Ticket};
use crate::limits::ACCOUNTS_MAX;

/// What a policy with these annotations leaves to whoever it permits.
fn limited(annotations: &str) -> Vec<Limited> {
    let policy = format!("@id(\"p\") {annotations} permit(principal, action, resource);");
    let bundle = PolicyBundle::parse(policy.as_bytes()).unwrap();
    let peer = Subject {
        agent: "planner".into(),
        trust_domain: "demo.example".into(),
        instance: "0".into(),
        principal: "acme.example".into(),
        scope: vec![],
        image: "planner".into(),
        version: "1".into(),
        tee: Tee::Snp,
        simulated: false,
        tier: Tier::Affirming,
        tcb_status: None,
        region_claim: None,
        on_behalf_of: None,
    };
    let local = LocalAgent {
        agent: "worker".into(),
        trust_domain: "demo.example".into(),
        principal: "acme.example".into(),
    };
    let action = Action::Operation(OperationFacts {
        protocol: Protocol::A2a,
        version: "1.0",
        binding: Binding::JsonRpc,
        name: OperationName::Send,
        streaming: false,
        message_bytes: None,
        media_types: None,
        extensions: &[],
        server: None,
        tool: None,
        resource: None,
    });
    let request = Request { direction: Direction::Inbound, peer: &peer, local: &local, action };
    let decision = bundle.decide(&request);
    assert!(decision.allows());
    decision.limited().to_vec()
}

fn over(kind: &'static str) -> Overload {
    Overload::Limit { policy: "p".into(), kind }
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

#[test]
fn as_many_as_the_rate_counts_come_at_once_and_then_as_evenly_as_it_says() {
    let (limiter, rate, start) = (Limiter::new(None), limited("@rate(\"4/s\")"), Instant::now());
    let admit = |at: f64| limiter.admit("a", &rate, start + secs(at)).map(drop);
    for _ in 0..4 {
        assert_eq!(admit(0.0), Ok(()));
    }
    assert_eq!(admit(0.0), Err(over("rate")));
    assert_eq!(admit(0.249), Err(over("rate")));
    assert_eq!(admit(0.25), Ok(()));
    assert_eq!(admit(0.25), Err(over("rate")));
    for _ in 0..4 {
        assert_eq!(admit(10.0), Ok(()));
    }
    assert_eq!(admit(10.0), Err(over("rate")), "what was not used is not saved up");
}

#[test]
fn a_request_counts_until_it_is_over() {
    let (limiter, two, now) = (Limiter::new(None), limited("@concurrency(\"2\")"), Instant::now());
    let first = limiter.admit("a", &two, now).unwrap();
    let _second = limiter.admit("a", &two, now).unwrap();
    assert_eq!(limiter.admit("a", &two, now).map(drop), Err(over("concurrency")));
    drop(first);
    assert!(limiter.admit("a", &two, now).is_ok());
}

#[test]
fn a_refused_request_uses_up_nothing() {
    let (limiter, now) = (Limiter::new(None), Instant::now());
    let both = limited("@rate(\"2/h\") @concurrency(\"1\")");
    let held = limiter.admit("a", &both, now).unwrap();
    for _ in 0..9 {
        assert_eq!(limiter.admit("a", &both, now).map(drop), Err(over("concurrency")));
    }
    drop(held);
    assert!(limiter.admit("a", &both, now).is_ok(), "the second of the hour is still there");
    assert_eq!(limiter.admit("a", &both, now).map(drop), Err(over("rate")));
}

#[test]
fn one_peers_requests_take_nothing_from_anothers() {
    let (limiter, one, now) = (Limiter::new(None), limited("@rate(\"1/h\")"), Instant::now());
    assert!(limiter.admit("greedy", &one, now).is_ok());
    assert!(limiter.admit("greedy", &one, now).is_err());
    assert!(limiter.admit("polite", &one, now).is_ok());
}

#[test]
fn what_ended_is_forgotten_and_what_cannot_be_counted_is_refused() {
    let (limiter, hourly, start) = (Limiter::new(None), limited("@rate(\"1/h\")"), Instant::now());
    for peer in 0..ACCOUNTS_MAX {
        assert!(limiter.admit(&peer.to_string(), &hourly, start).is_ok());
    }
    assert_eq!(limiter.admit("late", &hourly, start).map(drop), Err(Overload::Capacity));
    assert!(limiter.admit("late", &hourly, start + secs(3601.0)).is_ok());
    assert_eq!(limiter.lock().accounts.len(), 1);
}

/// A peer of a schedule: how many requests it makes in each step.
struct Offer {
    peer: &'static str,
    each_step: usize,
}

/// What each peer was served of `steps` steps of a schedule in which requests take as many steps as
/// `seed` says.
fn served(
    limiter: &Arc<Limiter>,
    offers: &[Offer],
    steps: u64,
    seed: u64,
) -> BTreeMap<&'static str, usize> {
    let (mut state, now) = (seed | 1, Instant::now());
    let mut random = move |most: u64| {
        // Xorshift: the same schedule for the same seed.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % most
    };
    let (mut flying, mut served): (Vec<(u64, Ticket)>, BTreeMap<_, usize>) = Default::default();
    for step in 0..steps {
        flying.retain(|(until, _)| *until > step);
        let mut turns: Vec<&str> =
            offers.iter().flat_map(|it| core::iter::repeat_n(it.peer, it.each_step)).collect();
        while !turns.is_empty() {
            let next = usize::try_from(random(u64::try_from(turns.len()).unwrap())).unwrap();
            let peer = turns.swap_remove(next);
            if let Ok(ticket) = limiter.admit(peer, &[], now) {
                *served.entry(peer).or_default() += 1;
                flying.push((step + 1 + random(9), ticket));
            }
        }
    }
    served
}

proptest! {
    /// However greedy the others are, and in whatever order requests come.
    #[test]
    fn a_greedy_peer_does_not_starve_another(seed: u64) {
        let offers = [Offer { peer: "greedy", each_step: 100 }, Offer { peer: "polite", each_step: 1 }];
        // A polite peer has at most nine in flight; its share beside one other is a third of 32.
        let served = served(&Limiter::new(Some(32)), &offers, 200, seed);
        prop_assert_eq!(served["polite"], 200);
        prop_assert!(served["greedy"] > 200, "and what is free is used: {:?}", served);
    }

    #[test]
    fn equally_greedy_peers_are_served_equally(seed: u64) {
        let offers = ["a", "b", "c"].map(|peer| Offer { peer, each_step: 50 });
        let served = served(&Limiter::new(Some(64)), &offers, 300, seed);
        let (least, most) = (served.values().min().unwrap(), served.values().max().unwrap());
        prop_assert!(most * 100 <= least * 115, "{:?}", served);
    }

    #[test]
    fn everything_is_given_back(seed: u64) {
        let limiter = Limiter::new(Some(8));
        served(&limiter, &[Offer { peer: "a", each_step: 9 }, Offer { peer: "b", each_step: 2 }], 20, seed);
        let counts = limiter.lock();
        prop_assert_eq!((counts.in_flight, counts.peers.len()), (0, 0));
    }
}
