//! `pcrSelect`: PCRs 0 to 23 of exactly one bank.

use cloister_attestation::check::State;
use cloister_simulator::AzureGuest;

use crate::azure::guest::{azure, find, refused, snp, step, verified};

fn selecting(banks: Vec<(u16, Vec<u8>)>) -> AzureGuest {
    snp().with_attest(move |attest| attest.pcr_select.clone_from(&banks))
}

/// Quotes these PCRs, into which nothing was extended.
fn untouched(pcrs: &'static [u8]) -> AzureGuest {
    let values: Vec<_> = pcrs.iter().map(|pcr| (*pcr, [0; 32])).collect();
    snp().with_attest(move |attest| attest.select(&values))
}

#[test]
fn bit_n_of_byte_m_is_pcr_8m_plus_n() {
    for pcrs in [&[12_u8, 13] as &[u8], &[2, 8, 16], &[1, 15, 23]] {
        let guest = untouched(match pcrs {
            [12, 13] => &[12, 13],
            [2, 8, 16] => &[2, 8, 16],
            _ => &[1, 15, 23],
        });
        let verified = verified(&guest);
        let selected: Vec<u8> = azure(&verified).quote().quote().selection().iter().collect();
        assert_eq!(selected, pcrs);
    }
}

#[test]
fn an_empty_selection_says_nothing_about_any_pcr() {
    let verified = verified(&untouched(&[]));
    assert_eq!(azure(&verified).quote().pcrs().iter().count(), 0);
    assert_eq!(azure(&verified).quote().pcrs().measured().iter().count(), 0);
}

#[test]
fn two_banks_no_bank_or_one_bank_twice_are_refused() {
    let sha256 = || (0x0b, vec![0xff; 3]);
    for banks in [vec![], vec![sha256(), sha256()], vec![sha256(), (0x0c, vec![0xff; 3])]] {
        assert_eq!(refused(&selecting(banks)), "tpm.quote.selection");
    }
}

#[test]
fn another_algorithm_than_sha_256_and_sha_384_is_refused() {
    for bank in [0x04, 0x0a, 0x0d, 0x10, 0x12] {
        let guest = selecting(vec![(bank, vec![0xff; 3])]);
        assert_eq!(refused(&guest), "tpm.quote.selection", "{bank:#x}");
    }
}

#[test]
fn a_bit_map_of_another_length_is_refused() {
    for length in [0, 2, 4] {
        let guest = selecting(vec![(0x0b, vec![0xff; length])]);
        assert_eq!(refused(&guest), "tpm.quote.selection", "{length}");
    }
}

#[test]
fn resettable_pcrs_are_named_and_count_for_nothing() {
    assert_eq!(step(&untouched(&[12, 13]), "tpm.pcr.resettable"), State::NotApplicable);
    let verified = verified(&untouched(&[12, 16, 23]));
    let check = find(verified.checks(), "tpm.pcr.resettable");
    assert_eq!(check.state, State::NotAsserted);
    assert_eq!(check.observed, "PCRs 16, 23 are quoted");
    let measured = azure(&verified).quote().pcrs().measured();
    let indices: Vec<u8> = measured.iter().map(|(pcr, _)| pcr.index()).collect();
    assert_eq!(indices, [12]);
}
