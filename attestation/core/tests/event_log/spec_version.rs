//! `TCG_EfiSpecIDEvent.specVersionMajor`, `specVersionMinor` and `specErrata`.

use super::bytes::header;

#[test]
fn accepts_version_2_0_with_any_errata() {
    for errata in [0, 2, 105, 255] {
        let log = header(|h| h.version = [0, 2, errata]).unwrap();
        assert_eq!(log.spec_id().unwrap().version(), [2, 0, errata]);
    }
}

#[test]
fn rejects_every_other_version() {
    for version in [[1, 2, 0], [0, 1, 0], [0, 3, 0], [2, 0, 0]] {
        assert_eq!(header(|h| h.version = version).unwrap_err(), "eventlog.header");
    }
}
