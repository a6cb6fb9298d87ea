//! `TCG_EfiSpecIDEvent.platformClass`.

use super::bytes::header;

#[test]
fn accepts_clients_and_servers_and_nothing_else() {
    for class in [0, 1] {
        let log = header(|h| h.platform_class = class).unwrap();
        assert_eq!(log.spec_id().unwrap().platform_class(), class);
    }
    for class in [2, u32::MAX] {
        assert_eq!(header(|h| h.platform_class = class).unwrap_err(), "eventlog.header");
    }
}
