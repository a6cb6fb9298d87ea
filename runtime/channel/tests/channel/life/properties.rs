//! Properties over arbitrary orders of inputs: nothing prolongs a channel but an accepted renewal of
//! each end, and nothing brings one back.

use std::sync::{Arc, OnceLock};

use cloister_attestation::time::UnixTime;
use cloister_channel::life::Event;
use cloister_channel::{Credentials, Decision, Life, TrustBundle};
use cloister_domain::link::Link;
use cloister_domain::world::{NOW, at};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Pair, said};

/// Renewals of both ends that every case draws from.
const RENEWALS: usize = 3;

/// One connection between genuine runtimes, which every case begins a life on.
struct Fixture {
    link: Link,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    trust: Arc<TrustBundle>,
    /// Without `a`, and newer.
    revoked: Arc<TrustBundle>,
    /// The peer's renewals, in order, framed.
    messages: Vec<Vec<u8>>,
    /// The end of the peer's lease after that many renewals.
    peer_ends: Vec<UnixTime>,
    /// This side's credentials, in order.
    own: Vec<Arc<Credentials>>,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let pair = Pair::new();
        let revoked = pair.without(&pair.a);
        let Pair { world, trust, a, b, .. } = pair;
        let link = Link::genuine(&world, &a, &b);
        let (initiator, _) = link.established(&a, &b, &trust);
        let mut life = Life::new(initiator, Arc::clone(&trust), NOW);
        let mut fixture = Fixture {
            messages: Vec::new(),
            peer_ends: vec![a.lease().claims().expires_at],
            own: vec![Arc::clone(&b)],
            a: Arc::clone(&a),
            b: Arc::clone(&b),
            link,
            trust,
            revoked,
        };
        let (mut peer, mut own) = (a, b);
        for _ in 0..RENEWALS {
            peer = world.renewed(&peer, 20);
            life.renew(Arc::clone(&peer), NOW).unwrap();
            fixture.messages.push(said(&mut life));
            fixture.peer_ends.push(peer.lease().claims().expires_at);
            own = world.renewed(&own, 15);
            fixture.own.push(Arc::clone(&own));
        }
        fixture
    })
}

/// Something that a caller, a peer or a clock does to a life.
#[derive(Clone, Debug)]
enum Input {
    /// A whole renewal of the peer's.
    Renewal(usize),
    /// A piece of one.
    Piece(usize, usize, usize),
    Junk(Vec<u8>),
    Decide(Decision),
    Renew(usize),
    Trust,
    Revoke,
    Timeout,
    End,
    /// The clock moves, either way.
    Clock(i64),
    Drain,
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => (0..RENEWALS).prop_map(Input::Renewal),
        1 => (0..RENEWALS, 0..1500_usize, 1..1500_usize).prop_map(|(n, from, len)| Input::Piece(n, from, len)),
        1 => vec(any::<u8>(), 0..64).prop_map(Input::Junk),
        8 => Just(Input::Decide(Decision::Accept)),
        1 => Just(Input::Decide(Decision::Refuse)),
        4 => (0..=RENEWALS).prop_map(Input::Renew),
        2 => Just(Input::Trust),
        1 => Just(Input::Revoke),
        3 => Just(Input::Timeout),
        1 => Just(Input::End),
        6 => prop_oneof![-700..700_i64, 0..30_i64].prop_map(Input::Clock),
        3 => Just(Input::Drain),
    ]
}

/// What the test itself knows to hold, from what it did.
struct Known {
    clock: UnixTime,
    latest: UnixTime,
    /// Accepted renewals of the peer's, and renewals of this side.
    accepted: usize,
    renewed: usize,
    revoked: bool,
    ended: bool,
}

impl Known {
    /// No channel may live to this moment.
    fn end(&self) -> UnixTime {
        let fixture = fixture();
        let own = fixture.own[self.renewed].lease().claims().expires_at;
        fixture.peer_ends[self.accepted].min(own)
    }

    fn drain(&mut self, life: &mut Life) {
        while let Some(event) = life.poll_event() {
            assert!(!self.ended, "nothing follows the end");
            self.ended = matches!(event, Event::Ended(_));
        }
    }

    fn apply(&mut self, life: &mut Life, input: &Input) {
        let (fixture, now) = (fixture(), self.clock);
        match input {
            Input::Clock(by) => {
                self.clock = UnixTime::from_secs(now.as_secs().saturating_add_signed(*by));
                return;
            }
            Input::Drain => return self.drain(life),
            Input::End => life.handle_end(),
            Input::Renewal(n) => drop(life.handle_bytes(&fixture.messages[*n], now)),
            Input::Piece(n, from, len) => {
                let message = &fixture.messages[*n];
                let from = (*from).min(message.len());
                let to = from.saturating_add(*len).min(message.len());
                let _ = life.handle_bytes(&message[from..to], now);
            }
            Input::Junk(bytes) => drop(life.handle_bytes(bytes, now)),
            Input::Decide(decision) => {
                let before = life.lease().clone();
                let taken = life.decide(*decision, now).is_ok();
                if taken && *decision == Decision::Accept && life.lease() != &before {
                    self.accepted += 1;
                }
            }
            Input::Renew(n) => {
                let local = &fixture.own[*n];
                if life.renew(Arc::clone(local), now).is_ok() {
                    assert!(*n >= self.renewed, "went back to an older lease");
                    self.renewed = *n;
                }
            }
            Input::Trust => life.trust(Arc::clone(&fixture.trust), now),
            Input::Revoke => {
                life.trust(Arc::clone(&fixture.revoked), now);
                self.revoked = true;
            }
            Input::Timeout => life.handle_timeout(now),
        }
        if !matches!(input, Input::End) {
            self.latest = self.latest.max(now);
        }
    }

    /// The channel is not open beyond what was accepted.
    fn check(&self, life: &Life) {
        let Some(deadline) = life.deadline() else { return };
        assert_eq!(deadline, self.end(), "ends where the leases that count end");
        assert!(self.latest < deadline, "open at {} after {deadline}", self.latest);
        assert!(!self.revoked, "open after a revocation");
        assert!(!self.ended, "open after its end");
        assert_eq!(life.lease().claims().expires_at, fixture().peer_ends[self.accepted]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_order_of_inputs_prolongs_a_channel_beyond_what_was_accepted(
        inputs in vec(input(), 0..40),
    ) {
        let fixture = fixture();
        let (_, responder) = fixture.link.established(&fixture.a, &fixture.b, &fixture.trust);
        let mut life = Life::new(responder, Arc::clone(&fixture.trust), NOW);
        let mut known = Known {
            clock: NOW, latest: NOW, accepted: 0, renewed: 0, revoked: false, ended: false,
        };
        known.check(&life);
        for input in &inputs {
            known.apply(&mut life, input);
            known.check(&life);
        }
        known.drain(&mut life);
        prop_assert_eq!(life.deadline().is_none(), known.ended);
    }

    #[test]
    fn a_renewal_with_any_bytes_changed_is_never_believed(
        changes in vec((0..4096_usize, 1..=255_u8), 1..8),
    ) {
        let fixture = fixture();
        let mut message = fixture.messages[0].clone();
        let len = message.len();
        changes.iter().for_each(|(at, with)| message[at % len] ^= with);
        prop_assume!(message != fixture.messages[0]);
        let (_, responder) = fixture.link.established(&fixture.a, &fixture.b, &fixture.trust);
        let mut life = Life::new(responder, Arc::clone(&fixture.trust), NOW);
        life.handle_bytes(&message, NOW).unwrap();
        let event = life.poll_event();
        prop_assert!(matches!(event, None | Some(Event::Ended(_))), "{:?}", event);
    }
}

#[test]
fn the_honest_renewals_of_the_properties_are_believed_in_their_order() {
    let fixture = fixture();
    let (_, responder) = fixture.link.established(&fixture.a, &fixture.b, &fixture.trust);
    let mut life = Life::new(responder, Arc::clone(&fixture.trust), NOW);
    for (message, end) in fixture.messages.iter().zip(&fixture.peer_ends[1..]) {
        super::asked(&mut life, message, NOW);
        super::accept(&mut life, NOW);
        assert_eq!(life.lease().claims().expires_at, *end);
    }
    assert_eq!(life.deadline(), Some(at(540)));
}
