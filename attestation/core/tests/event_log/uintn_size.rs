//! `TCG_EfiSpecIDEvent.uintnSize`.

use super::bytes::header;

#[test]
fn accepts_32_and_64_bits_and_nothing_else() {
    for size in [1, 2] {
        assert_eq!(header(|h| h.uintn_size = size).unwrap().spec_id().unwrap().uintn_size(), size);
    }
    for size in [0, 3, 8] {
        assert_eq!(header(|h| h.uintn_size = size).unwrap_err(), "eventlog.header");
    }
}
