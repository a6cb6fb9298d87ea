//! Renewals that must not be believed. Each differs in one thing from the honest one, which the
//! first test shows to be believed.

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_channel::LeaseClaims;
use cloister_channel::lease::LeaseError;
use cloister_channel::life::{Ending, RenewalError};
use cloister_channel::trust::Revocation;
use cloister_domain::world::{NOW, World, agent, at};

use super::forged::{Attack, Renewal};
use super::{Pair, accept, asked, ended, said};
use crate::adversary::{Mallory, RawKey, envelope, exporter, framed, sign1};

#[test]
fn believes_the_honest_renewal() {
    let mut attack = Attack::new();
    let renewed = attack.tried(|_| {}).unwrap();
    assert_eq!((renewed.peer.agent, renewed.peer.lease_expires_at), (agent("m"), at(600)));
}

fn refused(change: impl FnOnce(&mut Renewal)) -> RenewalError {
    Attack::new().tried(change).unwrap_err()
}

#[test]
fn refuses_renewal_with_a_foreign_lease() {
    let mut attack = Attack::new();
    // Of another instance of the same agent, whose identity key Mallory does not hold, and of one
    // whose key she does.
    let other = Mallory::with_claims(&attack.world, "m", |claims| claims.issued_at = at(0));
    let foreign = attack.honest(other.lease.clone());
    assert_eq!(attack.judged(&foreign.framed()).unwrap_err(), RenewalError::IdentityKey);
    let mut attack = Attack::new();
    let other = Mallory::with_claims(&attack.world, "m", |claims| claims.issued_at = at(0));
    let mut foreign = attack.honest(other.lease.clone());
    foreign.signer = other.identity.clone();
    assert_eq!(attack.judged(&foreign.framed()).unwrap_err(), RenewalError::IdentityKey);
}

#[test]
fn refuses_renewal_by_another_identity_key() {
    let error = refused(|renewal| renewal.signer = RawKey::new());
    assert_eq!(error, RenewalError::Signature);
    let mut attack = Attack::new();
    let channel_key = attack.mallory.channel.clone();
    let error = attack.tried(|renewal| renewal.signer = channel_key).unwrap_err();
    assert_eq!(error, RenewalError::Signature);
}

#[test]
fn refuses_renewal_after_revocation() {
    let mut attack = Attack::new();
    let mut trust = attack.world.trust();
    let why = Revocation { agent: agent("m"), reason: "x".into(), forget_after: at(999) };
    trust.revoke(attack.mallory.claims.instance(), why).unwrap();
    attack.life.trust(Arc::new(trust), NOW);
    let message = attack.honest(attack.lease(60, |_| {})).framed();
    assert!(attack.life.handle_bytes(&message, NOW).is_err());
    assert!(matches!(ended(&mut attack.life), Ending::Revoked { .. }));
}

#[test]
fn refuses_a_renewal_under_judgement_once_the_peer_is_revoked() {
    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    asked(&mut pair.responder, &message, NOW);
    pair.responder.trust(pair.without(&pair.a), NOW);
    assert!(matches!(ended(&mut pair.responder), Ending::Revoked { .. }));
}

#[test]
fn refuses_a_replayed_renewal() {
    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    asked(&mut pair.responder, &message, NOW);
    accept(&mut pair.responder, NOW);
    pair.responder.handle_bytes(&message, NOW).unwrap();
    let older = RenewalError::Older { replaced: at(0), observed: at(0) };
    assert_eq!(ended(&mut pair.responder), Ending::Renewal(older));
}

#[test]
fn refuses_a_renewal_that_follows_one_that_was_left_out() {
    let mut pair = Pair::new();
    let left_out = pair.a_renews(40);
    assert!(!left_out.is_empty());
    let message = pair.a_renews(40);
    pair.responder.handle_bytes(&message, NOW).unwrap();
    assert_eq!(ended(&mut pair.responder), Ending::Renewal(RenewalError::PreviousLease));
}

#[test]
fn refuses_renewal_with_another_exporter() {
    assert_eq!(refused(|renewal| renewal.exporter = [0; 32]), RenewalError::Exporter);
    // An honest renewal on another channel between the same two runtimes.
    let mut attack = Attack::new();
    let (link, _life) = attack.another();
    let mut elsewhere = attack.honest(attack.lease(60, |_| {}));
    elsewhere.exporter = exporter(&link.client, "initiator");
    assert_eq!(attack.judged(&elsewhere.framed()).unwrap_err(), RenewalError::Exporter);
}

#[test]
fn refuses_the_exporter_of_the_other_role() {
    let mut attack = Attack::new();
    let other = exporter(&attack.link.client, "responder");
    let error = attack.tried(|renewal| renewal.exporter = other).unwrap_err();
    assert_eq!(error, RenewalError::Exporter);
}

#[test]
fn refuses_a_reflected_renewal() {
    let mut pair = Pair::new();
    let own = pair.a_renews(60);
    pair.initiator.handle_bytes(&own, NOW).unwrap();
    assert_eq!(ended(&mut pair.initiator), Ending::Renewal(RenewalError::Role));
    // With the role outside the signature changed as well, and between two ends that hold the same
    // identity key, so that only the signed role tells them apart.
    assert_eq!(refused(|renewal| renewal.outer_role = "responder"), RenewalError::Role);
    assert_eq!(refused(|renewal| renewal.role = "responder"), RenewalError::Role);
}

#[test]
fn refuses_a_statement_about_other_leases() {
    let other = Digest48::sha384(b"another");
    assert_eq!(refused(|renewal| renewal.previous = other), RenewalError::PreviousLease);
    assert_eq!(refused(|renewal| renewal.digest = other), RenewalError::LeaseDigest);
    // A genuine lease of the same runtime in place of the one that was meant.
    let mut attack = Attack::new();
    let lease = attack.lease(61, |_| {});
    let error = attack.tried(|renewal| renewal.lease = lease).unwrap_err();
    assert_eq!(error, RenewalError::LeaseDigest);
}

fn refused_lease(secs: u64, change: impl FnOnce(&mut LeaseClaims)) -> RenewalError {
    let mut attack = Attack::new();
    let renewal = attack.honest(attack.lease(secs, change));
    attack.judged(&renewal.framed()).unwrap_err()
}

#[test]
fn refuses_renewal_with_an_older_lease() {
    let older = |observed| RenewalError::Older { replaced: at(-60), observed };
    assert_eq!(refused_lease(0, |_| {}), older(at(-60)));
    assert_eq!(refused_lease(0, |claims| claims.issued_at = at(-61)), older(at(-61)));
    // Even if it ends later.
    let longer = refused_lease(0, |claims| claims.expires_at = at(3000));
    assert_eq!(longer, older(at(-60)));
}

#[test]
fn refuses_renewal_with_a_lease_that_would_not_open_a_channel() {
    let lease = |change: fn(&mut LeaseClaims)| {
        let refused = refused_lease(60, change);
        let RenewalError::Lease(error) = refused else { panic!("{refused:?}") };
        error
    };
    let over = |claims: &mut LeaseClaims| {
        claims.issued_at = at(-1);
        claims.expires_at = at(0);
    };
    assert!(matches!(lease(over), LeaseError::Expired { .. }));
    assert!(matches!(lease(|claims| claims.issued_at = at(31)), LeaseError::NotYetValid { .. }));
    assert!(matches!(lease(|claims| claims.policy_epoch = 2), LeaseError::PolicyEpoch { .. }));
    let simulated = |claims: &mut LeaseClaims| {
        claims.simulator = Some(Digest48::sha384(b"simulator"));
        claims.tier = Tier::Warning;
    };
    assert!(matches!(lease(simulated), LeaseError::Anchor { .. }));
    let mut attack = Attack::new();
    let foreign = World::new();
    let forged = foreign.signer.sign(&attack.mallory.claims).unwrap();
    let error = attack.judged(&attack.honest(forged).framed()).unwrap_err();
    assert!(matches!(error, RenewalError::Lease(LeaseError::UnknownKey { .. })), "{error:?}");
}

#[test]
fn refuses_a_lease_for_something_else_than_was_accepted() {
    type Change = fn(&mut LeaseClaims);
    let changes: [(&str, Change); 8] = [
        ("agent", |claims| claims.agent = agent("b")),
        ("principal", |claims| claims.principal = "example.net".into()),
        ("scope", |claims| claims.scope.push("more".into())),
        ("image", |claims| claims.image = "another".into()),
        ("version", |claims| claims.version = "1.2.2".into()),
        ("reference tuple", |claims| claims.reference = Digest48::sha384(b"another")),
        ("TEE", |claims| claims.tee = cloister_attestation::evidence::Tee::Tdx),
        ("platform", |claims| claims.platform = PlatformIdentity::NotAsserted),
    ];
    for (claim, change) in changes {
        assert_eq!(refused_lease(60, change), RenewalError::Changed { claim });
    }
}

#[test]
fn refuses_a_peer_that_acts_under_an_older_policy_epoch() {
    let older = |floor, observed| RenewalError::PolicyEpoch { floor, observed };
    assert_eq!(refused(|renewal| renewal.policy_epoch = 2), older(3, 2));
    let mut attack = Attack::new();
    let renewal = attack.honest(attack.lease(60, |claims| claims.policy_epoch = 5));
    assert_eq!(attack.judged(&renewal.framed()).unwrap_err(), older(5, 3));
}

#[test]
fn refuses_a_message_that_is_too_long_at_its_prefix() {
    for length in [0, 17 * 1024 + 1, u32::MAX] {
        let error = Attack::new().judged(&u32::to_be_bytes(length)).unwrap_err();
        assert_eq!(error, RenewalError::Length { observed: length });
    }
}

#[test]
fn refuses_more_than_one_renewal_ahead_of_the_decision() {
    let mut attack = Attack::new();
    attack.tried(|_| {}).unwrap();
    let most = 4 + 17 * 1024;
    attack.life.handle_bytes(&vec![0; most], NOW).unwrap();
    attack.life.handle_bytes(b"", NOW).unwrap();
    super::open(&mut attack.life);
    assert_eq!(attack.judged(&[0]).unwrap_err(), RenewalError::Ahead);
    let error = Attack::new().judged(&vec![0; most]).unwrap_err();
    assert_eq!(error, RenewalError::Length { observed: 0 });
}

#[test]
fn refuses_other_protocols_shapes_and_encodings() {
    let malformed =
        |error: RenewalError| assert!(matches!(error, RenewalError::Malformed { .. }), "{error:?}");
    malformed(refused(|renewal| renewal.outer_label = "cloister/session/1"));
    malformed(refused(|renewal| renewal.label = "cloister/session/1"));
    malformed(refused(|renewal| renewal.outer_role = "observer"));
    malformed(refused(|renewal| renewal.role = "observer"));
    let with_proof = |proof: fn(&Renewal) -> Vec<u8>| {
        let mut attack = Attack::new();
        let renewal = attack.honest(attack.lease(60, |_| {}));
        let message = framed(&renewal.message(&proof(&renewal)));
        attack.judged(&message).unwrap_err()
    };
    malformed(with_proof(|_| Vec::new()));
    malformed(with_proof(|renewal| envelope(&[0xa0], &renewal.statement(), &[0; 64])));
    // `{1: -7, 4: h'01'}`: names a key.
    malformed(with_proof(|renewal| {
        sign1(&[0xa2, 0x01, 0x26, 0x04, 0x41, 0x01], &renewal.statement(), &renewal.signer)
    }));
    malformed(with_proof(|renewal| {
        let statement = [renewal.statement(), vec![0]].concat();
        sign1(&[0xa1, 0x01, 0x26], &statement, &renewal.signer)
    }));
    let mut attack = Attack::new();
    let message = attack.honest(attack.lease(60, |_| {})).framed();
    malformed(attack.judged(&framed(&[&message[4..], &[0]].concat())).unwrap_err());
}

/// A session proof is no renewal, although the same key signed it about the same connection.
#[test]
fn refuses_a_session_proof_as_a_renewal() {
    let mut attack = Attack::new();
    let peer = attack.b.channel().public().clone();
    let proof = attack.mallory.proof("initiator", &attack.link.client, &peer, "b");
    let error = attack.judged(&proof.framed()).unwrap_err();
    assert!(matches!(error, RenewalError::Malformed { .. }), "{error:?}");
}

#[test]
fn a_renewal_that_is_not_believed_takes_back_what_was_to_be_said() {
    let mut attack = Attack::new();
    let renewed = attack.world.renewed(&attack.b, 60);
    attack.life.renew(renewed, NOW).unwrap();
    attack.life.handle_bytes(&[0; 4], NOW).unwrap();
    assert!(matches!(ended(&mut attack.life), Ending::Renewal(_)));
    assert!(said(&mut attack.life).is_empty());
}
