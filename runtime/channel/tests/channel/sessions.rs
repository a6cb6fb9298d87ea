//! The session's order of things: who speaks when, and what nobody may do before the verdict.

use std::sync::Arc;

use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::lease::LeaseError;
use cloister_channel::limits::SESSION_DEADLINE;
use cloister_channel::session::{Misuse, SessionError};
use cloister_channel::trust::Revocation;
use cloister_channel::{Credentials, Decision, Event, Role, Session, TrustBundle};
use rustls::NamedGroup;

use crate::link::{Link, accept, established, proven, quiet, refusal, sent};
use crate::world::{NOW, World, agent, at};

/// The genuine agents `a` and `b`, connected, with a session at each end.
struct Pair {
    world: World,
    link: Link,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    trust: Arc<TrustBundle>,
    initiator: Session,
    responder: Session,
}

impl Pair {
    fn new() -> Self {
        let world = World::new();
        let (a, b) = (world.runtime("a"), world.runtime("b"));
        Self::between(world, a, b)
    }

    fn between(world: World, a: Arc<Credentials>, b: Arc<Credentials>) -> Self {
        let link = Link::genuine(&world, &a, &b);
        let trust = Arc::new(world.trust());
        let initiator = link.initiator(&a, &trust, agent("b"));
        let responder = link.responder(&b, &trust);
        Self { world, link, a, b, trust, initiator, responder }
    }

    /// Up to the responder's verdict, which is still to be given.
    fn until_responder_decides(&mut self) {
        let proof = sent(&mut self.initiator);
        proven(&mut self.responder, &proof).unwrap();
    }

    /// Up to the initiator's verdict, which is still to be given.
    fn until_initiator_decides(&mut self) {
        self.until_responder_decides();
        accept(&mut self.responder);
        let proof = sent(&mut self.responder);
        proven(&mut self.initiator, &proof).unwrap();
    }
}

#[test]
fn two_genuine_runtimes_establish_a_session_and_know_each_other() {
    let mut pair = Pair::new();
    pair.until_initiator_decides();
    accept(&mut pair.initiator);
    let mut mine = established(&mut pair.initiator);
    assert_eq!((mine.role(), &mine.peer().agent), (Role::Initiator, pair.b.agent()));
    assert_eq!(mine.lease(), pair.b.lease());
    assert_eq!(mine.key_exchange(), NamedGroup::X25519MLKEM768);
    assert!(mine.take_first_bytes().is_empty());

    pair.responder.handle_bytes(b"PRI * HTTP/2.0", NOW).unwrap();
    let mut theirs = established(&mut pair.responder);
    assert_eq!((theirs.role(), &theirs.peer().agent), (Role::Responder, pair.a.agent()));
    assert_eq!(theirs.lease(), pair.a.lease());
    assert_eq!(theirs.take_first_bytes(), b"PRI * HTTP/2.0");
    assert!(theirs.take_first_bytes().is_empty());
    assert_eq!((pair.initiator.deadline(), pair.responder.deadline()), (None, None));
}

#[test]
fn simulated_runtimes_reach_each_other_where_the_configuration_names_their_simulator() {
    let world = World::new();
    let fingerprint = cloister_attestation::bytes::Digest48::sha384(b"simulator");
    let anchors = AnchorPolicy::Simulator(fingerprint);
    let simulated = |name| {
        world.runtime_with(name, anchors.clone(), |claims| {
            claims.simulator = Some(fingerprint);
            claims.tier = cloister_attestation::result::Tier::Warning;
        })
    };
    let (a, b) = (simulated("a"), simulated("b"));
    let link = Link::genuine(&world, &a, &b);
    let trust = Arc::new(TrustBundle::new(world.parts(), anchors.clone()).unwrap());
    let proof = sent(&mut link.initiator(&a, &trust, agent("b")));
    let peer = proven(&mut link.responder(&b, &trust), &proof).unwrap().peer;
    assert!(peer.simulated);
    let production = Arc::new(world.trust());
    let refused = proven(&mut link.responder(&b, &production), &proof).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Anchor { .. })), "{refused:?}");
}

#[test]
fn a_responder_says_nothing_before_it_has_accepted() {
    let mut pair = Pair::new();
    assert!(pair.responder.poll_transmit().is_none());
    pair.until_responder_decides();
    assert!(pair.responder.poll_transmit().is_none());
    accept(&mut pair.responder);
    assert!(pair.responder.poll_transmit().is_some());
    assert!(pair.responder.poll_event().is_none(), "not established by its own verdict alone");
}

#[test]
fn refuses_application_bytes_before_the_verdict_at_the_responder() {
    let mut pair = Pair::new();
    let mut with_request = sent(&mut pair.initiator);
    with_request.push(b'P');
    assert_eq!(proven(&mut pair.responder, &with_request).unwrap_err(), SessionError::Early);

    let mut pair = Pair::new();
    pair.until_responder_decides();
    pair.responder.handle_bytes(b"P", NOW).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Early);
    assert_eq!(pair.responder.decide(Decision::Accept, NOW), Err(Misuse::Over));
}

#[test]
fn refuses_application_bytes_before_the_verdict_at_the_initiator() {
    let mut pair = Pair::new();
    pair.until_responder_decides();
    accept(&mut pair.responder);
    let mut with_answer = sent(&mut pair.responder);
    with_answer.push(0);
    assert_eq!(proven(&mut pair.initiator, &with_answer).unwrap_err(), SessionError::Early);

    let mut pair = Pair::new();
    pair.until_initiator_decides();
    pair.initiator.handle_bytes(&[0], NOW).unwrap();
    assert_eq!(refusal(&mut pair.initiator), SessionError::Early);
}

#[test]
fn a_peer_that_policy_refuses_hears_nothing() {
    let mut pair = Pair::new();
    pair.until_responder_decides();
    pair.responder.decide(Decision::Refuse, NOW).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Policy);

    let mut pair = Pair::new();
    pair.until_initiator_decides();
    pair.initiator.decide(Decision::Refuse, NOW).unwrap();
    assert_eq!(refusal(&mut pair.initiator), SessionError::Policy);
}

#[test]
fn refuses_a_dialler_that_was_diverted_to_another_genuine_runtime() {
    let world = World::new();
    let (a, c) = (world.runtime("a"), world.runtime("c"));
    let link = Link::genuine(&world, &a, &c);
    let trust = Arc::new(world.trust());
    let mut initiator = link.initiator(&a, &trust, agent("b"));
    let refused = proven(&mut link.responder(&c, &trust), &sent(&mut initiator)).unwrap_err();
    let expected = SessionError::IntendedPeer { expected: "c".into(), observed: "b".into() };
    assert_eq!(refused, expected);
}

#[test]
fn refuses_a_peer_that_never_sends_its_proof() {
    let mut pair = Pair::new();
    for mut session in [pair.initiator, pair.responder] {
        let deadline = session.deadline().unwrap();
        assert_eq!(deadline, NOW.plus(SESSION_DEADLINE));
        session.handle_timeout(at(9));
        assert!(session.poll_event().is_none());
        session.handle_timeout(deadline);
        assert_eq!(refusal(&mut session), SessionError::Deadline);
    }
    pair = Pair::new();
    let (proof, deadline) = (sent(&mut pair.initiator), pair.responder.deadline().unwrap());
    pair.responder.handle_bytes(&proof, deadline).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Deadline);
}

#[test]
fn refuses_a_peer_that_accepts_and_then_says_nothing() {
    let mut pair = Pair::new();
    pair.until_responder_decides();
    accept(&mut pair.responder);
    assert!(pair.responder.poll_transmit().is_some());
    pair.responder.handle_timeout(pair.responder.deadline().unwrap());
    assert_eq!(refusal(&mut pair.responder), SessionError::Deadline);
}

#[test]
fn takes_a_proof_one_byte_at_a_time_within_the_deadline_and_not_beyond() {
    let mut pair = Pair::new();
    let proof = sent(&mut pair.initiator);
    let (last, head) = proof.split_last().unwrap();
    head.iter().for_each(|byte| quiet(&mut pair.responder, &[*byte]));
    assert!(proven(&mut pair.responder, &[*last]).is_ok());

    let mut pair = Pair::new();
    let proof = sent(&mut pair.initiator);
    proof[..100].iter().for_each(|byte| quiet(&mut pair.responder, &[*byte]));
    pair.responder.handle_bytes(&proof[100..101], at(10)).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Deadline);
}

#[test]
fn refuses_a_length_of_4_gib_at_the_prefix() {
    for length in [u32::MAX, 65_537, 0] {
        let mut pair = Pair::new();
        let refused = proven(&mut pair.responder, &length.to_be_bytes()).unwrap_err();
        assert_eq!(refused, SessionError::Length { observed: length });
    }
}

#[test]
fn refuses_a_peer_that_hangs_up() {
    let mut pair = Pair::new();
    pair.until_responder_decides();
    pair.responder.handle_end();
    assert_eq!(refusal(&mut pair.responder), SessionError::Ended);
    pair.initiator.handle_end();
    assert_eq!(refusal(&mut pair.initiator), SessionError::Ended);
}

/// A pair in which the lease of one end is over 5 seconds from now.
fn pair_with_a_short_lease(name: &str) -> Pair {
    let world = World::new();
    let runtime = |agent: &str| {
        world.runtime_with(agent, AnchorPolicy::Vendor, |claims| {
            if agent == name {
                claims.expires_at = at(5);
            }
        })
    };
    let (a, b) = (runtime("a"), runtime("b"));
    Pair::between(world, a, b)
}

fn refused_as_expired(session: &mut Session) {
    let refused = refusal(session);
    assert!(matches!(refused, SessionError::Lease(LeaseError::Expired { .. })), "{refused:?}");
}

#[test]
fn refuses_a_peer_whose_lease_ends_while_policy_is_being_asked() {
    let mut pair = pair_with_a_short_lease("a");
    pair.until_responder_decides();
    pair.responder.decide(Decision::Accept, at(5)).unwrap();
    refused_as_expired(&mut pair.responder);

    let mut pair = pair_with_a_short_lease("b");
    pair.until_initiator_decides();
    pair.initiator.decide(Decision::Accept, at(5)).unwrap();
    refused_as_expired(&mut pair.initiator);
}

#[test]
fn refuses_a_peer_whose_lease_ends_before_its_first_bytes() {
    let mut pair = pair_with_a_short_lease("a");
    pair.until_responder_decides();
    accept(&mut pair.responder);
    assert!(pair.responder.poll_transmit().is_some());
    pair.responder.handle_bytes(b"P", at(5)).unwrap();
    refused_as_expired(&mut pair.responder);
}

#[test]
fn a_refusal_takes_back_the_question_that_nobody_has_read_yet() {
    let mut pair = Pair::new();
    let proof = sent(&mut pair.initiator);
    pair.responder.handle_bytes(&proof, NOW).unwrap();
    pair.responder.handle_bytes(b"P", NOW).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Early);
}

#[test]
fn refuses_a_peer_that_is_revoked() {
    let mut pair = Pair::new();
    let mut trust = pair.world.trust();
    let why =
        Revocation { agent: agent("a"), reason: "agent.retired".into(), forget_after: at(540) };
    trust.revoke(pair.a.lease().claims().instance(), why).unwrap();
    let mut responder = pair.link.responder(&pair.b, &Arc::new(trust));
    let refused = proven(&mut responder, &sent(&mut pair.initiator)).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Revoked { .. })), "{refused:?}");
}

#[test]
fn decisions_that_nobody_asked_for_change_nothing() {
    let mut pair = Pair::new();
    for session in [&mut pair.initiator, &mut pair.responder] {
        assert_eq!(session.decide(Decision::Accept, NOW), Err(Misuse::NoVerdictAwaited));
        assert_eq!(session.decide(Decision::Refuse, NOW), Err(Misuse::NoVerdictAwaited));
        assert!(session.poll_event().is_none());
    }
    pair.until_responder_decides();
    accept(&mut pair.responder);
    assert_eq!(pair.responder.decide(Decision::Refuse, NOW), Err(Misuse::NoVerdictAwaited));
    let proof = sent(&mut pair.responder);
    assert!(proven(&mut pair.initiator, &proof).is_ok());
}

#[test]
fn a_session_starts_only_on_the_side_that_it_is_for() {
    let pair = Pair::new();
    let (local, trust) = (Arc::clone(&pair.a), Arc::clone(&pair.trust));
    let accepted = pair.link.server_handshake().unwrap();
    let refused = Session::initiator(local, trust, accepted, agent("b"), NOW).unwrap_err();
    assert_eq!(refused, SessionError::WrongSide);
    let dialled = pair.link.client_handshake().unwrap();
    let (local, trust) = (Arc::clone(&pair.b), Arc::clone(&pair.trust));
    let refused = Session::responder(local, trust, dialled, NOW).unwrap_err();
    assert_eq!(refused, SessionError::WrongSide);
}

#[test]
fn both_directions_of_one_connection_are_bound_to_different_values() {
    let pair = Pair::new();
    let of = |role| crate::adversary::exporter(&pair.link.client, role);
    assert_ne!(of("initiator"), of("responder"));
    assert_eq!(of("initiator"), crate::adversary::exporter(&pair.link.server, "initiator"));
}

#[test]
fn empty_reads_say_nothing() {
    let mut pair = Pair::new();
    pair.until_responder_decides();
    quiet(&mut pair.responder, &[]);
    accept(&mut pair.responder);
    assert!(pair.responder.poll_transmit().is_some());
    quiet(&mut pair.responder, &[]);
    pair.responder.handle_bytes(b"P", NOW).unwrap();
    assert!(matches!(pair.responder.poll_event(), Some(Event::Established(_))));
}
