//! The hardware's report: inside the HCL report on SEV-SNP, beside it as a quote on TDX.

use cloister_attestation::azure::Parts;

use super::guest::{PARAVISOR, REPORT_DATA, azure, judge, refused, snp, tdx, verified};
use crate::snp::guest as direct;
use cloister_attestation::verify::VerifiedEvidence;
use cloister_simulator::AzureGuest;

#[test]
fn the_paravisor_is_what_the_hardware_measured_and_the_pcrs_are_the_guest() {
    let verified = verified(&snp());
    let azure = azure(&verified);
    let VerifiedEvidence::Snp(report) = azure.hardware() else { panic!("not a report") };
    assert_eq!(report.report().measurement(), &PARAVISOR);
    assert_eq!(azure.quote().pcrs().iter().count(), 24);
}

#[test]
fn a_report_beside_that_is_not_the_one_inside_is_refused() {
    let guest = snp();
    let evidence = guest.evidence(&REPORT_DATA);
    let another = direct::milan().report(&REPORT_DATA);
    for hardware in [another.as_slice(), &evidence.hardware[..1183], &[]] {
        let parts = Parts { hardware, ..evidence.parts() };
        assert_eq!(judge(&guest, &parts).err(), Some("azure.hcl.other_report"));
    }
}

#[test]
fn a_genuine_report_that_the_guest_could_ask_for_elsewhere_does_not_vouch_for_its_keys() {
    // The hardware's signature is good, and its REPORT_DATA is of somebody's choice.
    let guest = snp().with_hardware_report_data(|data| *data = REPORT_DATA);
    assert_eq!(refused(&guest), "azure.runtime_data.digest");
}

#[test]
fn a_quote_that_does_not_parse_is_refused() {
    let guest = tdx();
    let evidence = guest.evidence(&REPORT_DATA);
    let parts = Parts { hardware: &evidence.hardware[..100], ..evidence.parts() };
    assert_eq!(judge(&guest, &parts).err(), Some("tdx.quote.length"));
}

#[test]
fn a_report_that_the_hardware_did_not_sign_is_refused() {
    let chip = direct::milan().with_measurement(PARAVISOR);
    let forged = chip.with_signature_bytes(|signature| signature[0] ^= 1);
    let guest = AzureGuest::new(direct::pki(), forged.into());
    assert_eq!(refused(&guest), "snp.signature");
}
