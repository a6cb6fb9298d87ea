//! `CURRENT_BUILD`, `CURRENT_MINOR` and `CURRENT_MAJOR` at 1E8h.

use cloister_attestation::check::State;
use cloister_attestation::snp::{FirmwareVersion, Unwanted};

use super::guest::{assert_every_bit_is_signed, demand, milan, strict_failures, unparsed, verify};

#[test]
fn reads_build_minor_and_major() {
    let guest = milan().with_fields(|report| report.current_version = [6, 59, 1]);
    let expected = FirmwareVersion { major: 1, minor: 59, build: 6 };
    assert_eq!(verify(&guest).unwrap().report().current_version(), expected);
}

#[test]
fn strict_refuses_a_version_that_is_not_committed() {
    for at in 0..3 {
        let guest = milan().with_fields(move |report| report.current_version[at] += 1);
        assert_eq!(strict_failures(&guest), ["snp.firmware.provisional"], "byte {at}");
        let allowed = demand(&guest, "snp.firmware.provisional", |p| {
            p.tcb.provisional_firmware = Unwanted::Any;
        });
        assert_eq!(allowed, State::NotAsserted);
    }
}

#[test]
fn the_byte_behind_it_is_zero() {
    let guest = milan().with_signed_bytes(|report| report[0x1eb] = 1);
    assert_eq!(unparsed(&guest), "snp.report.reserved");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x1e8..0x1ec);
}
