//! Evidence made for one session: who has to show it, when, and what it has to be bound to.

use std::sync::Arc;

use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::Tee;
use cloister_attestation::manifest::Manifest;
use cloister_channel::limits::{EVIDENCE_PROOF_BYTES_MAX, PROOF_BYTES_MAX};
use cloister_channel::session::{EvidenceWanted, Misuse, SessionError};
use cloister_channel::tls::HandshakeError;
use cloister_channel::{
    Credentials, Decision, Demands, Event, Freshness, Handshake, KeyExchange, Session, TrustBundle,
    client_config, server_config,
};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;

use crate::adversary::{Mallory, Proof, exporter};
use crate::link::{Link, Still, accept, established, proven, quiet, refusal, sent};
use crate::world::{NOW, World, agent, at, session_evidence};

const FRESH: Demands =
    Demands { key_exchange: KeyExchange::PostQuantum, freshness: Freshness::Session };
const USUAL: Demands =
    Demands { key_exchange: KeyExchange::PostQuantum, freshness: Freshness::Lease };

/// The genuine agents `a` and `b`, connected, each with demands of its own.
struct Pair {
    world: World,
    trust: Arc<TrustBundle>,
    link: Link,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    initiator: Session,
    responder: Session,
}

impl Pair {
    fn demanding(a_demands: Demands, b_demands: Demands) -> Self {
        let world = World::new();
        let (a, b) = (world.runtime("a"), world.runtime("b"));
        let trust = Arc::new(world.trust());
        let client = client_config(&a, &trust, a_demands, Arc::new(Still)).unwrap();
        let server = server_config(&b, &trust, b_demands, Arc::new(Still)).unwrap();
        let link = Link::new(&world, client, server).unwrap();
        let (initiator, responder) = sessions(&link, &a, &b, &trust, (a_demands, b_demands));
        Self { world, trust, link, a, b, initiator, responder }
    }

    fn fresh() -> Self {
        Self::demanding(FRESH, FRESH)
    }

    /// Up to the responder's verdict, which is still to be given.
    fn until_responder_decides(&mut self) {
        provide(&mut self.initiator, &self.a);
        let proof = sent(&mut self.initiator);
        proven(&mut self.responder, &proof).unwrap();
    }
}

fn sessions(
    link: &Link,
    a: &Arc<Credentials>,
    b: &Arc<Credentials>,
    trust: &Arc<TrustBundle>,
    demands: (Demands, Demands),
) -> (Session, Session) {
    let dialled = Handshake::client(&link.client, demands.0).unwrap();
    let accepted = Handshake::server(&link.server, demands.1).unwrap();
    let (of_a, of_b) = (Arc::clone(a), Arc::clone(b));
    let initiator = Session::initiator(of_a, Arc::clone(trust), dialled, agent("b"), NOW).unwrap();
    let responder = Session::responder(of_b, Arc::clone(trust), accepted, NOW).unwrap();
    (initiator, responder)
}

#[track_caller]
fn wanted(session: &mut Session) -> EvidenceWanted {
    assert!(session.poll_transmit().is_none(), "nothing is said before the Evidence is there");
    match session.poll_event() {
        Some(Event::EvidenceWanted(wanted)) => *wanted,
        other => panic!("expected to be asked for Evidence, got {other:?}"),
    }
}

/// Makes the Evidence that a session asks for.
fn provide(session: &mut Session, local: &Credentials) -> Vec<u8> {
    let wanted = wanted(session);
    let claims = local.lease().claims();
    assert_eq!(
        (wanted.identity_key, wanted.channel_key),
        (claims.identity_key, claims.channel_key)
    );
    let envelope = session_evidence(claims, *wanted.exporter).encode();
    session.provide(envelope.clone(), NOW).unwrap();
    envelope
}

#[test]
fn both_ends_prove_themselves_freshly_where_either_demands_it() {
    for demands in [(FRESH, FRESH), (FRESH, USUAL), (USUAL, FRESH)] {
        let mut pair = Pair::demanding(demands.0, demands.1);
        let made = provide(&mut pair.initiator, &pair.a);
        let of_a = proven(&mut pair.responder, &sent(&mut pair.initiator)).unwrap();
        let shown = of_a.evidence.unwrap();
        assert_eq!(shown.envelope(), made);
        assert_eq!(shown.exporter(), &exporter(&pair.link.client, "initiator"));

        accept(&mut pair.responder);
        let made = provide(&mut pair.responder, &pair.b);
        let of_b = proven(&mut pair.initiator, &sent(&mut pair.responder)).unwrap();
        let shown = of_b.evidence.unwrap();
        assert_eq!(shown.envelope(), made);
        assert_eq!(shown.exporter(), &exporter(&pair.link.client, "responder"));

        accept(&mut pair.initiator);
        assert_eq!(established(&mut pair.initiator).freshness(), Freshness::Session);
        pair.responder.handle_bytes(b"P", NOW).unwrap();
        assert_eq!(established(&mut pair.responder).freshness(), Freshness::Session);
    }
}

#[test]
fn leases_are_enough_where_neither_end_demands_more() {
    let mut pair = Pair::demanding(USUAL, USUAL);
    let of_a = proven(&mut pair.responder, &sent(&mut pair.initiator)).unwrap();
    assert!(of_a.evidence.is_none());
    accept(&mut pair.responder);
    let of_b = proven(&mut pair.initiator, &sent(&mut pair.responder)).unwrap();
    assert!(of_b.evidence.is_none());
    accept(&mut pair.initiator);
    assert_eq!(established(&mut pair.initiator).freshness(), Freshness::Lease);
}

#[test]
fn refuses_a_handshake_without_the_protocol_that_is_demanded() {
    let world = World::new();
    let (a, b) = (world.runtime("a"), world.runtime("b"));
    let usual = Link::genuine(&world, &a, &b);
    assert_eq!(Handshake::client(&usual.client, USUAL).unwrap().freshness(), Freshness::Lease);
    assert_eq!(Handshake::client(&usual.client, FRESH).unwrap_err(), HandshakeError::Alpn);
    assert_eq!(Handshake::server(&usual.server, FRESH).unwrap_err(), HandshakeError::Alpn);
    // A peer that knows no such protocol does not get through TLS.
    let mallory = Mallory::admitted(&world, "m");
    let server = server_config(&b, &world.trust(), FRESH, Arc::new(Still)).unwrap();
    let client = Arc::new(mallory.client(&[X25519MLKEM768]));
    assert!(Link::new(&world, client, server).is_err());
    let client = client_config(&a, &world.trust(), FRESH, Arc::new(Still)).unwrap();
    let server = Arc::new(mallory.server(&[X25519MLKEM768]));
    assert!(Link::new(&world, client, server).is_err());
}

#[test]
fn a_responder_makes_evidence_only_for_a_peer_that_it_lets_in() {
    let mut pair = Pair::fresh();
    pair.until_responder_decides();
    assert!(pair.responder.poll_event().is_none() && pair.responder.poll_transmit().is_none());
    pair.responder.decide(Decision::Refuse, NOW).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Policy);
}

#[test]
fn refuses_bytes_while_evidence_is_being_made() {
    let mut pair = Pair::fresh();
    wanted(&mut pair.initiator);
    pair.initiator.handle_bytes(&[0], NOW).unwrap();
    assert_eq!(refusal(&mut pair.initiator), SessionError::Early);
    let mut pair = Pair::fresh();
    pair.until_responder_decides();
    accept(&mut pair.responder);
    wanted(&mut pair.responder);
    pair.responder.handle_bytes(b"P", NOW).unwrap();
    assert_eq!(refusal(&mut pair.responder), SessionError::Early);
}

#[test]
fn the_deadline_stands_while_evidence_is_being_made() {
    let mut pair = Pair::fresh();
    let wanted = wanted(&mut pair.initiator);
    pair.initiator.handle_timeout(at(9));
    assert!(pair.initiator.poll_event().is_none());
    let envelope = session_evidence(pair.a.lease().claims(), *wanted.exporter).encode();
    pair.initiator.provide(envelope, at(10)).unwrap();
    assert_eq!(refusal(&mut pair.initiator), SessionError::Deadline);
}

#[test]
fn evidence_that_nobody_asked_for_changes_nothing() {
    let mut pair = Pair::demanding(USUAL, USUAL);
    for session in [&mut pair.initiator, &mut pair.responder] {
        assert_eq!(session.provide(Vec::new(), NOW), Err(Misuse::NoEvidenceAwaited));
        assert!(session.poll_event().is_none());
    }
    let mut pair = Pair::fresh();
    assert_eq!(pair.responder.provide(Vec::new(), NOW), Err(Misuse::NoEvidenceAwaited));
    pair.until_responder_decides();
    assert_eq!(pair.initiator.provide(Vec::new(), NOW), Err(Misuse::NoEvidenceAwaited));
    pair.responder.handle_end();
    assert_eq!(pair.responder.provide(Vec::new(), NOW), Err(Misuse::Over));
}

#[test]
fn evidence_that_the_peer_would_refuse_is_not_sent() {
    let mut pair = Pair::fresh();
    let wanted = wanted(&mut pair.initiator);
    let of_b = session_evidence(pair.b.lease().claims(), *wanted.exporter);
    pair.initiator.provide(of_b.encode(), NOW).unwrap();
    let what = "identity key";
    assert_eq!(refusal(&mut pair.initiator), SessionError::EvidenceBinding { what });
    let mut pair = Pair::fresh();
    pair.initiator.provide(b"no envelope".to_vec(), NOW).unwrap();
    assert!(matches!(refusal(&mut pair.initiator), SessionError::Envelope(_)));
}

/// Mallory dials `b`, which demands Evidence.
fn dial(demands: Demands, change: impl FnOnce(&mut Proof, &Mallory, &Link)) -> SessionError {
    let world = World::new();
    let (mallory, b) = (Mallory::admitted(&world, "m"), world.runtime("b"));
    let mut client = mallory.client(&[X25519MLKEM768]);
    client.alpn_protocols = vec![b"cloister/1+evidence".to_vec(), b"cloister/1".to_vec()];
    let server = server_config(&b, &world.trust(), demands, Arc::new(Still)).unwrap();
    let link = Link::new(&world, Arc::new(client), server).unwrap();
    let mut session = link.responder(&b, &Arc::new(world.trust()));
    let mut proof = mallory.proof("initiator", &link.client, b.channel().public(), "b");
    let own = session_evidence(&mallory.claims, exporter(&link.client, "initiator"));
    proof.evidence = Some(own.encode());
    change(&mut proof, &mallory, &link);
    proven(&mut session, &proof.framed()).unwrap_err()
}

/// The genuine `a`, which demands Evidence, dials `b`, and Mallory answers.
fn answer(change: impl FnOnce(&mut Proof, &Mallory, &Link)) -> SessionError {
    let world = World::new();
    let (mallory, a) = (Mallory::admitted(&world, "b"), world.runtime("a"));
    let mut server = mallory.server(&[X25519MLKEM768]);
    server.alpn_protocols = vec![b"cloister/1+evidence".to_vec()];
    let client = client_config(&a, &world.trust(), FRESH, Arc::new(Still)).unwrap();
    let link = Link::new(&world, client, Arc::new(server)).unwrap();
    let mut session = link.initiator(&a, &Arc::new(world.trust()), agent("b"));
    provide(&mut session, &a);
    assert!(!sent(&mut session).is_empty());
    let mut proof = mallory.proof("responder", &link.server, a.channel().public(), "b");
    let own = session_evidence(&mallory.claims, exporter(&link.client, "responder"));
    proof.evidence = Some(own.encode());
    change(&mut proof, &mallory, &link);
    proven(&mut session, &proof.framed()).unwrap_err()
}

#[test]
fn refuses_a_proof_without_the_evidence_that_was_agreed_on() {
    assert_eq!(dial(FRESH, |proof, _, _| proof.evidence = None), SessionError::EvidenceMissing);
    assert_eq!(answer(|proof, _, _| proof.evidence = None), SessionError::EvidenceMissing);
}

#[test]
fn refuses_evidence_that_was_not_agreed_on() {
    assert_eq!(dial(USUAL, |_, _, _| {}), SessionError::EvidenceUnasked);
}

type Change = fn(&mut Envelope, &mut Binding, &Link);

/// Mallory's own Evidence with one thing changed, in both directions.
fn bound_otherwise(change: Change) -> [SessionError; 2] {
    let altered = |proof: &mut Proof, link: &Link| {
        let mut envelope = Envelope::decode(&proof.evidence.take().unwrap()).unwrap();
        let mut binding = Binding::decode(&envelope.binding).unwrap();
        change(&mut envelope, &mut binding, link);
        envelope.binding = binding.encode();
        proof.evidence = Some(envelope.encode());
    };
    [
        dial(FRESH, |proof, _, link| altered(proof, link)),
        answer(|proof, _, link| altered(proof, link)),
    ]
}

/// Another manifest, with a binding that names it.
fn declared_otherwise(
    envelope: &mut Envelope,
    binding: &mut Binding,
    change: impl FnOnce(&mut Manifest),
) {
    let mut manifest = Manifest::decode(&envelope.manifest).unwrap();
    change(&mut manifest);
    envelope.manifest = manifest.encode().unwrap();
    binding.manifest = Manifest::digest(&envelope.manifest);
}

#[test]
fn refuses_evidence_that_was_made_for_something_else() {
    let cases: [(&str, Change); 10] = [
        ("exporter value", |_, binding, _| binding.exporter = Some([0; 32])),
        ("exporter value", |_, binding, _| binding.exporter = None),
        ("nonce", |_, binding, _| binding.nonce = Nonce::new([5; 32])),
        ("identity key", |_, binding, _| binding.identity_key = Digest48::sha384(b"borrowed")),
        ("channel key", |_, binding, _| binding.channel_key = Digest48::sha384(b"borrowed")),
        ("manifest", |_, binding, _| binding.manifest = Digest48::sha384(b"another")),
        ("TEE", |envelope, _, _| envelope.tee = Tee::Tdx),
        ("agent", |envelope, binding, _| {
            declared_otherwise(envelope, binding, |manifest| manifest.agent = "c".into());
        }),
        ("principal", |envelope, binding, _| {
            declared_otherwise(envelope, binding, |manifest| manifest.principal = "x".into());
        }),
        ("scope", |envelope, binding, _| {
            declared_otherwise(envelope, binding, |manifest| manifest.scope.push("x".into()));
        }),
    ];
    for (what, change) in cases {
        let expected = SessionError::EvidenceBinding { what };
        assert_eq!(bound_otherwise(change), [expected.clone(), expected]);
    }
}

#[test]
fn refuses_evidence_made_for_the_other_end_of_the_session() {
    let other: Change = |_, binding, link| {
        let own = binding.exporter.unwrap();
        let both = ["initiator", "responder"].map(|role| exporter(&link.client, role));
        binding.exporter = both.into_iter().find(|value| value != &own);
    };
    let expected = SessionError::EvidenceBinding { what: "exporter value" };
    assert_eq!(bound_otherwise(other), [expected.clone(), expected]);
}

#[test]
fn refuses_evidence_replayed_from_another_session() {
    let mut earlier = Pair::fresh();
    let (a, b) = (Arc::clone(&earlier.a), Arc::clone(&earlier.b));
    let recorded = provide(&mut earlier.initiator, &a);
    let trust = &earlier.trust;
    let client = client_config(&a, trust, FRESH, Arc::new(Still)).unwrap();
    let server = server_config(&b, trust, FRESH, Arc::new(Still)).unwrap();
    let later = Link::new(&earlier.world, client, server).unwrap();
    let (mut initiator, _) = sessions(&later, &a, &b, trust, (FRESH, FRESH));
    wanted(&mut initiator);
    initiator.provide(recorded, NOW).unwrap();
    let what = "exporter value";
    assert_eq!(refusal(&mut initiator), SessionError::EvidenceBinding { what });
}

#[test]
fn refuses_envelopes_bindings_and_manifests_that_do_not_read() {
    assert!(matches!(
        dial(FRESH, |proof, _, _| proof.evidence = Some(vec![0])),
        SessionError::Envelope(_)
    ));
    let altered = |change: fn(&mut Envelope)| {
        dial(FRESH, |proof, _, _| {
            let mut envelope = Envelope::decode(&proof.evidence.take().unwrap()).unwrap();
            change(&mut envelope);
            proof.evidence = Some(envelope.encode());
        })
    };
    let refused = altered(|envelope| envelope.binding.push(0));
    assert!(matches!(refused, SessionError::Binding(_)), "{refused:?}");
    let refused = altered(|envelope| envelope.manifest.push(0));
    assert!(matches!(refused, SessionError::Manifest(_)), "{refused:?}");
}

#[test]
fn a_proof_may_be_longer_only_where_it_carries_evidence() {
    let longest = |demands, max: usize| {
        let length = u32::try_from(max).unwrap();
        let mut pair = Pair::demanding(demands, USUAL);
        quiet(&mut pair.responder, &length.to_be_bytes());
        let mut pair = Pair::demanding(demands, USUAL);
        let refused = proven(&mut pair.responder, &(length + 1).to_be_bytes()).unwrap_err();
        assert_eq!(refused, SessionError::Length { observed: length + 1 });
    };
    longest(USUAL, PROOF_BYTES_MAX);
    longest(FRESH, EVIDENCE_PROOF_BYTES_MAX);
}

#[test]
fn nothing_prints_an_exporter_value() {
    let mut pair = Pair::fresh();
    let wanted = wanted(&mut pair.initiator);
    let envelope = session_evidence(pair.a.lease().claims(), *wanted.exporter).encode();
    pair.initiator.provide(envelope, NOW).unwrap();
    let of_a = proven(&mut pair.responder, &sent(&mut pair.initiator)).unwrap();
    let bytes = format!("{:?}", wanted.exporter);
    for printed in [format!("{wanted:?}"), format!("{of_a:?}"), format!("{:?}", pair.responder)] {
        assert!(!printed.contains(&hex::encode(*wanted.exporter)) && !printed.contains(&bytes));
    }
}
