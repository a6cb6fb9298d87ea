//! `TDATTRIBUTES`: what the TD was launched as.

use cloister_attestation::bytes::Attributes;
use cloister_attestation::policy::Expect;
use cloister_attestation::tdx::TdxPolicy;
use cloister_simulator::TdxGuest;

use super::guest::{HEADER, assert_signed, failures, guest, strict_failures};

const SEPT_VE_DISABLE: u64 = 1 << 28;

fn with(attributes: u64) -> TdxGuest {
    guest().with_td_fields(move |td| td.td_attributes = attributes.to_le_bytes())
}

/// The demand that each bit fails under the strict policy, if it is set beside SEPT_VE_DISABLE.
fn demand(bit: u32) -> Option<&'static str> {
    match bit {
        0 => Some("tdx.policy.debug"),
        4..=6 => Some("tdx.policy.profiling"),
        28 | 30 => None,
        29 => Some("tdx.policy.migratable"),
        63 => Some("tdx.policy.perfmon"),
        1..=3 | 7..=15 | 23..=26 | 32..=61 => Some("tdx.policy.attributes.reserved"),
        _ => Some("tdx.policy.attributes.other"),
    }
}

#[test]
fn each_bit_fails_exactly_its_demand() {
    for bit in 0..64 {
        let expected: Vec<&str> = demand(bit).into_iter().collect();
        assert_eq!(strict_failures(&with(SEPT_VE_DISABLE | 1 << bit)), expected, "bit {bit}");
    }
}

#[test]
fn a_td_without_sept_ve_disable_is_refused() {
    assert_eq!(strict_failures(&with(0)), ["tdx.policy.sept_ve_disable"]);
}

#[test]
fn one_failed_demand_hides_no_other() {
    let expected = [
        "tdx.policy.debug",
        "tdx.policy.profiling",
        "tdx.policy.sept_ve_disable",
        "tdx.policy.migratable",
        "tdx.policy.perfmon",
        "tdx.policy.attributes.reserved",
        "tdx.policy.attributes.other",
    ];
    assert_eq!(strict_failures(&with(!SEPT_VE_DISABLE)), expected);
}

#[test]
fn the_mask_of_others_permits_what_it_names_and_never_a_reserved_bit() {
    let everything = Attributes::new([0xff; 8]);
    let policy = TdxPolicy { other_attributes: everything, ..TdxPolicy::strict() };
    assert_eq!(failures(&with(SEPT_VE_DISABLE | 1 << 27), &policy), Vec::<&str>::new());
    assert_eq!(
        failures(&with(SEPT_VE_DISABLE | 1 << 32), &policy),
        ["tdx.policy.attributes.reserved"]
    );
    assert_eq!(failures(&with(SEPT_VE_DISABLE | 1), &policy), ["tdx.policy.debug"]);
}

#[test]
fn pks_is_as_the_policy_demands() {
    for (demand, bits, ok) in [
        (Expect::Exactly(true), 1 << 30, true),
        (Expect::Exactly(true), 0, false),
        (Expect::Exactly(false), 1 << 30, false),
        (Expect::OneOf(vec![]), 0, false),
        (Expect::Any, 1 << 30, true),
    ] {
        let policy = TdxPolicy { pks: demand.clone(), ..TdxPolicy::strict() };
        let failed = failures(&with(SEPT_VE_DISABLE | bits), &policy);
        assert_eq!(failed.is_empty(), ok, "{demand:?} {bits:#x}");
    }
}

#[test]
fn every_bit_is_signed() {
    assert_signed(&guest(), HEADER + 120..HEADER + 128);
}
