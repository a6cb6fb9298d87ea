//! The PCR values that travel beside a quote.

use crate::azure::guest::{azure, refused, snp, verified};

#[test]
fn each_value_belongs_to_the_pcr_of_its_place() {
    let mut guest = snp();
    guest.extend(12, b"kernel arguments");
    let verified = verified(&guest);
    let values: Vec<(u8, String)> =
        azure(&verified).quote().pcrs().iter().map(|(pcr, v)| (pcr, v.to_string())).collect();
    assert_eq!(values.len(), 24);
    assert_ne!(values[12], (12, "00".repeat(32)));
    assert_eq!(values[13], (13, "00".repeat(32)));
    assert_eq!(values[17], (17, "ff".repeat(32)));
}

#[test]
fn one_byte_fewer_or_more_is_refused() {
    for length in [0, 767, 769, 24 * 48] {
        let guest = snp().with_pcr_values(move |values| values.resize(length, 0));
        assert_eq!(refused(&guest), "tpm.pcr_values", "{length}");
    }
}

#[test]
fn values_in_another_order_are_refused() {
    let guest = snp().with_pcr_values(|values| {
        let (first, rest) = values.split_at_mut(32);
        first.swap_with_slice(&mut rest[..32]);
    });
    assert_eq!(refused(&guest), "tpm.quote.pcr_digest");
}

#[test]
fn a_value_of_zero_in_place_of_the_real_one_is_refused() {
    let guest = snp().with_pcr_values(|values| values[4 * 32..5 * 32].fill(0));
    assert_eq!(refused(&guest), "tpm.quote.pcr_digest");
}
