//! Leases that must be refused for how they are written, signed with a key that is trusted.

use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::identity::KeyError;
use cloister_channel::lease::{self, LeaseError};
use cloister_channel::trust::{KeyId, TrustParts};
use cloister_channel::{LeaseClaims, LeaseSigner, TrustBundle};
use minicbor::{Decoder, Encoder};

use crate::adversary::{RawKey, envelope, sign1};
use crate::leases::claims;
use crate::world::{NOW, World};

/// A lease key in the test's hands, and a trust bundle that trusts it.
fn own_key() -> (RawKey, TrustBundle, LeaseClaims, Vec<u8>) {
    let world = World::new();
    let key = RawKey::new();
    let parts = TrustParts { lease_keys: vec![key.public.clone()], ..world.parts() };
    let trust = TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap();
    let claims = claims(&world);
    let signed = world.signer.sign(&claims).unwrap();
    (key, trust, claims, payload(&signed).to_vec())
}

fn payload(lease: &[u8]) -> &[u8] {
    let mut d = Decoder::new(lease);
    assert_eq!(d.array().unwrap(), Some(4));
    d.bytes().unwrap();
    assert_eq!(d.map().unwrap(), Some(0));
    d.bytes().unwrap()
}

fn header(key: &RawKey) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.map(2).unwrap().u8(1).unwrap().i8(-7).unwrap();
    e.u8(4).unwrap().bytes(KeyId::of(&key.public).as_bytes()).unwrap();
    e.into_writer()
}

#[test]
fn accepts_an_envelope_that_another_encoder_wrote() {
    let (key, trust, claims, payload) = own_key();
    let lease = sign1(&header(&key), &payload, &key);
    assert_eq!(lease::verify(&lease, &trust, NOW).unwrap().claims(), &claims);
}

#[test]
fn refuses_alg_none_and_every_other_algorithm() {
    let (key, trust, _, payload) = own_key();
    let kid = KeyId::of(&key.public);
    // Absent, 0, ES384, EdDSA, HS256, ES256K.
    for alg in [None, Some(0), Some(-35), Some(-8), Some(5), Some(-47)] {
        let mut e = Encoder::new(Vec::new());
        e.map(if alg.is_some() { 2 } else { 1 }).unwrap();
        if let Some(alg) = alg {
            e.u8(1).unwrap().i32(alg).unwrap();
        }
        e.u8(4).unwrap().bytes(kid.as_bytes()).unwrap();
        let header = e.into_writer();
        let refused = lease::verify(&sign1(&header, &payload, &key), &trust, NOW).unwrap_err();
        let unsigned = lease::verify(&envelope(&header, &payload, b""), &trust, NOW).unwrap_err();
        assert_eq!([refused, unsigned], [LeaseError::Algorithm, LeaseError::Algorithm], "{alg:?}");
    }
}

#[test]
fn refuses_a_header_with_anything_else_in_it() {
    let (key, trust, _, payload) = own_key();
    let good = header(&key);
    let entries = &good[1..];
    let headers = [
        // crit, content type, an unknown label; kid twice; the other order; an indefinite map.
        [&[0xa3], entries, &[0x02, 0x81, 0x04]].concat(),
        [&[0xa3], entries, &[0x03, 0x18, 0x3d]].concat(),
        [&[0xa3], entries, &[0x19, 0x03, 0xe8, 0xf5]].concat(),
        [&[0xa3], entries, &entries[2..]].concat(),
        [&[0xa2], &entries[2..], &entries[..2]].concat(),
        [&[0xbf], entries, &[0xff]].concat(),
    ];
    for header in headers {
        let refused = lease::verify(&sign1(&header, &payload, &key), &trust, NOW).unwrap_err();
        assert!(matches!(refused, LeaseError::Malformed { .. }), "{header:02x?}: {refused:?}");
    }
}

#[test]
fn refuses_an_envelope_with_other_parts_or_another_encoding() {
    let (key, trust, _, payload) = own_key();
    let good = sign1(&header(&key), &payload, &key);
    let unprotected_at = 1 + 2 + header(&key).len();
    assert_eq!(good[unprotected_at], 0xa0);
    let (before, after) = (&good[..unprotected_at], &good[unprotected_at + 1..]);
    let cut = &good[..good.len() - 66];
    let bad = [
        [before, &[0xa1, 0x04, 0x41, 0x00], after].concat(),
        [&[0xd2], good.as_slice()].concat(),
        [good.as_slice(), &[0xf6]].concat(),
        [&[0x9f], &good[1..], &[0xff]].concat(),
        [&[0x98, 0x04], &good[1..]].concat(),
        [cut, &[0x58, 63], &good[good.len() - 64..good.len() - 1]].concat(),
        [cut, &[0x59, 0, 64], &good[good.len() - 64..]].concat(),
        [&good[..unprotected_at + 1], &[0xf6], &good[good.len() - 66..]].concat(),
        Vec::new(),
    ];
    for lease in bad {
        let refused = lease::verify(&lease, &trust, NOW).unwrap_err();
        assert!(matches!(refused, LeaseError::Malformed { .. }), "{lease:02x?}: {refused:?}");
    }
}

#[test]
fn refuses_claims_that_are_missing_twice_there_unknown_or_reordered() {
    let (key, trust, _, payload) = own_key();
    // `iss` is the first entry: label, then 21 bytes of text.
    let iss = 1 + 1 + "spiffe://example.org".len();
    let (head, rest) = payload.split_at(2);
    assert_eq!(head, [0xb8, 24]);
    let (first, rest) = rest.split_at(iss);
    let bad = [
        [&[0xb7], rest].concat(),
        [&[0xb8, 25], first, first, rest].concat(),
        [&[0xb8, 25], first, rest, &[0x3a, 0, 1, 0, 0x20, 0xf5]].concat(),
        [&[0xb8, 24], rest, first].concat(),
        [&[0xbf], first, rest, &[0xff]].concat(),
        [&[0xb9, 0, 24], first, rest].concat(),
        [&[0xb8, 24, 0x18, 1], &first[1..], rest].concat(),
        [payload.as_slice(), &[0]].concat(),
    ];
    for payload in bad {
        let refused = lease::verify(&sign1(&header(&key), &payload, &key), &trust, NOW);
        let refused = refused.unwrap_err();
        assert!(matches!(refused, LeaseError::Malformed { .. }), "{refused:?}");
    }
}

#[test]
fn refuses_a_subject_whose_instance_is_not_the_identity_key() {
    let (key, trust, claims, payload) = own_key();
    let instance = claims.instance().to_string();
    let at = payload.windows(32).position(|window| window == instance.as_bytes()).unwrap();
    let mut changed = payload;
    changed[at..at + 32].copy_from_slice(&[b'0'; 32]);
    let refused = lease::verify(&sign1(&header(&key), &changed, &key), &trust, NOW).unwrap_err();
    assert!(matches!(refused, LeaseError::Malformed { .. }), "{refused:?}");
}

#[test]
fn a_signed_payload_with_any_flipped_bit_is_refused_or_says_something_else() {
    let (key, trust, claims, payload) = own_key();
    for at in 0..payload.len() {
        let mut changed = payload.clone();
        changed[at] ^= 1;
        let lease = sign1(&header(&key), &changed, &key);
        if let Ok(lease) = lease::verify(&lease, &trust, NOW) {
            assert_ne!(lease.claims(), &claims, "byte {at}");
        }
    }
}

#[test]
fn claims_come_with_the_documented_labels_in_order() {
    let (_, _, _, payload) = own_key();
    let mut d = Decoder::new(&payload);
    let entries = d.map().unwrap().unwrap();
    let labels: Vec<i32> = (0..entries)
        .map(|_| {
            let label = d.i32().unwrap();
            d.skip().unwrap();
            label
        })
        .collect();
    let registered = [1, 2, 4, 6, 7, 8, 265, 266, 1004];
    let expected: Vec<i32> = registered.into_iter().chain((-65551..=-65537).rev()).collect();
    assert_eq!(labels, expected);
    assert_eq!(d.position(), payload.len());
}

#[test]
fn a_stored_signing_key_signs_the_same_after_a_restart_and_a_damaged_one_is_refused() {
    let stored = LeaseSigner::generate_pkcs8().unwrap();
    let (before, after) =
        (LeaseSigner::from_pkcs8(&stored).unwrap(), LeaseSigner::from_pkcs8(&stored).unwrap());
    assert_eq!(before.kid(), after.kid());
    assert_eq!(
        format!("{before:?}"),
        format!("LeaseSigner({}, private half redacted)", before.kid())
    );
    for damaged in [&stored[..stored.len() - 1], &stored[1..], b""] {
        assert_eq!(LeaseSigner::from_pkcs8(damaged).unwrap_err(), KeyError::Stored);
    }
}

#[test]
fn refuses_claims_that_no_verifier_may_sign_even_when_one_did() {
    let (key, trust, claims, payload) = own_key();
    let expiry = |secs: u64| [&[4, 0x1a][..], &u32::try_from(secs).unwrap().to_be_bytes()].concat();
    let (was, two_hours) = (claims.expires_at.as_secs(), claims.issued_at.as_secs() + 7200);
    let at = payload.windows(6).position(|window| window == expiry(was)).unwrap();
    let changed = [&payload[..at], &expiry(two_hours), &payload[at + 6..]].concat();
    let refused = lease::verify(&sign1(&header(&key), &changed, &key), &trust, NOW).unwrap_err();
    assert_eq!(refused, LeaseError::Lifetime { secs: 7200 });
}

#[test]
fn refuses_a_lease_longer_than_16_kib() {
    let (key, trust, _, payload) = own_key();
    // The list of checks here has `count` entries of 128 bytes; another claim follows it.
    let last = payload.windows(6).position(|w| w == [0x3a, 0, 1, 0, 0x0b, 0x81]).unwrap();
    let next = payload.windows(6).position(|w| w == [0x3a, 0, 1, 0, 0x0c, 0xf6]).unwrap();
    let lease = |count: u8| {
        let list = [&[0x78, 128][..], &[b'x'; 128]].concat().repeat(count.into());
        let payload = [&payload[..last + 5], &[0x98, count], &list, &payload[next..]].concat();
        sign1(&header(&key), &payload, &key)
    };
    assert!(lease::verify(&lease(100), &trust, NOW).is_ok());
    let refused = lease::verify(&lease(128), &trust, NOW).unwrap_err();
    assert_eq!(refused.to_string(), "lease is malformed: longer than 16 KiB");
}
