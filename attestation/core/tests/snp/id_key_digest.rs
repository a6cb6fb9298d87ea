//! `ID_KEY_DIGEST` at E0h.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;

use super::guest::{assert_every_bit_is_signed, demand, milan, step, verify, with_id_block};

#[test]
fn reads_the_field_where_it_lies() {
    let guest = milan().with_fields(|report| report.id_key_digest = [7; 48]);
    assert_eq!(verify(&guest).unwrap().report().id_key_digest(), &Digest48::new([7; 48]));
}

#[test]
fn the_policy_expects_one_value_or_one_of_some() {
    let guest = milan().with_fields(|report| report.id_key_digest = [7; 48]);
    let mut off_by_one = [7; 48];
    off_by_one[48 - 1] = 8;
    let outcome = |expect| demand(&guest, "snp.id_key_digest", |p| p.launch.id_key_digest = expect);
    assert_eq!(outcome(Expect::Exactly(Digest48::new([7; 48]))), State::Pass);
    assert_eq!(outcome(Expect::Exactly(Digest48::new(off_by_one))), State::Fail);
    assert_eq!(
        outcome(Expect::OneOf(vec![Digest48::new(off_by_one), Digest48::new([7; 48])])),
        State::Pass
    );
    assert_eq!(outcome(Expect::OneOf(vec![])), State::Fail);
    assert_eq!(outcome(Expect::Any), State::NotAsserted);
}

#[test]
fn says_whether_there_is_an_id_block() {
    assert_eq!(step(&milan(), "snp.id_block"), State::Pass);
    let guest =
        with_id_block(|report| report.id_key_digest = [0, 1].repeat(24).try_into().unwrap());
    assert_eq!(step(&guest, "snp.id_block"), State::NotApplicable);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0xe0..0x110);
}
