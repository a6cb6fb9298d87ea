//! `LAUNCH_MIT_VECTOR` at 1F8h and `CURRENT_MIT_VECTOR` at 200h, from version 5 on.

use cloister_attestation::check::State;
use cloister_attestation::snp::Bits;
use cloister_simulator::SnpGuest;

use super::guest::{assert_every_bit_is_signed, demand, milan, turin, unparsed, verify};

fn with(launch: u64, current: u64) -> SnpGuest {
    turin().with_fields(move |report| {
        report.launch_mit_vector = launch;
        report.current_mit_vector = current;
    })
}

#[test]
fn reads_both_from_version_five_on() {
    let verified = verify(&with(0x0b, 0x3f)).unwrap();
    assert_eq!(verified.report().launch_mit_vector(), Some(0x0b));
    assert_eq!(verified.report().current_mit_vector(), Some(0x3f));
    let older = verify(&milan().with_version(4)).unwrap();
    assert_eq!(older.report().launch_mit_vector(), None);
    assert_eq!(older.report().current_mit_vector(), None);
}

#[test]
fn required_bits_are_a_subset() {
    let launch = |bits| {
        demand(&with(0x0b, 0), "snp.launch_mit_vector", |p| {
            p.tcb.launch_mit_vector = Bits::AllOf(bits)
        })
    };
    let current = |bits| {
        demand(&with(0, 0x0b), "snp.current_mit_vector", |p| {
            p.tcb.current_mit_vector = Bits::AllOf(bits)
        })
    };
    for (bits, state) in
        [(0, State::Pass), (0x0a, State::Pass), (0x0b, State::Pass), (0x04, State::Fail)]
    {
        assert_eq!(launch(bits), state, "{bits:#x}");
        assert_eq!(current(bits), state, "{bits:#x}");
    }
}

#[test]
fn a_version_that_does_not_say_fails_a_demand_and_has_nothing_to_assert() {
    let older = milan().with_version(4);
    let demanded =
        demand(&older, "snp.launch_mit_vector", |p| p.tcb.launch_mit_vector = Bits::AllOf(0));
    assert_eq!(demanded, State::Fail);
    assert_eq!(demand(&older, "snp.launch_mit_vector", |_| ()), State::NotApplicable);
    assert_eq!(demand(&turin(), "snp.launch_mit_vector", |_| ()), State::NotAsserted);
}

#[test]
fn older_versions_have_zero_there() {
    for version in 2..=4 {
        let guest = milan().with_version(version).with_signed_bytes(|report| report[0x1f8] = 1);
        assert_eq!(unparsed(&guest), "snp.report.reserved", "version {version}");
    }
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&turin(), 0x1f8..0x208);
}
