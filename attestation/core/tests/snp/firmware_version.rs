//! `CURRENT_*` at 1E8h and `COMMITTED_*` at 1ECh: build, minor and major version.

use cloister_attestation::check::State;
use cloister_attestation::snp::{Bit, FirmwareVersion, Floor};

use super::guest::{
    assert_every_bit_is_signed, demand, milan, refused, strict_failures, unparsed, verify,
};

#[test]
fn reads_build_minor_and_major() {
    let guest = milan().with_fields(|report| {
        report.committed_version = [3, 2, 1];
        report.current_version = [6, 5, 4];
    });
    let verified = verify(&guest).unwrap();
    let report = verified.report();
    assert_eq!(report.committed_version(), FirmwareVersion { major: 1, minor: 2, build: 3 });
    assert_eq!(report.current_version(), FirmwareVersion { major: 4, minor: 5, build: 6 });
}

#[test]
fn rejects_committed_above_current() {
    for above in [[2, 58, 1], [0, 59, 1], [0, 0, 2]] {
        let guest = milan().with_fields(move |report| report.committed_version = above);
        assert_eq!(refused(&guest), "snp.firmware.committed_le_current", "{above:?}");
    }
}

#[test]
fn strict_refuses_a_build_that_is_not_committed() {
    for at in 0..3 {
        let guest = milan().with_fields(move |report| report.committed_version[at] -= 1);
        assert_eq!(strict_failures(&guest), ["snp.firmware.provisional"], "byte {at}");
        let allowed =
            demand(&guest, "snp.firmware.provisional", |p| p.tcb.provisional_firmware = Bit::Any);
        assert_eq!(allowed, State::NotAsserted);
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
fn the_byte_behind_each_is_zero() {
    for byte in [0x1eb, 0x1ef] {
        let guest = milan().with_signed_bytes(move |report| report[byte] = 1);
        assert_eq!(unparsed(&guest), "snp.report.reserved", "{byte:#x}");
    }
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x1e8..0x1f0);
}
