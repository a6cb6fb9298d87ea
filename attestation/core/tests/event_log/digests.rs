//! `TCG_PCR_EVENT2.digests`.

use super::bytes::{ACTION, Header, SHA256, SHA384, parse, raw};

fn two_banks(digests: &[(u16, &[u8])]) -> Result<usize, &'static str> {
    let header = Header { algorithms: vec![(SHA256, 32), (SHA384, 48)], ..Header::default() };
    let log = parse(&[header.encode(), raw(0, ACTION, digests, b"x")].concat())?;
    Ok(log.events()[0].digests().len())
}

#[test]
fn accepts_one_digest_for_each_bank_in_any_order() {
    assert_eq!(two_banks(&[(SHA256, &[1; 32]), (SHA384, &[2; 48])]), Ok(2));
    assert_eq!(two_banks(&[(SHA384, &[2; 48]), (SHA256, &[1; 32])]), Ok(2));
}

#[test]
fn rejects_one_too_few_one_too_many_one_twice_and_a_stranger() {
    let a: (u16, &[u8]) = (SHA256, &[1; 32]);
    let b: (u16, &[u8]) = (SHA384, &[2; 48]);
    for digests in [vec![], vec![a], vec![a, b, a], vec![a, a], vec![a, (0x0d, &[3; 64])]] {
        assert_eq!(two_banks(&digests), Err("eventlog.digests"), "{digests:?}");
    }
}

#[test]
fn a_digest_of_another_length_than_the_header_says_is_not_read_as_one() {
    for len in [31, 33] {
        let digest = vec![1; len];
        assert!(two_banks(&[(SHA256, &digest), (SHA384, &[2; 48])]).is_err(), "{len}");
    }
}
