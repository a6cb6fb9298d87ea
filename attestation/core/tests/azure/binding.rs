//! What the guest is bound to: the quote's qualifying data, and never the paravisor's REPORT_DATA.

use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::binding::{Bound, qualifying_data};
use cloister_attestation::bytes::{Digest48, ReportData};
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;
use cloister_simulator::AzureGuest;

use super::guest::{NOW, REPORT_DATA, both, find, policy, snp, verified};

/// How the binding check ends when this REPORT_DATA is expected.
fn bound(guest: &AzureGuest, report_data: Expect<ReportData>) -> State {
    let expected = Expected { report_data, image: None };
    let result = appraise(&verified(guest), &expected, &policy(), NOW);
    find(result.checks(), "binding.report_data").state
}

#[test]
fn the_expected_report_data_is_found_in_the_qualifying_data() {
    let other = ReportData::new([0x5b; 64]);
    for guest in both() {
        assert_eq!(bound(&guest, Expect::Exactly(REPORT_DATA)), State::Pass);
        assert_eq!(bound(&guest, Expect::OneOf(vec![other, REPORT_DATA])), State::Pass);
        assert_eq!(bound(&guest, Expect::Exactly(other)), State::Fail);
        assert_eq!(bound(&guest, Expect::OneOf(vec![])), State::Fail);
        assert_eq!(bound(&guest, Expect::Any), State::NotAsserted);
    }
}

#[test]
fn qualifying_data_that_is_cut_longer_or_bare_is_no_binding() {
    let expected = Expect::Exactly(REPORT_DATA);
    let changes: [fn(&mut Vec<u8>); 5] = [
        |data| {
            data.pop();
        },
        |data| data.push(0),
        Vec::clear,
        |data| data[47] ^= 1,
        // The 64 bytes themselves, as another protocol would put them there.
        |data| *data = REPORT_DATA.as_bytes().to_vec(),
    ];
    for change in changes {
        let guest = snp().with_attest(move |attest| change(&mut attest.extra_data));
        assert_eq!(bound(&guest, expected.clone()), State::Fail);
    }
}

#[test]
fn the_report_data_of_the_hardware_is_not_the_guests() {
    let verified = verified(&snp());
    let azure = super::guest::azure(&verified);
    let Bound::ReportData(paravisor) = azure.hardware().bound() else { panic!("not a report") };
    assert_eq!(bound(&snp(), Expect::Exactly(*paravisor)), State::Fail);
}

#[test]
fn the_digest_fits_every_tpm_and_is_no_plain_hash() {
    let digest = qualifying_data(&REPORT_DATA);
    const { assert!(Digest48::LEN <= 50, "the narrowest TPMs take 50 bytes") };
    assert_ne!(digest, Digest48::sha384(REPORT_DATA.as_bytes()));
    assert_ne!(digest, qualifying_data(&ReportData::new([0x5b; 64])));
    assert_eq!(
        digest.to_string(),
        "b906cd0600c416c7cef3d2cc11b07955545747d7d8963cc1\
         66be4683d5a4e4fb13dbf5957587edf15d253f6001a726a3",
        "the label and the order are part of the wire format"
    );
}
