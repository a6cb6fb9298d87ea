//! A local TDREPORT is read by its type, and only whole.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{LocalReport, Quote};

fn report(kind: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[..4].copy_from_slice(&kind);
    bytes[128..192].fill(0x5a);
    bytes
}

#[test]
fn a_tds_report_of_either_version_is_read() {
    for version in [0, 1] {
        let parsed = LocalReport::parse(&report([0x81, 0, version, 0])).unwrap();
        assert_eq!(parsed.report_type(), &[0x81, 0, version, 0]);
        assert!(!parsed.check_type().failed());
        assert_eq!(parsed.report_data().as_bytes(), &[0x5a; 64]);
    }
}

#[test]
fn another_type_is_read_and_is_not_a_tds() {
    for kind in
        [[0, 0, 0, 0], [0x0f, 0xd7, 0x20, 0xd1], [0x81, 1, 0, 0], [0x81, 0, 2, 0], [0x81, 0, 0, 1]]
    {
        let check = LocalReport::parse(&report(kind)).unwrap().check_type();
        assert!(check.failed(), "{kind:?}");
        assert_eq!(check.code.id, "tdx.local_report.type");
    }
}

#[test]
fn other_lengths_are_refused() {
    let whole = report([0x81, 0, 0, 0]);
    let longer = [whole.as_slice(), &[0]].concat();
    for bytes in [&whole[..1023], &longer, &[]] {
        assert_eq!(LocalReport::parse(bytes).unwrap_err().code().id, "tdx.local_report");
    }
}

#[test]
fn a_report_is_no_quote() {
    assert!(Quote::parse(&report([0x81, 0, 0, 0])).is_err());
}
