//! `CURRENT_MIT_VECTOR` at 200h, from version 5 on.

use cloister_attestation::check::State;
use cloister_attestation::snp::Bits;
use cloister_simulator::SnpGuest;

use super::guest::{assert_every_bit_is_signed, demand, milan, turin, unparsed, verify};

fn with(bits: u64) -> SnpGuest {
    turin().with_fields(move |report| report.current_mit_vector = bits)
}

#[test]
fn reads_the_little_endian_field_from_version_five_on() {
    let verified = verify(&with(0x0807_0605_0403_0201)).unwrap();
    assert_eq!(verified.report().current_mit_vector(), Some(0x0807_0605_0403_0201));
    for version in 2..=4 {
        let older = verify(&milan().with_version(version)).unwrap();
        assert_eq!(older.report().current_mit_vector(), None);
    }
}

#[test]
fn required_bits_are_a_subset() {
    let requires = |bits| {
        demand(&with(0x0b), "snp.current_mit_vector", |p| {
            p.tcb.current_mit_vector = Bits::AllOf(bits)
        })
    };
    for bits in [0, 0x01, 0x0a, 0x0b] {
        assert_eq!(requires(bits), State::Pass, "{bits:#x}");
    }
    for bits in [0x04, 0x0f, 1 << 63] {
        assert_eq!(requires(bits), State::Fail, "{bits:#x}");
    }
}

#[test]
fn a_version_that_does_not_say_fails_a_demand_and_has_nothing_to_assert() {
    let older = milan().with_version(4);
    let demanded =
        demand(&older, "snp.current_mit_vector", |p| p.tcb.current_mit_vector = Bits::AllOf(0));
    assert_eq!(demanded, State::Fail);
    assert_eq!(demand(&older, "snp.current_mit_vector", |_| ()), State::NotApplicable);
    assert_eq!(demand(&turin(), "snp.current_mit_vector", |_| ()), State::NotAsserted);
}

#[test]
fn older_versions_have_zero_there() {
    for version in 2..=4 {
        let guest = milan().with_version(version).with_signed_bytes(|report| report[0x200] = 1);
        assert_eq!(unparsed(&guest), "snp.report.reserved", "version {version}");
    }
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&turin(), 0x200..0x208);
}
