//! `TCG_EfiSpecIDEvent.vendorInfo`, with which the header ends.

use super::bytes::header;

#[test]
fn keeps_what_the_vendor_says() {
    for info in [vec![], vec![7], vec![1; 255]] {
        let log = header(|h| h.vendor_info.clone_from(&info)).unwrap();
        assert_eq!(log.spec_id().unwrap().vendor_info(), info);
    }
}

#[test]
fn rejects_bytes_behind_it() {
    assert_eq!(header(|h| h.trailing = vec![0]).unwrap_err(), "eventlog.header");
}
