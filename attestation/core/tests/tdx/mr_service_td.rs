//! `MRSERVICETD`: which other TDs may act on this one.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;
use cloister_attestation::tdx::TdxPolicy;
use cloister_simulator::tdx::QuoteFormat;

use super::guest::{
    HEADER_AND_DESCRIPTOR, NOW, assert_signed, failures, guest, guest_15, outcome, strict_failures,
};

const CODE: &str = "tdx.policy.mr_service_td";

#[test]
fn a_service_td_is_refused_unless_the_policy_names_it() {
    let guest = guest_15().with_td_fields(|td| td.mr_service_td = [9; 48]);
    assert_eq!(strict_failures(&guest), [CODE]);
    let policy =
        TdxPolicy { mr_service_td: Expect::Exactly(Digest48::new([9; 48])), ..TdxPolicy::strict() };
    assert_eq!(failures(&guest, &policy), Vec::<&str>::new());
    assert_eq!(failures(&guest_15(), &policy), [CODE]);
}

/// The extended report says which service TDs were bound at creation (81) and are bound now (181).
#[test]
fn one_that_was_bound_only_at_creation_or_only_later_is_refused_too() {
    for at in [81, 128, 181, 228] {
        let guest = guest()
            .with_format(QuoteFormat::V5Td15Ex)
            .with_td_fields(move |td| td.extended[at] = 1);
        assert_eq!(strict_failures(&guest), [CODE], "byte {at}");
    }
    let none = guest().with_format(QuoteFormat::V5Td15Ex);
    assert_eq!(strict_failures(&none), Vec::<&str>::new());
}

#[test]
fn a_report_without_the_field_says_that_it_does_not_apply() {
    let checks = TdxPolicy::strict().appraise(&outcome(&guest()).unwrap(), NOW);
    let check = checks.iter().find(|check| check.code.id == CODE).unwrap();
    assert_eq!(check.state, State::NotApplicable);
}

#[test]
fn every_bit_is_signed() {
    let at = HEADER_AND_DESCRIPTOR + 600;
    assert_signed(&guest_15(), at..at + 48);
}
