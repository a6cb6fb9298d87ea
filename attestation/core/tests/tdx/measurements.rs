//! The fields that verification carries to appraisal: each is read from its place and signed.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::tdx::TdReport;
use cloister_simulator::tdx::{QuoteFormat, TdFields};

use super::guest::{HEADER, HEADER_AND_DESCRIPTOR, assert_signed, guest, outcome};

const VALUE: [u8; 48] = [0xa5; 48];

/// Writes [`VALUE`] where `set` says, and expects it in `read` and at `offset` of the report.
fn check(offset: usize, set: fn(&mut TdFields), read: fn(&TdReport) -> Digest48) {
    for (format, start) in
        [(QuoteFormat::V4, HEADER), (QuoteFormat::V5Td15Ex, HEADER_AND_DESCRIPTOR)]
    {
        let guest = guest().with_format(format).with_td_fields(set);
        let verified = outcome(&guest).unwrap();
        let td = verified.quote().td_report();
        assert_eq!(read(td), Digest48::new(VALUE));
        let at = start + offset;
        assert_eq!(verified.quote().as_bytes()[at..at + 48], VALUE);
        assert_eq!(
            verified.quote().as_bytes().windows(48).filter(|bytes| *bytes == VALUE).count(),
            1
        );
        assert_signed(&guest, at..at + 48);
    }
}

mod mr_seam {
    #[test]
    fn is_read_from_its_place_and_signed() {
        super::check(16, |td| td.mr_seam = super::VALUE, |td| *td.mr_seam());
    }
}

mod mr_td {
    #[test]
    fn is_read_from_its_place_and_signed() {
        super::check(136, |td| td.mr_td = super::VALUE, |td| *td.mr_td());
    }
}

mod mr_config_id {
    #[test]
    fn is_read_from_its_place_and_signed() {
        super::check(184, |td| td.mr_config_id = super::VALUE, |td| *td.mr_config_id());
    }
}

mod mr_owner {
    #[test]
    fn is_read_from_its_place_and_signed() {
        super::check(232, |td| td.mr_owner = super::VALUE, |td| *td.mr_owner());
    }
}

mod mr_owner_config {
    #[test]
    fn is_read_from_its_place_and_signed() {
        super::check(280, |td| td.mr_owner_config = super::VALUE, |td| *td.mr_owner_config());
    }
}

mod rtmr {
    #[test]
    fn each_is_read_from_its_place_and_signed() {
        super::check(328, |td| td.rtmr[0] = super::VALUE, |td| td.rtmr()[0]);
        super::check(376, |td| td.rtmr[1] = super::VALUE, |td| td.rtmr()[1]);
        super::check(424, |td| td.rtmr[2] = super::VALUE, |td| td.rtmr()[2]);
        super::check(472, |td| td.rtmr[3] = super::VALUE, |td| td.rtmr()[3]);
    }
}

mod report_data {
    use super::super::guest::{guest, outcome, report_data};

    #[test]
    fn is_read_from_its_place_and_signed() {
        let verified = outcome(&guest()).unwrap();
        assert_eq!(verified.quote().report_data(), &report_data());
        assert_eq!(&verified.quote().as_bytes()[48 + 520..48 + 584], report_data().as_bytes());
        super::assert_signed(&guest(), 48 + 520..48 + 584);
    }
}

mod td15_ex {
    use super::super::guest::{guest, outcome};
    use super::{QuoteFormat, assert_signed};

    /// Each byte of the extension is its own position: every field is told from every other.
    #[test]
    fn every_field_is_read_from_its_place_and_signed() {
        let guest = guest().with_format(QuoteFormat::V5Td15Ex).with_td_fields(|td| {
            td.extended = core::array::from_fn(|at| u8::try_from(at).unwrap());
        });
        let verified = outcome(&guest).unwrap();
        let ex = verified.quote().td_report().td15_ex().unwrap();
        let fields: [(&[u8], usize); 10] = [
            (&[ex.vmid()], 0),
            (ex.td_id(), 1),
            (ex.dev_info().as_bytes(), 33),
            (ex.init_service_td_hash().as_bytes(), 81),
            (ex.init_service_td_attributes().as_bytes(), 129),
            (ex.init_cpu_svn(), 137),
            (ex.init_tee_tcb_svn().as_bytes(), 153),
            (ex.init_tee_fmspc(), 169),
            (ex.cur_service_td_hash().as_bytes(), 181),
            (ex.cur_service_td_attributes().as_bytes(), 229),
        ];
        let read: Vec<u8> = fields.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        assert_eq!(read, (0..237).map(|at| u8::try_from(at).unwrap()).collect::<Vec<_>>());
        assert!(fields.iter().all(|(bytes, at)| usize::from(bytes[0]) == *at));
        assert_signed(&guest, 54 + 648..54 + 885);
    }
}
