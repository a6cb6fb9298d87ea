//! Leases that must be refused for what they say. What is refused for how it is written is in
//! [`super::lease_bytes`].

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::tdx::TcbStatus;
use cloister_channel::lease::{self, LeaseError};
use cloister_channel::limits::{LEASE_LIFETIME_MAX, LEASES_REMEMBERED_MAX, NOT_BEFORE_LEEWAY};
use cloister_channel::trust::Revocation;
use cloister_channel::{LeaseClaims, TrustBundle, TrustDomain};

use crate::world::{NOW, World, agent, at};

pub(crate) fn claims(world: &World) -> LeaseClaims {
    world.claims("a", Digest48::sha384(b"ik"), Digest48::sha384(b"ck"))
}

/// What a production runtime says to a lease with these claims. Both forms say the same.
fn judged(change: impl FnOnce(&mut LeaseClaims)) -> Result<LeaseClaims, LeaseError> {
    let world = World::new();
    let mut claims = claims(&world);
    change(&mut claims);
    in_both_forms(&world, &claims, &world.trust())
}

fn in_both_forms(
    world: &World,
    claims: &LeaseClaims,
    trust: &TrustBundle,
) -> Result<LeaseClaims, LeaseError> {
    let judged = |signed: Result<Vec<u8>, LeaseError>| {
        signed.and_then(|lease| Ok(lease::verify(&lease, trust, NOW)?.claims().clone()))
    };
    let cwt = judged(world.signer.sign(claims));
    let jwt = judged(world.signer.sign_jwt(claims).map(String::into_bytes));
    assert_eq!(cwt, jwt);
    cwt
}

#[test]
fn every_claim_survives_the_round_trip() {
    let platforms = [
        PlatformIdentity::NotAsserted,
        PlatformIdentity::Chip("ab".into()),
        PlatformIdentity::Provider("CN=cc-us-east-2.amazonaws.com".into()),
        PlatformIdentity::Ppid("cd".into()),
    ];
    for platform in platforms {
        let mut sent = None;
        let read = judged(|claims| {
            claims.platform = platform;
            claims.tee = cloister_attestation::evidence::Tee::Tdx;
            claims.scope = Vec::new();
            claims.policy_epoch = u64::MAX;
            claims.tcb_status = Some(TcbStatus::SWHardeningNeeded);
            claims.region_claim = None;
            sent = Some(claims.clone());
        });
        assert_eq!(read.unwrap(), sent.unwrap());
    }
}

#[test]
fn refuses_expired_lease() {
    let refused = judged(|claims| claims.expires_at = NOW);
    assert_eq!(refused, Err(LeaseError::Expired { expires_at: NOW, now: NOW }));
    assert!(judged(|claims| claims.expires_at = at(1)).is_ok());
}

#[test]
fn refuses_lease_that_is_not_yet_valid() {
    let leeway = i64::try_from(NOT_BEFORE_LEEWAY.as_secs()).unwrap();
    assert!(judged(|claims| claims.issued_at = at(leeway)).is_ok());
    let refused = judged(|claims| claims.issued_at = at(leeway + 1));
    let expected = LeaseError::NotYetValid { issued_at: at(leeway + 1), now: NOW };
    assert_eq!(refused, Err(expected));
}

#[test]
fn refuses_lease_that_lives_longer_than_an_hour_or_not_at_all() {
    let hour = LEASE_LIFETIME_MAX;
    assert!(judged(|claims| claims.expires_at = claims.issued_at.plus(hour)).is_ok());
    for secs in [3601, 0] {
        let refused = judged(|claims| {
            claims.expires_at = claims.issued_at.plus(core::time::Duration::from_secs(secs));
        });
        assert_eq!(refused, Err(LeaseError::Lifetime { secs }));
    }
    let reversed = judged(|claims| claims.expires_at = claims.issued_at.minus(hour));
    assert_eq!(reversed, Err(LeaseError::Lifetime { secs: 0 }));
}

#[test]
fn refuses_lease_of_another_trust_domain() {
    let refused = judged(|claims| claims.trust_domain = TrustDomain::new("example.net").unwrap());
    let expected = "example.org".into();
    let observed = "example.net".into();
    assert_eq!(refused, Err(LeaseError::TrustDomain { expected, observed }));
}

#[test]
fn refuses_lease_of_an_older_policy_epoch() {
    let refused = judged(|claims| claims.policy_epoch = 2);
    assert_eq!(refused, Err(LeaseError::PolicyEpoch { floor: 3, observed: 2 }));
}

#[test]
fn refuses_simulated_hardware_in_production_and_the_reverse() {
    let world = World::new();
    let (mine, other) = (Digest48::sha384(b"mine"), Digest48::sha384(b"other"));
    let vendor = claims(&world);
    let simulated = LeaseClaims { simulator: Some(mine), tier: Tier::Warning, ..vendor.clone() };
    let verdict = |claims: &LeaseClaims, anchors| {
        let trust = TrustBundle::new(world.parts(), anchors).unwrap();
        in_both_forms(&world, claims, &trust).map(|_| ()).map_err(|error| error.code().id)
    };
    assert_eq!(verdict(&vendor, AnchorPolicy::Vendor), Ok(()));
    assert_eq!(verdict(&simulated, AnchorPolicy::Vendor), Err("lease.anchor"));
    assert_eq!(verdict(&simulated, AnchorPolicy::Simulator(mine)), Ok(()));
    assert_eq!(verdict(&simulated, AnchorPolicy::Simulator(other)), Err("lease.anchor"));
    assert_eq!(verdict(&vendor, AnchorPolicy::Simulator(mine)), Err("lease.anchor"));
}

#[test]
fn refuses_a_tier_that_admits_nobody_and_affirming_for_a_simulator() {
    for tier in [Tier::None, Tier::Contraindicated] {
        let refused = judged(|claims| claims.tier = tier);
        assert!(matches!(refused, Err(LeaseError::Tier { .. })), "{refused:?}");
    }
    let refused = judged(|claims| claims.simulator = Some(Digest48::sha384(b"simulator")));
    assert!(matches!(refused, Err(LeaseError::Tier { .. })), "{refused:?}");
}

#[test]
fn refuses_texts_and_lists_beyond_their_limits() {
    let changes: [fn(&mut LeaseClaims); 7] = [
        |claims| claims.principal = String::new(),
        |claims| claims.image = "x".repeat(129),
        |claims| claims.version = "1\n2".into(),
        |claims| claims.scope = vec!["x".into(); 65],
        |claims| claims.not_asserted = vec!["x".into(); 129],
        |claims| claims.region_claim = Some(String::new()),
        |claims| claims.channel_key = claims.identity_key,
    ];
    for change in changes {
        let refused = judged(change);
        assert!(matches!(refused, Err(LeaseError::Malformed { .. })), "{refused:?}");
    }
}

#[test]
fn refuses_lease_of_a_revoked_instance_until_it_is_restored() {
    let world = World::new();
    let signed = world.signer.sign(&claims(&world)).unwrap();
    let mut trust = world.trust();
    let lease = lease::verify(&signed, &trust, NOW).unwrap();
    let instance = lease.claims().instance();
    let why =
        Revocation { agent: agent("a"), reason: "agent.quarantined".into(), forget_after: at(540) };
    trust.revoke(instance, why).unwrap();
    let reason = "agent.quarantined".into();
    let expected = LeaseError::Revoked { instance, reason };
    assert_eq!(in_both_forms(&world, &claims(&world), &trust), Err(expected.clone()));
    assert_eq!(lease.recheck(&trust, NOW), Err(expected.clone()));
    trust.forget_ended(at(540));
    assert_eq!(lease.recheck(&trust, NOW), Err(expected));
    trust.restore(&instance);
    assert_eq!(lease.recheck(&trust, NOW), Ok(()));
}

#[test]
fn refuses_any_flipped_bit_in_both_forms() {
    let world = World::new();
    let cwt = world.signer.sign(&claims(&world)).unwrap();
    let jwt = world.signer.sign_jwt(&claims(&world)).unwrap().into_bytes();
    let trust = world.trust();
    for signed in [cwt, jwt] {
        for at in 0..signed.len() {
            for bit in 0..8 {
                let mut changed = signed.clone();
                changed[at] ^= 1 << bit;
                assert!(lease::verify(&changed, &trust, NOW).is_err(), "byte {at} bit {bit}");
            }
        }
    }
}

#[test]
fn refuses_a_lease_that_another_of_the_verifiers_keys_signed() {
    // A key that signs results, say: it is the Verifier's, and no trust bundle lists it.
    let (world, other) = (World::new(), World::new());
    let refused = in_both_forms(&other, &claims(&world), &world.trust());
    assert_eq!(refused, Err(LeaseError::UnknownKey { kid: other.signer.kid().to_string() }));
}

#[test]
fn a_remembered_lease_is_refused_once_it_is_revoked_outdated_or_ended() {
    let world = World::new();
    let lease = world.signer.sign(&claims(&world)).unwrap();
    let trust = world.trust();
    for _ in 0..2 {
        assert_eq!(trust.verified_lease(&lease, NOW).unwrap().claims(), &claims(&world));
    }
    assert_eq!(trust.leases_remembered(), 1);
    let mut revoking = trust.clone();
    let why = Revocation { agent: agent("a"), reason: "x".into(), forget_after: at(600) };
    revoking.revoke(claims(&world).instance(), why).unwrap();
    let refused = revoking.verified_lease(&lease, NOW).unwrap_err();
    assert!(matches!(refused, LeaseError::Revoked { .. }), "{refused:?}");
    let mut newer = trust.clone();
    newer.raise_policy_epoch_floor(4);
    let refused = newer.verified_lease(&lease, NOW).unwrap_err();
    assert!(matches!(refused, LeaseError::PolicyEpoch { .. }), "{refused:?}");
    let refused = trust.verified_lease(&lease, at(540)).unwrap_err();
    assert!(matches!(refused, LeaseError::Expired { .. }), "{refused:?}");
}

#[test]
fn remembering_a_lease_says_nothing_about_other_bytes_or_under_other_keys() {
    let world = World::new();
    let lease = world.signer.sign(&claims(&world)).unwrap();
    let trust = world.trust();
    trust.verified_lease(&lease, NOW).unwrap();
    for at in 0..lease.len() {
        let mut changed = lease.clone();
        changed[at] ^= 1;
        assert!(trust.verified_lease(&changed, NOW).is_err(), "{at}");
    }
    assert_eq!(trust.leases_remembered(), 1, "what was refused is not remembered");
    let refused = World::new().trust().verified_lease(&lease, NOW).unwrap_err();
    assert!(matches!(refused, LeaseError::UnknownKey { .. }), "{refused:?}");
}

#[test]
fn a_lease_is_not_believed_any_more_once_its_key_is_not_listed() {
    let (world, other) = (World::new(), World::new());
    let lease = world.signer.sign(&claims(&world)).unwrap();
    let verified = world.trust().verified_lease(&lease, NOW).unwrap();
    let mut parts = world.parts();
    parts.lease_keys.push(other.signer.public().clone());
    let both = TrustBundle::new(parts.clone(), AnchorPolicy::Vendor).unwrap();
    assert_eq!(verified.recheck(&both, NOW), Ok(()));
    parts.lease_keys.remove(0);
    let without = TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap();
    let unknown = LeaseError::UnknownKey { kid: world.signer.kid().to_string() };
    assert_eq!(verified.recheck(&without, NOW), Err(unknown));
}

#[test]
fn no_more_leases_are_remembered_than_there_is_room_for() {
    let world = World::new();
    let trust = world.trust();
    let mut most = 0;
    for number in 0..=LEASES_REMEMBERED_MAX {
        let mut claims = claims(&world);
        claims.principal = number.to_string();
        trust.verified_lease(&world.signer.sign(&claims).unwrap(), NOW).unwrap();
        most = most.max(trust.leases_remembered());
    }
    assert_eq!(most, LEASES_REMEMBERED_MAX);
    // One too many, and half of the others are still known.
    assert_eq!(trust.leases_remembered(), LEASES_REMEMBERED_MAX / 2 + 1);
}
