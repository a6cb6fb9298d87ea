//! `GUEST_SVN` at 04h.

use cloister_attestation::check::State;
use cloister_attestation::snp::Floor;

use super::guest::{assert_every_bit_is_signed, demand, milan, refused, verify, with_id_block};

#[test]
fn reads_the_little_endian_field() {
    let guest = with_id_block(|report| report.guest_svn = 0x0403_0201);
    assert_eq!(verify(&guest).unwrap().report().guest_svn(), 0x0403_0201);
}

#[test]
fn the_policy_sets_a_floor() {
    let guest = with_id_block(|report| report.guest_svn = 7);
    let floor = |svn| demand(&guest, "snp.guest_svn", |p| p.launch.guest_svn = Floor::AtLeast(svn));
    assert_eq!(floor(6), State::Pass);
    assert_eq!(floor(7), State::Pass);
    assert_eq!(floor(8), State::Fail);
    assert_eq!(demand(&guest, "snp.guest_svn", |_| ()), State::NotAsserted);
}

#[test]
fn is_zero_without_an_id_block() {
    let guest = milan().with_fields(|report| report.guest_svn = 1);
    assert_eq!(refused(&guest), "snp.id_block");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x04..0x08);
}
