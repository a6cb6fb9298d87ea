//! `AUTHOR_KEY_EN`, `MASK_CHIP_KEY` and `SIGNING_KEY` at 48h.

use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;
use cloister_attestation::snp::SigningKey;
use cloister_simulator::SnpGuest;
use cloister_simulator::snp::SigningKeyField;

use super::guest::{
    assert_every_bit_is_signed, demand, milan, refused, refused_with, unparsed, verify, vlek,
    with_id_block,
};

#[test]
fn author_key_en_is_read() {
    assert!(!verify(&milan()).unwrap().report().author_key_en());
    let guest = with_id_block(|report| report.author_key_en = true);
    assert!(verify(&guest).unwrap().report().author_key_en());
    let without = milan().with_fields(|report| report.author_key_en = true);
    assert_eq!(refused(&without), "snp.id_block");
}

#[test]
fn rejects_a_masked_chip_key() {
    let guest = milan().with_fields(|report| report.mask_chip_key = true);
    assert_eq!(refused(&guest), "snp.mask_chip_key");
}

#[test]
fn rejects_a_report_that_nobody_signed() {
    let guest = milan().with_fields(|report| report.signing_key = SigningKeyField::None);
    assert_eq!(refused(&guest), "snp.signing_key");
}

#[test]
fn rejects_reserved_signing_keys_and_reserved_flags() {
    for value in 2..=6 {
        let guest = milan().with_fields(move |r| r.signing_key = SigningKeyField::Reserved(value));
        assert_eq!(unparsed(&guest), "snp.report.flags", "{value}");
    }
    for bit in 5..32 {
        let guest =
            milan().with_signed_bytes(move |report| report[0x48 + bit / 8] |= 1 << (bit % 8));
        assert_eq!(unparsed(&guest), "snp.report.flags", "bit {bit}");
    }
}

#[test]
fn rejects_a_vlek_presented_as_a_vcek_and_the_reverse() {
    let labelled_vcek = vlek().with_fields(|report| report.signing_key = SigningKeyField::Vcek);
    assert_eq!(refused(&labelled_vcek), "snp.signing_key");
    let labelled_vlek = milan().with_fields(|report| report.signing_key = SigningKeyField::Vlek);
    assert_eq!(refused(&labelled_vlek), "snp.signing_key");
    assert_eq!(refused_with(&milan(), &vlek().endorsements()), "snp.signing_key");
}

#[test]
fn the_policy_expects_a_kind_of_key() {
    let expect = |guest: &SnpGuest, key| {
        demand(guest, "snp.demand.signing_key", |p| p.signer.signing_key = Expect::Exactly(key))
    };
    assert_eq!(expect(&milan(), SigningKey::Vcek), State::Pass);
    assert_eq!(expect(&milan(), SigningKey::Vlek), State::Fail);
    assert_eq!(expect(&vlek(), SigningKey::Vlek), State::Pass);
    assert_eq!(expect(&vlek(), SigningKey::Vcek), State::Fail);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x48..0x4c);
}
