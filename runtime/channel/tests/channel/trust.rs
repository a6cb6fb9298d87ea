//! Trust bundles: what travels, what is refused, and what only ever goes up.

use cloister_api::v1;
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::TrustBundle;
use cloister_channel::identity::IdentityKey;
use cloister_channel::limits::{ISSUERS_MAX, LEASE_KEYS_MAX, REVOKED_MAX};
use cloister_channel::trust::{KeyId, Revocation, TrustError, TrustParts};

use crate::world::{World, agent, at};

fn revocation(forget_after: i64) -> Revocation {
    Revocation { agent: agent("a"), reason: "agent.retired".into(), forget_after: at(forget_after) }
}

fn wire(world: &World) -> v1::TrustBundle {
    let mut trust = world.trust();
    trust.revoke(IdentityKey::generate().unwrap().instance(), revocation(60)).unwrap();
    trust.to_wire()
}

fn refused(change: impl FnOnce(&mut v1::TrustBundle)) -> TrustError {
    let mut wire = wire(&World::new());
    change(&mut wire);
    TrustBundle::from_wire(&wire, AnchorPolicy::Vendor).unwrap_err()
}

#[test]
fn a_bundle_survives_the_journey() {
    let sent = wire(&World::new());
    let read = TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).unwrap();
    assert_eq!(read.to_wire(), sent);
    assert_eq!(
        read.revocation(&sent.revoked[0].instance.parse().unwrap()).unwrap().agent,
        agent("a")
    );
}

#[test]
fn the_accepted_kind_of_root_is_not_the_verifiers_to_choose() {
    let named = AnchorPolicy::Simulator(cloister_attestation::bytes::Digest48::sha384(b"mine"));
    let sent = wire(&World::new());
    for anchors in [AnchorPolicy::Vendor, named] {
        let read = TrustBundle::from_wire(&sent, anchors.clone()).unwrap();
        assert_eq!(read.anchors(), &anchors);
    }
}

#[test]
fn refuses_bundles_with_parts_that_do_not_read_or_agree() {
    let changes: [fn(&mut v1::TrustBundle); 9] = [
        |wire| wire.trust_domain = "Example.org".into(),
        |wire| wire.issuers.clear(),
        |wire| wire.issuers[0].truncate(100),
        |wire| wire.issuers = vec![wire.issuers[0].clone(); ISSUERS_MAX + 1],
        |wire| wire.lease_keys.clear(),
        |wire| wire.lease_keys = vec![wire.lease_keys[0].clone(); LEASE_KEYS_MAX + 1],
        |wire| wire.lease_keys[0].kid[0] ^= 1,
        |wire| wire.lease_keys[0].public_key[90] ^= 1,
        |wire| wire.revoked[0].instance = "00".into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let refused = refused(change);
        assert!(matches!(refused, TrustError::Malformed { .. }), "change {number}: {refused:?}");
    }
}

#[test]
fn refuses_more_revocations_than_there_is_room_for_and_forgets_none() {
    let mut trust = World::new().trust();
    let instance = |number: usize| format!("{number:032x}").parse().unwrap();
    for number in 0..REVOKED_MAX {
        trust.revoke(instance(number), revocation(60)).unwrap();
    }
    assert_eq!(trust.revoke(instance(REVOKED_MAX), revocation(60)), Err(TrustError::Full));
    assert_eq!(trust.revoke(instance(0), revocation(90)), Ok(()));
    assert!(trust.revocation(&instance(1)).is_some());
    let mut sent = trust.to_wire();
    sent.revoked.push(sent.revoked[0].clone());
    let refused = TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).unwrap_err();
    assert_eq!(refused, TrustError::Full);
    trust.forget_ended(at(61));
    assert!(trust.revocation(&instance(0)).is_some() && trust.revocation(&instance(1)).is_none());
}

#[test]
fn epoch_floor_and_sequence_never_go_down() {
    let mut trust = World::new().trust();
    trust.raise_policy_epoch_floor(9);
    trust.raise_policy_epoch_floor(4);
    trust.advance_to(12);
    trust.advance_to(11);
    assert_eq!((trust.policy_epoch_floor(), trust.sequence()), (9, 12));
}

#[test]
fn keys_overlap_during_a_rotation() {
    let (world, next) = (World::new(), World::new());
    let both = vec![world.signer.public().clone(), next.signer.public().clone()];
    let trust =
        TrustBundle::new(TrustParts { lease_keys: both, ..world.parts() }, AnchorPolicy::Vendor)
            .unwrap();
    for signer in [&world.signer, &next.signer] {
        assert_eq!(signer.kid(), &KeyId::of(signer.public()));
        assert_eq!(trust.lease_key(signer.kid().as_bytes()), Some(signer.public()));
    }
    assert_eq!(trust.lease_key(b""), None);
}
