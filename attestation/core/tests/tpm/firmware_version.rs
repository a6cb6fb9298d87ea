//! `firmwareVersion`: the vendor's own number, shown.

use crate::azure::guest::{azure, find, snp, verified};

#[test]
fn it_is_read_as_it_is() {
    for version in [0, 1, u64::MAX] {
        let verified =
            verified(&snp().with_attest(move |attest| attest.firmware_version = version));
        assert_eq!(azure(&verified).quote().quote().firmware_version(), version);
        let shown = &find(verified.checks(), "tpm.quote.clock").observed;
        assert!(shown.ends_with(&format!("firmware {version:#x}")), "{shown}");
    }
}
