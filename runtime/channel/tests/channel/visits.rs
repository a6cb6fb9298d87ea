//! Visits: a client that proves nothing, and what it must not be told, shown or talked into.

use std::sync::Arc;

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::result::Tier;
use cloister_channel::lease::LeaseError;
use cloister_channel::limits::SESSION_DEADLINE;
use cloister_channel::session::SessionError;
use cloister_channel::tls::{HandshakeError, HostHandshake, VISIT_ALPN, VisitorHandshake};
use cloister_channel::trust::Revocation;
use cloister_channel::visit::{Heard, Host, Reached, Visitor};
use cloister_channel::{Credentials, KeyExchange, TrustBundle};
use rustls::NamedGroup;
use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};

use crate::adversary::{self, Mallory, RawKey};
use crate::link::{Link, dialler, listener, proven};
use crate::visit::{
    NONCE, VisitProof, admitted, answered, diverted, host, hosting, link, visiting, visitor,
};
use crate::world::{NOW, World, agent, at};

/// A visitor who means `b`, at the genuine runtime of `b`.
struct Visit {
    world: World,
    link: Link,
    b: Arc<Credentials>,
    trust: Arc<TrustBundle>,
    visitor: Visitor,
    greeting: Vec<u8>,
    host: Host,
}

impl Visit {
    fn new() -> Self {
        let world = World::new();
        let b = world.runtime("b");
        Self::to(world, b)
    }

    fn to(world: World, b: Arc<Credentials>) -> Self {
        let (link, trust) = (link(&world, &b), Arc::new(world.trust()));
        let (visitor, greeting) = visitor(&link, &trust, agent("b"), NONCE);
        let host = host(&link, &b, &trust);
        Self { world, link, b, trust, visitor, greeting, host }
    }

    fn proof(&mut self) -> Vec<u8> {
        admitted(&mut self.host, &self.greeting).unwrap()
    }
}

/// The adversary holds the name, a lease and every key of an agent `name`, and answers a visitor
/// who means `b` with this proof.
fn answer(name: &str, change: impl FnOnce(&mut VisitProof)) -> Result<Reached, SessionError> {
    let world = World::new();
    answer_of(&world, &Mallory::admitted(&world, name), change)
}

fn answer_of(
    world: &World,
    mallory: &Mallory,
    change: impl FnOnce(&mut VisitProof),
) -> Result<Reached, SessionError> {
    let link = diverted(world, mallory);
    let (mut visitor, _) = visitor(&link, &Arc::new(world.trust()), agent("b"), NONCE);
    let mut proof = VisitProof::of(mallory, &link.server, "b");
    change(&mut proof);
    answered(&mut visitor, &proof.framed())
}

#[test]
fn a_visitor_reaches_the_agent_that_it_means_and_speaks_first() {
    let mut visit = Visit::new();
    let proof = visit.proof();
    let reached = answered(&mut visit.visitor, &proof).unwrap();
    assert_eq!((&reached.peer().agent, reached.lease()), (visit.b.agent(), visit.b.lease()));
    assert_eq!(reached.key_exchange(), NamedGroup::X25519MLKEM768);
    assert!(matches!(visit.host.handle_bytes(b"", NOW), Ok(Heard::Nothing)));
    let Heard::Received(received) = visit.host.handle_bytes(b"PRI", NOW).unwrap() else {
        panic!("not received");
    };
    assert_eq!((received.at(), received.key_exchange()), (NOW, NamedGroup::X25519MLKEM768));
    assert_eq!(received.local().lease(), visit.b.lease());
    assert_eq!(received.into_first_bytes(), b"PRI");
    assert_eq!(visit.host.handle_bytes(b"x", NOW).unwrap_err(), SessionError::Early);
    assert!(visit.link.server.peer_certificates().is_none(), "a visitor shows nothing");
}

#[test]
fn an_honest_proof_written_by_hand_is_believed() {
    let reached = answer("b", |_| {}).unwrap();
    assert_eq!(reached.peer().agent, agent("b"));
}

#[test]
fn refuses_application_bytes_before_the_host_has_proved_itself() {
    let mut early = Visit::new();
    let both = [early.greeting.as_slice(), b"PRI"].concat();
    assert_eq!(early.host.handle_bytes(&both, NOW).unwrap_err(), SessionError::Early);
    assert_eq!(early.host.admit(NOW).unwrap_err(), SessionError::Early);

    let mut waiting = Visit::new();
    let heard = waiting.host.handle_bytes(&waiting.greeting, NOW).unwrap();
    assert!(matches!(heard, Heard::Visitor));
    assert_eq!(waiting.host.handle_bytes(b"PRI", NOW).unwrap_err(), SessionError::Early);
    assert_eq!(waiting.host.admit(NOW).unwrap_err(), SessionError::Early, "nothing is proved");
}

#[test]
fn refuses_a_host_that_speaks_before_the_verdict_on_its_proof() {
    let mut visit = Visit::new();
    let proof = [visit.proof(), vec![0]].concat();
    assert_eq!(answered(&mut visit.visitor, &proof).unwrap_err(), SessionError::Early);
    assert_eq!(answered(&mut visit.visitor, &proof).unwrap_err(), SessionError::Early);
}

#[test]
fn refuses_another_genuine_agent_that_answers() {
    let world = World::new();
    let c = world.runtime("c");
    // An honest one does not answer at all.
    let mut visit = Visit::to(world, c);
    let refused = visit.host.handle_bytes(&visit.greeting, NOW).unwrap_err();
    assert!(matches!(refused, SessionError::IntendedPeer { .. }), "{refused}");
    // One whose keys leaked may claim either.
    for claimed in ["b", "c"] {
        let refused = answer("c", |proof| proof.intended = claimed.into()).unwrap_err();
        assert!(matches!(refused, SessionError::IntendedPeer { .. }), "{claimed}: {refused}");
    }
    let elsewhere = answer("b", |proof| proof.intended = "c".into()).unwrap_err();
    assert!(matches!(elsewhere, SessionError::IntendedPeer { .. }), "{elsewhere}");
}

#[test]
fn refuses_a_proof_relayed_from_another_visit() {
    // The relay is given even the channel key of `b`: its two connections differ in nothing but
    // what TLS derived for each.
    let world = World::new();
    let (b, trust) = (world.runtime("b"), Arc::new(world.trust()));
    let (near, far) = (link(&world, &b), link(&world, &b));
    let (mut visitor, greeting) = visitor(&near, &trust, agent("b"), NONCE);
    let relayed = admitted(&mut host(&far, &b, &trust), &greeting).unwrap();
    assert_eq!(answered(&mut visitor, &relayed).unwrap_err(), SessionError::Exporter);
}

#[test]
fn refuses_a_proof_that_answers_another_question_on_the_same_connection() {
    let mut visit = Visit::new();
    let proof = visit.proof();
    let (mut other, _) = visitor(&visit.link, &visit.trust, agent("b"), Nonce::new([6; 32]));
    assert_eq!(answered(&mut other, &proof).unwrap_err(), SessionError::Nonce);
}

#[test]
fn refuses_every_change_to_what_the_host_states() {
    type Change = fn(&mut VisitProof);
    let changes: [(SessionError, Change); 6] = [
        (SessionError::Keys, |proof| proof.own_key = Digest48::sha384(b"another")),
        (SessionError::Exporter, |proof| proof.exporter[0] ^= 1),
        (SessionError::Nonce, |proof| proof.nonce[31] ^= 1),
        (SessionError::LeaseDigest, |proof| proof.lease = Digest48::sha384(b"another")),
        (SessionError::PolicyEpoch { floor: 3, observed: 2 }, |proof| proof.policy_epoch = 2),
        (SessionError::Signature, |proof| proof.signer = RawKey::new()),
    ];
    for (expected, change) in changes {
        assert_eq!(answer("b", change).unwrap_err(), expected);
    }
}

#[test]
fn refuses_other_labels_and_roles_in_message_and_statement() {
    let changes: [fn(&mut VisitProof); 6] = [
        |proof| proof.outer_label = "cloister/session/1".into(),
        |proof| proof.outer_label = "cloister/visit/2".into(),
        |proof| proof.outer_role = "visitor".into(),
        |proof| proof.label = "cloister/session/1".into(),
        |proof| proof.role = "visitor".into(),
        |proof| proof.role = "responder".into(),
    ];
    for change in changes {
        let refused = answer("b", change).unwrap_err();
        assert!(matches!(refused, SessionError::Malformed { .. }), "{refused}");
    }
}

#[test]
fn refuses_a_lease_of_one_runtime_with_the_keys_of_another() {
    let world = World::new();
    let (mallory, genuine) = (Mallory::admitted(&world, "m"), world.runtime("b"));
    let lease = genuine.lease_bytes().to_vec();
    let carried = answer_of(&world, &mallory, |proof| proof.carried_lease = lease.clone());
    assert_eq!(carried.unwrap_err(), SessionError::OtherLease);
    let key = genuine.identity().spki().to_vec();
    let claimed = answer_of(&world, &mallory, |proof| proof.identity_key = key.clone());
    assert_eq!(claimed.unwrap_err(), SessionError::IdentityKey);
    let both = Mallory::admitted(&world, "b").carrying(&world, lease);
    assert!(matches!(answer_of(&world, &both, |_| {}), Err(SessionError::Svid(_))));
}

#[test]
fn refuses_leases_that_a_peer_would_refuse() {
    let world = World::new();
    let with = |change: fn(&mut cloister_channel::LeaseClaims)| {
        let mallory = Mallory::with_claims(&world, "b", change);
        answer_of(&world, &mallory, |_| {}).unwrap_err()
    };
    let epoch = with(|claims| claims.policy_epoch = 2);
    assert!(matches!(epoch, SessionError::Lease(LeaseError::PolicyEpoch { .. })), "{epoch}");
    let simulated = with(|claims| {
        claims.simulator = Some(Digest48::sha384(b"simulator"));
        claims.tier = Tier::Warning;
    });
    assert!(matches!(simulated, SessionError::Lease(LeaseError::Anchor { .. })), "{simulated}");

    let mallory = Mallory::admitted(&world, "b");
    let mut trust = world.trust();
    let revocation = Revocation {
        agent: agent("b"),
        reason: "a test".to_owned(),
        forget_after: mallory.claims.expires_at,
    };
    trust.revoke(mallory.claims.instance(), revocation).unwrap();
    let link = diverted(&world, &mallory);
    let (mut visitor, _) = visitor(&link, &Arc::new(trust), agent("b"), NONCE);
    let proof = VisitProof::of(&mallory, &link.server, "b").framed();
    let refused = answered(&mut visitor, &proof).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Revoked { .. })), "{refused}");
}

#[test]
fn a_host_whose_own_lease_is_gone_proves_nothing_and_receives_nobody() {
    let world = World::new();
    let b = world.runtime_with("b", AnchorPolicy::Vendor, |claims| claims.expires_at = at(5));
    let mut visit = Visit::to(world, b);
    visit.host.handle_bytes(&visit.greeting, NOW).unwrap();
    let refused = visit.host.admit(at(5)).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Expired { .. })), "{refused}");

    let world = World::new();
    let b = world.runtime_with("b", AnchorPolicy::Vendor, |claims| claims.expires_at = at(5));
    let mut visit = Visit::to(world, b);
    let proof = visit.proof();
    let refused = visit.host.handle_bytes(b"PRI", at(5)).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Expired { .. })), "{refused}");
    let refused = visit.visitor.handle_bytes(&proof, at(5)).unwrap_err();
    assert!(matches!(refused, SessionError::Lease(LeaseError::Expired { .. })), "{refused}");
}

#[test]
fn messages_arrive_in_any_pieces_within_the_deadline_and_not_beyond() {
    let mut visit = Visit::new();
    let (last, pieces) = visit.greeting.split_last().unwrap();
    for byte in pieces {
        let heard = visit.host.handle_bytes(&[*byte], NOW).unwrap();
        assert!(matches!(heard, Heard::Nothing));
    }
    assert!(matches!(visit.host.handle_bytes(&[*last], NOW), Ok(Heard::Visitor)));
    let proof = visit.host.admit(NOW).unwrap();
    let (last, pieces) = proof.split_last().unwrap();
    for byte in pieces {
        assert!(visit.visitor.handle_bytes(&[*byte], NOW).unwrap().is_none());
    }
    let late = visit.visitor.deadline();
    assert_eq!((late, visit.host.deadline()), (NOW.plus(SESSION_DEADLINE), late));
    assert_eq!(visit.visitor.handle_bytes(&[*last], late).unwrap_err(), SessionError::Deadline);
    assert_eq!(visit.host.handle_bytes(b"PRI", late).unwrap_err(), SessionError::Deadline);
}

#[test]
fn refuses_lengths_that_neither_message_has_at_the_prefix() {
    for len in [0, 257, u32::MAX] {
        let refused = Visit::new().host.handle_bytes(&len.to_be_bytes(), NOW).unwrap_err();
        assert_eq!(refused, SessionError::Length { observed: len });
    }
    for len in [0, 65_537, u32::MAX] {
        let refused = Visit::new().visitor.handle_bytes(&len.to_be_bytes(), NOW).unwrap_err();
        assert_eq!(refused, SessionError::Length { observed: len });
    }
}

#[test]
fn a_mutual_channel_cannot_be_downgraded_to_a_visit() {
    let world = World::new();
    let (a, b) = (world.runtime("a"), world.runtime("b"));
    // TLS agrees on no protocol between an end that wants a channel and one that offers a visit.
    assert!(Link::new(&world, dialler(&world, &a), hosting(&b)).is_err());
    assert!(Link::new(&world, visiting(&world), listener(&world, &b)).is_err());
    // On what an adversary's own TLS agreed to, neither end begins the other's protocol.
    let mutual = Link::genuine(&world, &a, &b);
    let demanded = KeyExchange::PostQuantum;
    let host = HostHandshake::of(&mutual.server, demanded).unwrap_err();
    let visitor = VisitorHandshake::of(&mutual.client, demanded).unwrap_err();
    assert_eq!((host, visitor), (HandshakeError::Alpn, HandshakeError::Alpn));
}

#[test]
fn a_visit_never_passes_for_a_mutual_channel() {
    let visit = Visit::new();
    assert_eq!(visit.link.server_handshake().unwrap_err(), HandshakeError::Alpn);
    assert_eq!(visit.link.client_handshake().unwrap_err(), HandshakeError::Alpn);
    // A certificate shown on a connection for visits changes nothing.
    let mut client = Mallory::admitted(&visit.world, "m").client(&[X25519MLKEM768]);
    client.alpn_protocols = vec![VISIT_ALPN.to_vec()];
    let link = Link::new(&visit.world, Arc::new(client), hosting(&visit.b)).unwrap();
    assert_eq!(link.server_handshake().unwrap_err(), HandshakeError::Alpn);
    assert!(link.server.peer_certificates().is_none());
}

#[test]
fn a_visitor_cannot_claim_to_be_an_agent() {
    // What an admitted runtime would prove itself with on a channel is no greeting.
    let world = World::new();
    let (mallory, b) = (Mallory::admitted(&world, "m"), world.runtime("b"));
    let link = link(&world, &b);
    let mut host = host(&link, &b, &Arc::new(world.trust()));
    let mut proof = mallory.proof("initiator", &link.client, b.channel().public(), "b");
    proof.exporter = crate::visit::exporter(&link.client);
    let message = proof.message();
    let refused = host.handle_bytes(&adversary::framed(&message), NOW).unwrap_err();
    assert!(matches!(refused, SessionError::Length { .. }), "{refused}");
}

#[test]
fn what_a_host_proves_to_a_visitor_proves_nothing_on_a_channel() {
    // The adversary visits `b`, and hopes to be taken for it by `a`.
    let mut visit = Visit::new();
    let proof = visit.proof();
    let a = visit.world.runtime("a");
    let mallory = Mallory::admitted(&visit.world, "b");
    let server = Arc::new(mallory.server(&[X25519MLKEM768]));
    let link = Link::new(&visit.world, dialler(&visit.world, &a), server).unwrap();
    let mut session = link.initiator(&a, &visit.trust, agent("b"));
    let refused = proven(&mut session, &proof).unwrap_err();
    assert!(matches!(refused, SessionError::Malformed { .. }), "{refused}");
}

#[test]
fn refuses_x25519_alone_on_a_visit() {
    let world = World::new();
    let b = world.runtime("b");
    let mut classical = Mallory::admitted(&world, "m").client(&[X25519]);
    classical.alpn_protocols = vec![VISIT_ALPN.to_vec()];
    assert!(Link::new(&world, Arc::new(classical), hosting(&b)).is_err());
}

#[test]
fn no_exporter_value_is_printed() {
    let visit = Visit::new();
    let secret = format!("{:?}", crate::visit::exporter(&visit.link.client));
    let secret = secret.trim_matches(['[', ']']);
    for printed in [format!("{:?}", visit.visitor), format!("{:?}", visit.host)] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
