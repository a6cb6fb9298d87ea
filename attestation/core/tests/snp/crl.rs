//! Revocation.

use cloister_attestation::check::State;
use cloister_attestation::policy::AgeLimit;
use cloister_attestation::revocation::{Revocation, RevocationDemand};
use cloister_simulator::certificate::Extension;
use cloister_simulator::{Algorithm, Pki, Salt, SnpGuest};
use const_oid::ObjectIdentifier;

use super::guest::{
    ISSUED, NOW, demand, find, milan, refused, refused_with, step, turin, verify, verify_with, vlek,
};

/// AMD's number for Milan's ASK, and for its ASVK.
const MILAN_ASK: [u8; 3] = [1, 0, 1];
const MILAN_ASVK: [u8; 3] = [1, 1, 1];

fn revoking(guest: SnpGuest, serial: &'static [u8]) -> SnpGuest {
    guest.with_crl(move |crl| crl.revoked.push(serial.to_vec()))
}

#[test]
fn rejects_a_revoked_intermediate_and_no_other() {
    assert_eq!(refused(&revoking(milan(), &MILAN_ASK)), "snp.revocation.intermediate");
    assert_eq!(refused(&revoking(vlek(), &MILAN_ASVK)), "snp.revocation.intermediate");
    assert!(verify(&revoking(milan(), &MILAN_ASVK)).is_ok());
    assert!(verify(&revoking(vlek(), &MILAN_ASK)).is_ok());
}

#[test]
fn rejects_a_revoked_leaf() {
    let numbered = || milan().with_vek_certificate(|vek| vek.serial = vec![0x12, 0x34]);
    assert_eq!(step(&numbered(), "snp.revocation.leaf"), State::Pass);
    assert_eq!(refused(&revoking(numbered(), &[0x12, 0x34])), "snp.revocation.leaf");
    assert!(verify(&revoking(numbered(), &[0x12, 0x35])).is_ok());
}

#[test]
fn the_serial_number_that_all_chips_share_says_nothing_unless_it_is_listed() {
    assert_eq!(step(&milan(), "snp.revocation.leaf"), State::NotAsserted);
    assert_eq!(refused(&revoking(milan(), &[0])), "snp.revocation.leaf");
}

#[test]
fn finds_a_number_among_many() {
    let guest = milan().with_crl(|crl| {
        crl.revoked.extend((2..200u8).map(|n| vec![1, n, 1]));
        crl.revoked.push(MILAN_ASK.to_vec());
        crl.revoked.extend((2..100u8).map(|n| vec![n]));
    });
    assert_eq!(refused(&guest), "snp.revocation.intermediate");
}

#[test]
fn rejects_a_stale_list_and_one_from_the_future() {
    let second = core::time::Duration::from_secs(1);
    let with = |from, until| {
        milan().with_crl(move |crl| (crl.this_update, crl.next_update) = (from, until))
    };
    assert!(verify(&with(NOW, NOW)).is_ok());
    assert_eq!(refused(&with(ISSUED, NOW.minus(second))), "snp.crl.fresh");
    assert_eq!(refused(&with(NOW.plus(second), NOW.plus(second * 2))), "snp.crl.fresh");
}

#[test]
fn rejects_a_list_that_another_root_signed() {
    let mut with = milan().endorsements();
    with.crl = Some(turin().crl());
    assert_eq!(refused_with(&milan(), &with), "snp.crl.signature");
    let rogue = SnpGuest::new(&Pki::from_seed("core/snp/rogue", ISSUED), milan().product());
    with.crl = Some(rogue.crl());
    assert_eq!(refused_with(&milan(), &with), "snp.crl.signature");
}

#[test]
fn rejects_any_changed_byte_of_the_list() {
    let crl = revoking(milan(), &[9, 9, 9]).crl();
    for at in (0..crl.len()).step_by(7) {
        let mut with = milan().endorsements();
        let mut changed = crl.clone();
        changed[at] ^= 1;
        with.crl = Some(changed);
        assert!(verify_with(&milan(), &with).is_err(), "byte {at}");
    }
}

#[test]
fn rejects_a_root_that_may_not_sign_lists() {
    let key_usage = ObjectIdentifier::new_unwrap("2.5.29.15");
    // Only the bit for signing certificates.
    let guest = milan().with_root(move |ark| ark.replace_extension(&key_usage, &[3, 2, 2, 4]));
    assert_eq!(refused(&guest), "snp.crl.signature");
}

#[test]
fn rejects_another_salt_and_critical_extensions() {
    let salt = Algorithm::RsaPssSha384 { declared_salt: 48, salt: Salt::Bytes32, trailer: true };
    assert_eq!(refused(&milan().with_crl(move |crl| crl.algorithm = salt)), "snp.crl.signature");
    // The delta CRL indicator: such a list does not speak for every certificate.
    let delta = || Extension {
        oid: ObjectIdentifier::new_unwrap("2.5.29.27"),
        critical: true,
        value: vec![2, 1, 1],
    };
    assert_eq!(
        refused(&milan().with_crl(move |crl| crl.extensions.push(delta()))),
        "x509.extension.critical"
    );
}

#[test]
fn without_a_list_nobody_vouches_and_the_policy_decides() {
    let mut with = milan().endorsements();
    with.crl = None;
    let verified = verify_with(&milan(), &with).unwrap();
    assert_eq!(verified.revocation(), Revocation::Unknown);
    for id in ["snp.revocation.intermediate", "snp.revocation.leaf"] {
        assert_eq!(find(verified.checks(), id).state, State::NotAsserted);
    }
    let mut policy = cloister_attestation::snp::SnpPolicy::strict();
    let known = |policy: &cloister_attestation::snp::SnpPolicy| {
        find(&policy.appraise(&verified, NOW), "snp.revocation.known").state
    };
    assert_eq!(known(&policy), State::NotAsserted);
    policy.signer.revocation = RevocationDemand::Required;
    assert_eq!(known(&policy), State::Fail);
    let required = demand(&milan(), "snp.revocation.known", |p| {
        p.signer.revocation = RevocationDemand::Required;
    });
    assert_eq!(required, State::Pass);
}

#[test]
fn a_reused_chain_ends_with_its_list() {
    let soon = NOW.plus(core::time::Duration::from_secs(60));
    let guest = milan().with_crl(move |crl| crl.next_update = soon);
    let chain = cloister_attestation::snp::verify_chain(
        &guest.endorsements(),
        &super::guest::pki().anchors(),
        NOW,
    )
    .unwrap();
    assert_eq!(chain.valid_until(), soon);
}

#[test]
fn a_list_may_be_as_old_as_the_policy_says_to_the_second() {
    let hour = 3_600;
    let issued = NOW.minus(core::time::Duration::from_secs(hour));
    let guest = || milan().with_crl(move |crl| crl.this_update = issued);
    let id = "snp.revocation.age";
    let state = |limit| demand(&guest(), id, |p| p.signer.crl_age = limit);
    let secs = |secs: u64| AgeLimit::AtMostSecs(secs.try_into().unwrap());
    assert_eq!(state(secs(hour + 1)), State::Pass);
    assert_eq!(state(secs(hour)), State::Pass);
    assert_eq!(state(secs(hour - 1)), State::Fail);
    assert_eq!(state(AgeLimit::Any), State::NotAsserted);
    let mut without = milan().endorsements();
    without.crl = None;
    let verified = verify_with(&milan(), &without).unwrap();
    let checks = cloister_attestation::snp::SnpPolicy::strict().appraise(&verified, NOW);
    assert_eq!(find(&checks, id).state, State::NotApplicable);
}
