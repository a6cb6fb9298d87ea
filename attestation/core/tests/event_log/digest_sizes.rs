//! `TCG_EfiSpecIDEvent.numberOfAlgorithms` and `digestSizes`.

use cloister_attestation::event_log::HashAlgorithm;

use super::bytes::{Header, SHA256, SHA384, header, parse, raw};

#[test]
fn accepts_each_known_algorithm_with_its_own_size() {
    for (id, size) in [(0x04, 20), (SHA256, 32), (SHA384, 48), (0x0d, 64)] {
        assert!(header(|h| h.algorithms = vec![(id, size)]).is_ok());
        for other in [size - 1, size + 1, 0] {
            let refused = header(|h| h.algorithms = vec![(id, other)]);
            assert_eq!(refused.unwrap_err(), "eventlog.header", "{id} {other}");
        }
    }
}

#[test]
fn an_unknown_algorithm_is_skipped_by_its_size_and_never_replayed() {
    let sm3 = 0x12;
    let log = Header { algorithms: vec![(sm3, 32), (SHA256, 32)], ..Header::default() };
    let event = raw(0, 1, &[(sm3, &[1; 32]), (SHA256, &[2; 32])], b"x");
    let log = parse(&[log.encode(), event].concat()).unwrap();
    assert_eq!(log.banks(), [HashAlgorithm::Other(sm3), HashAlgorithm::Sha256]);
    assert!(log.replay(HashAlgorithm::Other(sm3)).is_none());
    assert!(log.replay(HashAlgorithm::Sha256).is_some());
}

#[test]
fn an_unknown_algorithm_has_between_1_and_64_bytes() {
    for size in [1, 64] {
        assert!(header(|h| h.algorithms = vec![(0x99, size)]).is_ok());
    }
    for size in [0, 65, u16::MAX] {
        assert_eq!(header(|h| h.algorithms = vec![(0x99, size)]).unwrap_err(), "eventlog.header");
    }
}

#[test]
fn rejects_no_algorithm_too_many_and_one_twice() {
    let many = |count: u16| (0..count).map(|id| (0x100 + id, 1)).collect::<Vec<_>>();
    assert!(header(|h| h.algorithms = many(8)).is_ok());
    for algorithms in [many(0), many(9), vec![(SHA256, 32), (SHA256, 32)]] {
        assert_eq!(header(|h| h.algorithms = algorithms).unwrap_err(), "eventlog.header");
    }
}
