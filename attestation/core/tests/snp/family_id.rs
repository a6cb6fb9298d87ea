//! `FAMILY_ID` at 10h.

use cloister_attestation::bytes::GuestTag;
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;

use super::guest::{assert_every_bit_is_signed, demand, milan, refused, verify, with_id_block};

#[test]
fn reads_the_field_where_it_lies() {
    let guest = with_id_block(|report| report.family_id = [7; 16]);
    assert_eq!(verify(&guest).unwrap().report().family_id(), &GuestTag::new([7; 16]));
}

#[test]
fn the_policy_expects_one_value_or_one_of_some() {
    let guest = with_id_block(|report| report.family_id = [7; 16]);
    let mut off_by_one = [7; 16];
    off_by_one[16 - 1] = 8;
    let outcome = |expect| demand(&guest, "snp.family_id", |p| p.launch.family_id = expect);
    assert_eq!(outcome(Expect::Exactly(GuestTag::new([7; 16]))), State::Pass);
    assert_eq!(outcome(Expect::Exactly(GuestTag::new(off_by_one))), State::Fail);
    assert_eq!(
        outcome(Expect::OneOf(vec![GuestTag::new(off_by_one), GuestTag::new([7; 16])])),
        State::Pass
    );
    assert_eq!(outcome(Expect::OneOf(vec![])), State::Fail);
    assert_eq!(outcome(Expect::Any), State::NotAsserted);
}

#[test]
fn is_zero_without_an_id_block() {
    let guest = milan().with_fields(|report| report.family_id[15] = 1);
    assert_eq!(refused(&guest), "snp.id_block");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x10..0x20);
}
