//! Length, and the bytes that no version uses.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::snp::Report;

use super::guest::{REPORT_DATA, milan, turin, unparsed};

#[test]
fn rejects_every_other_length() {
    let report = milan().report(&REPORT_DATA);
    assert!(Report::parse(&report).is_ok());
    for len in [0, 1, 4, 0x2a0, 1183] {
        assert_eq!(
            Report::parse(&report[..len]).unwrap_err().code().id,
            "snp.report.length",
            "{len}"
        );
    }
    let longer = [report.as_slice(), &[0]].concat();
    assert_eq!(Report::parse(&longer).unwrap_err().code().id, "snp.report.length");
}

#[test]
fn rejects_a_set_bit_in_every_unused_byte() {
    for offset in (0x4c..0x50).chain(0x18b..0x1a0).chain(0x1f8..0x2a0) {
        let guest = milan().with_signed_bytes(move |report| report[offset] |= 0x80);
        assert_eq!(unparsed(&guest), "snp.report.reserved", "{offset:#x}");
    }
    for offset in 0x208..0x2a0 {
        let guest = turin().with_signed_bytes(move |report| report[offset] |= 1);
        assert_eq!(unparsed(&guest), "snp.report.reserved", "{offset:#x}");
    }
}
