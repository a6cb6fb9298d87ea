//! `qualifiedSigner`: a hash algorithm and its digest.

use cloister_attestation::check::State;
use cloister_simulator::AzureGuest;

use crate::azure::guest::{azure, refused, snp, step, verified};

fn named(name: Vec<u8>) -> AzureGuest {
    snp().with_attest(move |attest| attest.qualified_signer.clone_from(&name))
}

fn name(algorithm: u16, digest: usize) -> Vec<u8> {
    [algorithm.to_be_bytes().as_slice(), &vec![7; digest]].concat()
}

#[test]
fn names_of_both_hashes_are_read_and_vouched_for_by_nobody() {
    for (algorithm, digest) in [(0x0b, 32), (0x0c, 48)] {
        let guest = named(name(algorithm, digest));
        let verified = verified(&guest);
        let quote = azure(&verified).quote().quote();
        assert_eq!(quote.qualified_signer(), name(algorithm, digest));
        assert_eq!(step(&guest, "tpm.quote.qualified_signer"), State::NotAsserted);
    }
}

#[test]
fn a_digest_of_another_length_or_algorithm_is_refused() {
    for bad in [name(0x0b, 31), name(0x0b, 33), name(0x0b, 48), name(0x0c, 47), name(0x04, 20)] {
        assert_eq!(refused(&named(bad.clone())), "tpm.quote.field", "{bad:02x?}");
    }
}

#[test]
fn the_handle_of_the_null_key_is_no_name() {
    assert_eq!(refused(&named(vec![0x40, 0, 0, 7])), "tpm.quote.field");
    assert_eq!(refused(&named(vec![])), "tpm.quote.field");
}
