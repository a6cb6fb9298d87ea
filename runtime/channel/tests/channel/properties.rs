//! Properties over arbitrary input: nothing panics, and nothing but the honest proof is believed.

use std::sync::{Arc, OnceLock};

use cloister_attestation::time::UnixTime;
use cloister_channel::{Credentials, Decision, Event, Session, Svid, TrustBundle, lease};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::adversary::framed;
use crate::link::{Link, accept, proven, sent};
use crate::world::{NOW, World, agent};

/// One connection between genuine runtimes, which every case starts sessions on.
struct Fixture {
    link: Link,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    trust: Arc<TrustBundle>,
    /// The initiator's proof, framed.
    proof: Vec<u8>,
    /// The responder's proof, framed.
    answer: Vec<u8>,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let world = World::new();
        let (a, b) = (world.runtime("a"), world.runtime("b"));
        let link = Link::genuine(&world, &a, &b);
        let trust = Arc::new(world.trust());
        let proof = sent(&mut link.initiator(&a, &trust, agent("b")));
        let mut responder = link.responder(&b, &trust);
        proven(&mut responder, &proof).unwrap();
        accept(&mut responder);
        let answer = sent(&mut responder);
        Fixture { link, a, b, trust, proof, answer }
    })
}

impl Fixture {
    fn initiator(&self) -> Session {
        self.link.initiator(&self.a, &self.trust, agent("b"))
    }

    fn responder(&self) -> Session {
        self.link.responder(&self.b, &self.trust)
    }
}

/// A session at one end of the connection.
fn session(dialled: bool) -> Session {
    if dialled { fixture().initiator() } else { fixture().responder() }
}

/// The proof that an end is to believe, framed.
fn honest(dialled: bool) -> &'static [u8] {
    if dialled { &fixture().answer } else { &fixture().proof }
}

/// Whether an end believes these bytes.
fn believed(dialled: bool, bytes: &[u8]) -> bool {
    let mut session = session(dialled);
    session.handle_bytes(bytes, NOW).unwrap();
    matches!(session.poll_event(), Some(Event::PeerProven(_)))
}

#[test]
fn the_honest_proofs_are_believed() {
    for dialled in [true, false] {
        assert!(believed(dialled, honest(dialled)));
        assert!(!believed(dialled, honest(!dialled)));
    }
}

/// Something that a caller, a peer or a clock does to a session.
#[derive(Clone, Debug)]
enum Input {
    Proof { from: usize, len: usize },
    Junk(Vec<u8>),
    Empty,
    Timeout,
    End,
    Decide(Decision),
    Wait(u8),
    Drain,
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => (0..2000_usize, 0..2000_usize).prop_map(|(from, len)| Input::Proof { from, len }),
        4 => Just(Input::Proof { from: 0, len: usize::MAX }),
        1 => vec(any::<u8>(), 1..64).prop_map(Input::Junk),
        1 => Just(Input::Empty),
        1 => Just(Input::Timeout),
        1 => Just(Input::End),
        4 => prop_oneof![Just(Decision::Accept), Just(Decision::Refuse)].prop_map(Input::Decide),
        1 => (0..4_u8).prop_map(Input::Wait),
        2 => Just(Input::Drain),
    ]
}

/// What a run of inputs has led to.
#[derive(Default)]
struct Seen {
    accepted: bool,
    refused: bool,
    established: bool,
}

impl Seen {
    fn drain(&mut self, session: &mut Session) {
        while let Some(event) = session.poll_event() {
            assert!(!self.refused && !self.established, "nothing follows the end");
            self.refused = matches!(event, Event::Refused(_));
            self.established = matches!(event, Event::Established(_));
            assert!(!self.established || self.accepted, "established without a decision");
        }
    }
}

fn apply(session: &mut Session, dialled: bool, input: &Input, now: &mut UnixTime, seen: &mut Seen) {
    match input {
        Input::Proof { from, len } => {
            let proof = honest(dialled);
            let from = (*from).min(proof.len());
            let to = from.saturating_add(*len).min(proof.len());
            let _ = session.handle_bytes(&proof[from..to], *now);
        }
        Input::Junk(bytes) => drop(session.handle_bytes(bytes, *now)),
        Input::Empty => drop(session.handle_bytes(&[], *now)),
        Input::Timeout => session.handle_timeout(*now),
        Input::End => session.handle_end(),
        Input::Decide(decision) => {
            let taken = session.decide(*decision, *now).is_ok();
            seen.accepted |= taken && *decision == Decision::Accept;
        }
        Input::Wait(secs) => *now = now.plus(core::time::Duration::from_secs((*secs).into())),
        Input::Drain => seen.drain(session),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn lease_and_certificate_decoders_never_panic(bytes in vec(any::<u8>(), 0..2048)) {
        let _ = lease::verify(&bytes, &fixture().trust, NOW);
        let _ = Svid::parse(&bytes);
    }

    #[test]
    fn mutated_certificates_never_panic(at in 0..4096_usize, with in any::<u8>(), cut in 0..64_usize) {
        let mut der = fixture().a.certificates()[0].to_vec();
        let len = der.len();
        der[at % len] ^= with;
        der.truncate(len - cut);
        let _ = Svid::parse(&der);
    }

    #[test]
    fn arbitrary_messages_are_never_believed(
        dialled in any::<bool>(), bytes in vec(any::<u8>(), 1..2048),
    ) {
        prop_assert!(!believed(dialled, &framed(&bytes)));
    }

    #[test]
    fn a_proof_with_any_bytes_changed_is_never_believed(
        dialled in any::<bool>(), changes in vec((0..4096_usize, 1..=255_u8), 1..8),
    ) {
        let mut proof = honest(dialled).to_vec();
        let len = proof.len();
        changes.iter().for_each(|(at, with)| proof[at % len] ^= with);
        prop_assume!(proof != honest(dialled));
        prop_assert!(!believed(dialled, &proof));
    }

    #[test]
    fn a_proof_with_a_piece_cut_out_or_doubled_is_never_believed(
        dialled in any::<bool>(), from in 4..1500_usize, len in 1..200_usize,
        doubled in any::<bool>(),
    ) {
        let message = &honest(dialled)[4..];
        let (from, to) = (from.min(message.len() - 1), (from + len).min(message.len()));
        let middle = if doubled { message[from..to].repeat(2) } else { Vec::new() };
        let changed = [&message[..from], &middle, &message[to..]].concat();
        prop_assume!(changed != message && !changed.is_empty());
        prop_assert!(!believed(dialled, &framed(&changed)));
    }

    #[test]
    fn no_order_of_inputs_panics_or_establishes_without_a_decision(
        dialled in any::<bool>(), inputs in vec(input(), 0..24),
    ) {
        let mut session = session(dialled);
        let (mut now, mut seen) = (NOW, Seen::default());
        for input in &inputs {
            apply(&mut session, dialled, input, &mut now, &mut seen);
        }
        seen.drain(&mut session);
        if seen.refused {
            prop_assert!(session.poll_transmit().is_none());
        }
    }
}
