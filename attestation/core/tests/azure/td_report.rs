//! The TDREPORT inside an HCL report, and the quote that was made from it.

use cloister_attestation::check::State;

use super::guest::{refused, snp, step, tdx};

#[test]
fn the_quote_carries_the_report_data_of_the_td_report() {
    assert_eq!(step(&tdx(), "azure.td_report"), State::Pass);
}

#[test]
fn on_snp_there_is_none_to_compare() {
    assert_eq!(step(&snp(), "azure.td_report"), State::NotApplicable);
}

#[test]
fn a_td_report_with_other_report_data_than_the_quote_is_refused() {
    let other = tdx().with_hcl_fields(|hcl| hcl.hardware[128] ^= 1);
    assert_eq!(refused(&other), "azure.td_report");
}

#[test]
fn a_td_report_of_another_type_is_refused() {
    for (at, value) in [(0, 0x80), (1, 1), (2, 2), (3, 1)] {
        let other = tdx().with_hcl_fields(move |hcl| hcl.hardware[at] = value);
        assert_eq!(refused(&other), "azure.hcl.report_type", "byte {at}");
    }
}

#[test]
fn something_behind_the_td_report_is_refused() {
    for at in [1024, 1183] {
        let other = tdx().with_hcl_fields(move |hcl| hcl.hardware[at] = 1);
        assert_eq!(refused(&other), "azure.hcl.length", "byte {at}");
    }
}
