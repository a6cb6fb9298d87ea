//! Trust bundles: what travels, what is refused, and what only ever goes up.

use cloister_api::v1;
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::TrustBundle;
use cloister_channel::identity::IdentityKey;
use cloister_channel::limits::{ISSUERS_MAX, LEASE_KEYS_MAX, REVOKED_MAX};
use cloister_channel::trust::{KeyId, Revocation, TrustError, TrustParts};
use minicbor::Encoder;

use crate::adversary::{RawKey, sign1};
use crate::world::{NOW, World, agent, at};

fn revocation(forget_after: i64) -> Revocation {
    Revocation { agent: agent("a"), reason: "agent.retired".into(), forget_after: at(forget_after) }
}

fn wire(world: &World) -> v1::TrustBundle {
    let mut trust = world.trust();
    trust.revoke(IdentityKey::generate().unwrap().instance(), revocation(60)).unwrap();
    trust.to_wire(&world.signer).unwrap()
}

fn refused(change: impl FnOnce(&mut v1::TrustBundle)) -> TrustError {
    let mut wire = wire(&World::new());
    change(&mut wire);
    TrustBundle::from_wire(&wire, AnchorPolicy::Vendor).unwrap_err()
}

#[test]
fn a_bundle_survives_the_journey() {
    let world = World::new();
    let mut trust = world.trust();
    let gone: Vec<_> = (0..5).map(|_| IdentityKey::generate().unwrap().instance()).collect();
    for instance in &gone {
        trust.revoke(*instance, revocation(60)).unwrap();
    }
    let sent = trust.to_wire(&world.signer).unwrap();
    let read = TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).unwrap();
    for instance in &gone {
        assert_eq!(read.revocation(instance), Some(&revocation(60)));
    }
    let number = |trust: &TrustBundle| (trust.sequence(), trust.policy_epoch_floor());
    assert_eq!((number(&read), read.issued_at()), (number(&trust), NOW));
    assert!(read.lease_key_ids().eq([world.signer.kid()]));
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
    let changes: [fn(&mut v1::TrustBundle); 10] = [
        |wire| wire.trust_domain = "Example.org".into(),
        |wire| wire.issuers.clear(),
        |wire| wire.issuers[0].truncate(100),
        |wire| wire.issuers = vec![wire.issuers[0].clone(); ISSUERS_MAX + 1],
        |wire| wire.lease_keys.clear(),
        |wire| wire.lease_keys = vec![wire.lease_keys[0].clone(); LEASE_KEYS_MAX + 1],
        |wire| wire.lease_keys[0].kid[0] ^= 1,
        |wire| wire.lease_keys[0].public_key[90] ^= 1,
        |wire| wire.revocations.truncate(20),
        |wire| wire.revocations.push(0),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let refused = refused(change);
        assert!(matches!(refused, TrustError::Malformed { .. }), "change {number}: {refused:?}");
    }
}

#[test]
fn refuses_more_revocations_than_there_is_room_for_and_forgets_none() {
    let world = World::new();
    let mut trust = world.trust();
    let instance = |number: usize| format!("{number:032x}").parse().unwrap();
    for number in 0..REVOKED_MAX {
        trust.revoke(instance(number), revocation(60)).unwrap();
    }
    assert_eq!(trust.revoke(instance(REVOKED_MAX), revocation(60)), Err(TrustError::Full));
    assert_eq!(trust.revoke(instance(0), revocation(90)), Ok(()));
    assert!(trust.revocation(&instance(1)).is_some());
    let sent = trust.to_wire(&world.signer).unwrap();
    assert!(TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).is_ok(), "as many as there may be");
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

#[test]
fn refuses_a_snapshot_that_no_key_of_the_bundle_signed_for_its_trust_domain() {
    let other = World::new();
    type Change = fn(&World, &World, &mut v1::TrustBundle);
    let changes: [(&str, Change); 4] = [
        ("another Verifier's", |_, other, wire| {
            wire.revocations = other.trust().to_wire(&other.signer).unwrap().revocations;
        }),
        ("a key that is not listed", |world, other, wire| {
            wire.revocations = world.trust().to_wire(&other.signer).unwrap().revocations;
        }),
        ("another trust domain's", |world, _, wire| {
            let parts =
                TrustParts { trust_domain: "example.net".parse().unwrap(), ..world.parts() };
            let trust = TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap();
            wire.revocations = trust.to_wire(&world.signer).unwrap().revocations;
        }),
        ("altered", |_, _, wire| *wire.revocations.last_mut().unwrap() ^= 1),
    ];
    for (what, change) in changes {
        let world = World::new();
        let mut wire = wire(&world);
        change(&world, &other, &mut wire);
        let refused = TrustBundle::from_wire(&wire, AnchorPolicy::Vendor).unwrap_err();
        assert!(matches!(refused, TrustError::Signature { .. }), "{what}: {refused:?}");
    }
}

#[test]
fn refuses_any_flipped_bit_of_a_snapshot() {
    let sent = wire(&World::new());
    for at in 0..sent.revocations.len() {
        let mut changed = sent.clone();
        changed.revocations[at] ^= 1;
        assert!(TrustBundle::from_wire(&changed, AnchorPolicy::Vendor).is_err(), "byte {at}");
    }
}

#[test]
fn refuses_a_lease_in_the_place_of_a_snapshot_and_a_snapshot_as_a_lease() {
    let world = World::new();
    let mut sent = wire(&world);
    let snapshot = sent.revocations.clone();
    assert!(cloister_channel::lease::verify(&snapshot, &world.trust(), NOW).is_err());
    sent.revocations = world.signer.sign(&crate::leases::claims(&world)).unwrap();
    let refused = TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).unwrap_err();
    assert_eq!(refused.to_string(), "trust bundle is malformed: a signed message of another kind");
}

#[test]
fn refuses_snapshots_in_any_other_form_signed_with_a_good_key() {
    let key = RawKey::new();
    let world = World::new();
    let parts = TrustParts { lease_keys: vec![key.public.clone()], ..world.parts() };
    let trust = TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap();
    let entry = |instance: u8| {
        let mut e = Encoder::new(Vec::new());
        e.array(4).unwrap().bytes(&[instance; 16]).unwrap().str("a").unwrap();
        e.str("agent.retired").unwrap().u64(5).unwrap();
        e.into_writer()
    };
    let judged = |head: &[u8], list: &[Vec<u8>], tail: &[u8]| {
        let mut sent = trust.to_wire(&world.signer).unwrap();
        let payload = [head, &[6, 0x80 + u8::try_from(list.len()).unwrap()], &list.concat(), tail];
        sent.revocations = sign1(&header(&key), &payload.concat(), &key);
        TrustBundle::from_wire(&sent, AnchorPolicy::Vendor).map(|read| read.sequence())
    };
    let good = head("cloister/revocations/1", "example.org");
    assert_eq!(judged(&good, &[entry(1), entry(2)], &[]), Ok(7));
    let other_label = head("cloister/revocations/2", "example.org");
    let longer = [&entry(1)[..1], &[0x58, 16], &entry(1)[2..]].concat();
    for (head, list, tail) in [
        (&good, vec![entry(2), entry(1)], &[][..]),
        (&good, vec![entry(1), entry(1)], &[]),
        (&good, vec![entry(1)], &[0]),
        (&good, vec![longer], &[]),
        (&other_label, vec![], &[]),
    ] {
        let refused = judged(head, &list, tail).unwrap_err();
        assert!(matches!(refused, TrustError::Malformed { .. }), "{list:02x?}: {refused:?}");
    }
}

fn header(key: &RawKey) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.map(3).unwrap().u8(1).unwrap().i8(-7).unwrap();
    e.u8(4).unwrap().bytes(KeyId::of(&key.public).as_bytes()).unwrap();
    e.u8(16).unwrap().str("application/vnd.cloister.revocations+cose").unwrap();
    e.into_writer()
}

/// A snapshot of event 7 up to the list.
fn head(label: &str, domain: &str) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.map(6).unwrap().u8(1).unwrap().str(label).unwrap().u8(2).unwrap().str(domain).unwrap();
    e.u8(3).unwrap().u8(7).unwrap().u8(4).unwrap().u8(3).unwrap().u8(5).unwrap().u8(9).unwrap();
    e.into_writer()
}

#[test]
fn a_bundle_before_one_that_was_seen_is_told_by_number_and_by_date() {
    let world = World::new();
    let of = |sequence, issued_at| {
        let parts = TrustParts { sequence, issued_at, ..world.parts() };
        TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap()
    };
    let seen = of(5, NOW);
    assert_eq!(seen.check_not_before(&seen), Ok(()));
    assert_eq!(of(6, at(1)).check_not_before(&seen), Ok(()));
    let refused = of(4, at(1)).check_not_before(&seen);
    assert_eq!(refused, Err(TrustError::Sequence { seen: 5, observed: 4 }));
    let refused = of(6, at(-1)).check_not_before(&seen);
    assert_eq!(refused, Err(TrustError::Issued { seen: NOW, observed: at(-1) }));
}
