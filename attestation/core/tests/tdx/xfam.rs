//! `XFAM`: the extended processor features that the TD may use.

use cloister_attestation::bytes::Attributes;
use cloister_attestation::tdx::TdxPolicy;
use cloister_simulator::TdxGuest;

use super::guest::{HEADER, assert_signed, failures, guest, strict_failures};

// SPEC: Intel TDX Module ABI 348551, XFAM: x87 and SSE fixed to 1, what may be 1 at all.
const FIXED_1: u64 = 0x3;
const POSSIBLE: u64 = 0x0006_dbe7;

fn with(xfam: u64) -> TdxGuest {
    guest().with_td_fields(move |td| td.xfam = xfam.to_le_bytes())
}

#[test]
fn a_bit_that_no_module_grants_is_refused_and_every_other_is_not() {
    for bit in 0..64 {
        let ok = POSSIBLE & 1 << bit != 0;
        assert_eq!(strict_failures(&with(FIXED_1 | 1 << bit)).is_empty(), ok, "bit {bit}");
    }
}

#[test]
fn x87_and_sse_are_always_on() {
    for xfam in [0, 1, 2, 0x0006_02e4] {
        assert_eq!(strict_failures(&with(xfam)), ["tdx.policy.xfam"], "{xfam:#x}");
    }
}

#[test]
fn values_of_recorded_machines_are_accepted() {
    for xfam in [0x0207, 0x0006_00e7, 0x0006_02e7, 0x0006_18e7, 0x0006_1ae7] {
        assert_eq!(strict_failures(&with(xfam)), Vec::<&str>::new(), "{xfam:#x}");
    }
}

#[test]
fn masks_of_the_policy_require_and_forbid() {
    let mask = |bits: u64| Attributes::new(bits.to_le_bytes());
    let strict = TdxPolicy::strict();
    let policy =
        TdxPolicy { xfam_required: mask(0x4), xfam_forbidden: mask(0x0006_0000), ..strict };
    assert_eq!(failures(&with(0x7), &policy), Vec::<&str>::new());
    assert_eq!(failures(&with(0x3), &policy), ["tdx.policy.xfam"]);
    assert_eq!(failures(&with(0x0002_0007), &policy), ["tdx.policy.xfam"]);
}

#[test]
fn every_bit_is_signed() {
    assert_signed(&guest(), HEADER + 128..HEADER + 136);
}
