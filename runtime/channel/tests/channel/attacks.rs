//! Session proofs that must be refused. Each differs in one thing from the honest proof, which the
//! first two tests show to be accepted.

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_channel::lease::LeaseError;
use cloister_channel::session::{PeerProven, SessionError};
use cloister_channel::svid::SvidError;
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;

use crate::adversary::{Mallory, Proof, RawKey, exporter};
use crate::link::{Link, dialler, listener, proven, sent};
use crate::world::{World, agent};

type Outcome = Result<PeerProven, SessionError>;

/// The adversary dials the genuine agent `b`.
fn dial(world: &World, mallory: &Mallory, change: impl FnOnce(&mut Proof, &Link)) -> Outcome {
    let b = world.runtime("b");
    let client = Arc::new(mallory.client(&[X25519MLKEM768]));
    let link = Link::new(world, client, listener(world, &b)).unwrap();
    let mut session = link.responder(&b, &Arc::new(world.trust()));
    let mut proof = mallory.proof("initiator", &link.client, b.channel().public(), "b");
    change(&mut proof, &link);
    proven(&mut session, &proof.framed())
}

/// The genuine agent `a` dials `b`, and the adversary answers.
fn answer(world: &World, mallory: &Mallory, change: impl FnOnce(&mut Proof, &Link)) -> Outcome {
    let a = world.runtime("a");
    let server = Arc::new(mallory.server(&[X25519MLKEM768]));
    let link = Link::new(world, dialler(world, &a), server).unwrap();
    let mut session = link.initiator(&a, &Arc::new(world.trust()), agent("b"));
    let mut proof = mallory.proof("responder", &link.server, a.channel().public(), "b");
    change(&mut proof, &link);
    proven(&mut session, &proof.framed())
}

/// The same change to an admitted adversary's proof, in both directions.
fn both(change: impl Fn(&mut Proof, &Link)) -> [SessionError; 2] {
    let world = World::new();
    let dialled = dial(&world, &Mallory::admitted(&world, "m"), &change).unwrap_err();
    let answered = answer(&world, &Mallory::admitted(&world, "b"), &change).unwrap_err();
    [dialled, answered]
}

/// The same lease in both directions, with an otherwise honest proof.
fn with_lease(world: &World, lease: impl Fn(&Mallory) -> Vec<u8>) -> [SessionError; 2] {
    let make = |name| {
        let mallory = Mallory::admitted(world, name);
        let lease = lease(&mallory);
        mallory.carrying(world, lease)
    };
    [
        dial(world, &make("m"), |_, _| {}).unwrap_err(),
        answer(world, &make("b"), |_, _| {}).unwrap_err(),
    ]
}

#[test]
fn honest_proof_of_a_dialler_is_accepted() {
    let world = World::new();
    let proven = dial(&world, &Mallory::admitted(&world, "m"), |_, _| {}).unwrap();
    assert_eq!(proven.peer.agent, agent("m"));
}

#[test]
fn honest_proof_of_a_listener_is_accepted() {
    let world = World::new();
    let proven = answer(&world, &Mallory::admitted(&world, "b"), |_, _| {}).unwrap();
    assert_eq!(proven.peer.agent, agent("b"));
}

#[test]
fn refuses_replayed_session_proof() {
    // The adversary has everything of an earlier connection between the same two runtimes, down to
    // the channel key, except the identity key: it can only replay.
    let world = World::new();
    let (mallory, b) = (Mallory::admitted(&world, "m"), world.runtime("b"));
    let client = Arc::new(mallory.client(&[X25519MLKEM768]));
    let link = || Link::new(&world, Arc::clone(&client), listener(&world, &b)).unwrap();
    let (earlier, later) = (link(), link());
    let trust = Arc::new(world.trust());
    let recorded = mallory.proof("initiator", &earlier.client, b.channel().public(), "b").framed();
    assert!(proven(&mut earlier.responder(&b, &trust), &recorded).is_ok());
    let refused = proven(&mut later.responder(&b, &trust), &recorded).unwrap_err();
    assert_eq!(refused, SessionError::Exporter);
}

#[test]
fn refuses_proof_relayed_from_another_connection() {
    let world = World::new();
    // Signed by the right key, about a connection of the same dialler with somebody else.
    let other = world.runtime("other");
    let refused = dial(&world, &Mallory::admitted(&world, "m"), |proof, _| {
        proof.peer_key = *other.channel().thumbprint();
    });
    assert_eq!(refused.unwrap_err(), SessionError::Keys);
}

#[test]
fn refuses_identity_signature_over_another_exporter() {
    let refused = both(|proof, _| proof.exporter = [0; 32]);
    assert_eq!(refused, [SessionError::Exporter, SessionError::Exporter]);
}

#[test]
fn refuses_the_exporter_of_the_other_role() {
    let refused = both(|proof, link| {
        let other = if proof.role == "initiator" { "responder" } else { "initiator" };
        proof.exporter = exporter(&link.client, other);
    });
    assert_eq!(refused, [SessionError::Exporter, SessionError::Exporter]);
}

#[test]
fn refuses_reflected_proof() {
    // The genuine initiator's own words come back to it, with and without the label of the role
    // that is outside the signature.
    let world = World::new();
    let (a, mallory) = (world.runtime("a"), Mallory::admitted(&world, "b"));
    let server = Arc::new(mallory.server(&[X25519MLKEM768]));
    let link = Link::new(&world, dialler(&world, &a), server).unwrap();
    let trust = Arc::new(world.trust());
    let mut session = link.initiator(&a, &trust, agent("b"));
    let words = sent(&mut session);
    assert_eq!(proven(&mut session, &words).unwrap_err(), SessionError::Role);

    let mut relabelled = words;
    let at = relabelled.windows(9).position(|window| window == b"initiator").unwrap();
    relabelled[at..at + 9].copy_from_slice(b"responder");
    let mut session = link.initiator(&a, &trust, agent("b"));
    assert_eq!(proven(&mut session, &relabelled).unwrap_err(), SessionError::OtherLease);
}

#[test]
fn refuses_swapped_role() {
    let swap = |role: &str| if role == "initiator" { "responder" } else { "initiator" }.to_owned();
    let outer = both(|proof, _| proof.outer_role = swap(&proof.outer_role));
    assert_eq!(outer, [SessionError::Role, SessionError::Role]);
    let signed = both(|proof, _| proof.role = swap(&proof.role));
    assert_eq!(signed, [SessionError::Role, SessionError::Role]);
}

#[test]
fn refuses_proof_that_names_another_own_key() {
    let refused = both(|proof, _| proof.own_key = Digest48::sha384(b"another"));
    assert_eq!(refused, [SessionError::Keys, SessionError::Keys]);
}

#[test]
fn refuses_proof_made_under_another_lease() {
    let refused = both(|proof, _| proof.lease = Digest48::sha384(b"another"));
    assert_eq!(refused, [SessionError::LeaseDigest, SessionError::LeaseDigest]);
}

#[test]
fn refuses_lease_of_a_with_identity_key_of_b() {
    let thief = RawKey::new();
    let world = World::new();
    for honest_about_it in [true, false] {
        let refused = dial(&world, &Mallory::admitted(&world, "m"), |proof, _| {
            proof.signer = thief.clone();
            if honest_about_it {
                proof.identity_key = thief.public.spki().to_vec();
            }
        });
        let expected =
            if honest_about_it { SessionError::IdentityKey } else { SessionError::Signature };
        assert_eq!(refused.unwrap_err(), expected);
    }
}

#[test]
fn refuses_lease_of_a_in_the_certificate_of_b() {
    // The channel key is not in `cnf`: a lease borrowed from another runtime, in a certificate
    // that chains well.
    let world = World::new();
    let refused = with_lease(&world, |mallory| {
        let claims = world.claims(
            mallory.claims.agent.as_str(),
            mallory.claims.identity_key,
            Digest48::sha384(b"channel key of somebody else"),
        );
        world.signer.sign(&claims).unwrap()
    });
    for error in refused {
        assert!(matches!(error, SessionError::Svid(SvidError::Key { .. })), "{error:?}");
    }
}

#[test]
fn refuses_a_fitting_certificate_with_another_name_than_the_lease() {
    let world = World::new();
    let refused = with_lease(&world, |mallory| {
        let mut claims = mallory.claims.clone();
        claims.agent = agent("somebody-else");
        world.signer.sign(&claims).unwrap()
    });
    for error in refused {
        assert!(matches!(error, SessionError::Svid(SvidError::Name { .. })), "{error:?}");
    }
}

#[test]
fn refuses_another_lease_in_the_proof_than_in_the_certificate() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut fresher = mallory.claims.clone();
    fresher.expires_at = crate::world::at(600);
    let fresher = world.signer.sign(&fresher).unwrap();
    let refused = dial(&world, &mallory, |proof, _| {
        proof.lease = Digest48::sha384(&fresher);
        proof.carried_lease = fresher;
    });
    assert_eq!(refused.unwrap_err(), SessionError::OtherLease);
}

#[test]
fn refuses_proof_with_alg_none_and_other_header_parts() {
    // {1: 0}, {}, nothing, {1: -35}, {1: -7, 4: h'00'}, {1: -7, 2: [1]}, {1: -7} in two other encodings.
    let headers: [&[u8]; 8] = [
        &[0xa1, 0x01, 0x00],
        &[0xa0],
        &[],
        &[0xa1, 0x01, 0x38, 0x22],
        &[0xa2, 0x01, 0x26, 0x04, 0x41, 0x00],
        &[0xa2, 0x01, 0x26, 0x02, 0x81, 0x01],
        &[0xbf, 0x01, 0x26, 0xff],
        &[0xa1, 0x01, 0x38, 0x06],
    ];
    for header in headers {
        for error in both(|proof, _| proof.protected = header.to_vec()) {
            assert!(matches!(error, SessionError::Malformed { .. }), "{header:02x?}: {error:?}");
        }
    }
}

#[test]
fn refuses_messages_and_statements_of_another_version() {
    for error in both(|proof, _| proof.outer_label = "cloister/session/2".into()) {
        assert!(matches!(error, SessionError::Malformed { .. }), "{error:?}");
    }
    for error in both(|proof, _| proof.label = "cloister/session/2".into()) {
        assert!(matches!(error, SessionError::Malformed { .. }), "{error:?}");
    }
}

#[test]
fn refuses_a_dialler_that_means_somebody_else_or_nobody() {
    for intended in [Some("c".to_owned()), None] {
        let refused = both(|proof, _| proof.intended.clone_from(&intended));
        for error in refused {
            assert!(matches!(error, SessionError::IntendedPeer { .. }), "{error:?}");
        }
    }
}

#[test]
fn refuses_intended_peer_b_answered_by_a_genuine_c() {
    // An admitted runtime of another agent repeats what it was asked for.
    let world = World::new();
    let refused = answer(&world, &Mallory::admitted(&world, "c"), |_, _| {}).unwrap_err();
    let expected = SessionError::IntendedPeer { expected: "b".into(), observed: "c".into() };
    assert_eq!(refused, expected);
}

#[test]
fn refuses_a_policy_epoch_older_than_the_lease_or_the_floor() {
    let refused = both(|proof, _| proof.policy_epoch = 2);
    let expected = SessionError::PolicyEpoch { floor: 3, observed: 2 };
    assert_eq!(refused, [expected.clone(), expected]);
}

#[test]
fn refuses_lease_signed_by_an_unknown_key() {
    let (world, stranger) = (World::new(), World::new());
    let refused = with_lease(&world, |mallory| stranger.signer.sign(&mallory.claims).unwrap());
    for error in refused {
        assert!(matches!(error, SessionError::Lease(LeaseError::UnknownKey { .. })), "{error:?}");
    }
}

#[test]
fn refuses_simulator_lease_at_a_production_runtime() {
    let world = World::new();
    let refused = with_lease(&world, |mallory| {
        let mut claims = mallory.claims.clone();
        claims.simulator = Some(Digest48::sha384(b"simulator"));
        claims.tier = cloister_attestation::result::Tier::Warning;
        world.signer.sign(&claims).unwrap()
    });
    for error in refused {
        assert!(matches!(error, SessionError::Lease(LeaseError::Anchor { .. })), "{error:?}");
    }
}
