//! `extraData`: what the guest asked to have signed, at most as long as the widest TPMs take it.

use cloister_simulator::AzureGuest;

use crate::azure::guest::{azure, refused, snp, verified};

fn with(length: usize) -> AzureGuest {
    snp().with_attest(move |attest| attest.extra_data = vec![7; length])
}

#[test]
fn any_length_that_a_tpm_takes_is_read_as_it_is() {
    for length in [0, 1, 48, 50, 66] {
        let verified = verified(&with(length));
        assert_eq!(azure(&verified).quote().quote().extra_data(), vec![7; length]);
    }
}

#[test]
fn one_byte_more_is_refused() {
    assert_eq!(refused(&with(67)), "tpm.quote.field");
}

#[test]
fn a_length_beyond_the_end_is_refused() {
    // The size of extraData follows magic, type, and a name of 34 bytes with its size.
    let guest = snp().with_attest_bytes(|bytes| bytes[42] = 0xff);
    assert_eq!(refused(&guest), "tpm.length");
}
