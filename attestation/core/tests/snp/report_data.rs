//! `REPORT_DATA` at 50h. Compared with Reference Values or the binding, not by the SNP policy.

use cloister_attestation::bytes::ReportData;

use super::guest::{assert_every_bit_is_signed, milan, verify};

#[test]
fn reads_the_field_where_it_lies() {
    let guest =
        milan().with_fields(|report| report.report_data = core::array::from_fn(|at| at as u8));
    let expected = ReportData::new(core::array::from_fn(|at| at as u8));
    assert_eq!(verify(&guest).unwrap().report().report_data(), &expected);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x50..0x90);
}
