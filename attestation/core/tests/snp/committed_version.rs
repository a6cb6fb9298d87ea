//! `COMMITTED_BUILD`, `COMMITTED_MINOR` and `COMMITTED_MAJOR` at 1ECh.

use cloister_attestation::check::State;
use cloister_attestation::snp::{FirmwareVersion, Floor};

use super::guest::{
    assert_every_bit_is_signed, demand, milan, refused, strict_failures, unparsed, verify,
};

#[test]
fn reads_build_minor_and_major() {
    let guest = milan().with_fields(|report| report.committed_version = [3, 2, 1]);
    let expected = FirmwareVersion { major: 1, minor: 2, build: 3 };
    assert_eq!(verify(&guest).unwrap().report().committed_version(), expected);
}

#[test]
fn rejects_committed_above_current() {
    for above in [[2, 58, 1], [0, 59, 1], [0, 0, 2]] {
        let guest = milan().with_fields(move |report| report.committed_version = above);
        assert_eq!(refused(&guest), "snp.firmware.committed_le_current", "{above:?}");
    }
}

#[test]
fn strict_refuses_a_version_behind_the_current_one() {
    for at in 0..3 {
        let guest = milan().with_fields(move |report| report.committed_version[at] -= 1);
        assert_eq!(strict_failures(&guest), ["snp.firmware.provisional"], "byte {at}");
    }
}

#[test]
fn the_policy_sets_a_floor() {
    // The simulated firmware is 1.58 build 1.
    let floor = |major, minor, build| {
        demand(&milan(), "snp.firmware.below_floor", |p| {
            p.tcb.firmware = Floor::AtLeast(FirmwareVersion { major, minor, build });
        })
    };
    assert_eq!(floor(1, 58, 1), State::Pass);
    assert_eq!(floor(1, 57, 255), State::Pass);
    assert_eq!(floor(1, 58, 2), State::Fail);
    assert_eq!(floor(1, 59, 0), State::Fail);
    assert_eq!(floor(2, 0, 0), State::Fail);
}

#[test]
fn the_floor_is_of_what_is_committed_and_not_of_what_runs() {
    let guest = milan().with_fields(|report| report.current_version = [9, 58, 1]);
    let outcome = demand(&guest, "snp.firmware.below_floor", |p| {
        p.tcb.firmware = Floor::AtLeast(FirmwareVersion { major: 1, minor: 58, build: 9 });
    });
    assert_eq!(outcome, State::Fail);
}

#[test]
fn the_byte_behind_it_is_zero() {
    let guest = milan().with_signed_bytes(|report| report[0x1ef] = 1);
    assert_eq!(unparsed(&guest), "snp.report.reserved");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x1ec..0x1f0);
}
