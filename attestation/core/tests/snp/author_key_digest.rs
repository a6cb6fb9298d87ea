//! `AUTHOR_KEY_DIGEST` at 110h.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;

use super::guest::{assert_every_bit_is_signed, demand, milan, refused, verify, with_id_block};

#[test]
fn reads_the_field_where_it_lies() {
    let guest = with_id_block(|report| report.author_key_digest = [7; 48]);
    assert_eq!(verify(&guest).unwrap().report().author_key_digest(), &Digest48::new([7; 48]));
}

#[test]
fn the_policy_expects_one_value_or_one_of_some() {
    let guest = with_id_block(|report| report.author_key_digest = [7; 48]);
    let mut off_by_one = [7; 48];
    off_by_one[48 - 1] = 8;
    let outcome =
        |expect| demand(&guest, "snp.author_key_digest", |p| p.launch.author_key_digest = expect);
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
fn is_zero_without_an_id_block() {
    let guest = milan().with_fields(|report| report.author_key_digest[47] = 1);
    assert_eq!(refused(&guest), "snp.id_block");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x110..0x140);
}
