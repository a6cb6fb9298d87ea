//! Azure's certificate for the attestation key: a second voice, which has to be right if it speaks.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::azure::{AkCertificate, AkCertificateDemand, AzurePolicy, Parts};
use cloister_attestation::check::State;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{VerifiedEvidence, VerifyError};

use super::guest::{REPORT_DATA, azure, find, judge, snp};
use super::recorded::Recorded;

const CASE: &str = "flashbots-ak-intermediates";
const CHAIN: [&str; 3] = ["ak_cert.pem", "ak_intermediates.pem", "azure_vtpm_root_2023.pem"];

/// The recorded machine with these files as its chain.
fn with(files: &[&str]) -> Option<Result<VerifiedEvidence, VerifyError>> {
    let recorded = Recorded::tdx(CASE)?;
    let chain: Vec<u8> = files.iter().flat_map(|name| recorded.file(name)).collect();
    Some(recorded.with_chain(Some(chain)).judge(&Anchors::vendor()))
}

fn refusal(outcome: Result<VerifiedEvidence, VerifyError>) -> String {
    let error = outcome.expect_err("it verifies");
    assert_eq!(error.code().id, "azure.ak.certificate");
    error.to_string()
}

#[test]
fn a_chain_longer_than_the_limit_is_not_read() {
    let guest = snp();
    let evidence = guest.evidence(&REPORT_DATA);
    for (len, code) in [(0x1_0000, "azure.ak.certificate"), (0x1_0001, "azure.parts")] {
        let chain = vec![b'A'; len];
        let parts = Parts { ak_certificates: Some(&chain), ..evidence.parts() };
        assert_eq!(judge(&guest, &parts).err(), Some(code), "{len}");
    }
}

#[test]
fn a_chain_to_a_pinned_root_counts_and_its_revocation_is_shown_as_unknown() {
    let Some(outcome) = with(&CHAIN) else { return };
    let verified = outcome.unwrap();
    assert_eq!(azure(&verified).ak_certificate(), AkCertificate::Verified);
    assert_eq!(find(verified.checks(), "azure.ak.certificate").state, State::Pass);
    assert_eq!(find(verified.checks(), "azure.ak.revocation").state, State::NotAsserted);
    let mut policy = AzurePolicy::strict();
    policy.ak_certificate = AkCertificateDemand::Required;
    let checks = policy.appraise(azure(&verified), None);
    assert_eq!(find(&checks, "azure.policy.ak_certificate").state, State::Pass);
}

#[test]
fn a_chain_that_is_short_out_of_order_or_of_another_root_is_refused() {
    let Some(outcome) = with(&CHAIN[..2]) else { return };
    assert!(refusal(outcome).contains("no pinned root"));
    assert!(refusal(with(&[CHAIN[0], CHAIN[2]]).unwrap()).contains("issuer"));
    assert!(refusal(with(&[CHAIN[1], CHAIN[2]]).unwrap()).contains("another key"));
    assert!(refusal(with(&[CHAIN[1], CHAIN[0], CHAIN[2]]).unwrap()).contains("issuer"));
    let other = [CHAIN[0], CHAIN[1], "ms_rsa_devices_root_2021.pem"];
    assert!(refusal(with(&other).unwrap()).contains("issuer"));
    assert!(refusal(with(&[CHAIN[2]]).unwrap()).contains("another key"));
    assert!(refusal(with(&[]).unwrap()).contains("no certificate"));
    let long = [CHAIN[0], CHAIN[1], CHAIN[2], CHAIN[2], CHAIN[2]];
    assert!(refusal(with(&long).unwrap()).contains("6 certificates"));
}

#[test]
fn a_chain_that_is_not_valid_now_is_refused() {
    let Some(recorded) = Recorded::tdx(CASE) else { return };
    let chain: Vec<u8> = CHAIN.iter().flat_map(|name| recorded.file(name)).collect();
    // The certificate begins on 2026-06-08; collateral of the day before would do for the quote.
    let before = UnixTime::parse_rfc3339("2026-06-07T23:59:59Z").unwrap();
    let early = recorded.with_chain(Some(chain)).at(before);
    assert!(refusal(early.judge(&Anchors::vendor())).contains("valid from"));
}

#[test]
fn one_changed_bit_in_any_certificate_is_refused() {
    let Some(recorded) = Recorded::tdx(CASE) else { return };
    let chain: Vec<u8> = CHAIN.iter().flat_map(|name| recorded.file(name)).collect();
    let text = String::from_utf8(chain.clone()).unwrap();
    for (begin, _) in text.match_indices("-----BEGIN CERTIFICATE-----") {
        // Three places inside each block, away from the line ends.
        for at in [begin + 100, begin + 700, begin + 1500] {
            let mut changed = chain.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let outcome = recorded.clone().with_chain(Some(changed)).judge(&Anchors::vendor());
            refusal(outcome);
        }
    }
}

#[test]
fn a_certificate_of_another_machines_key_is_refused() {
    let (Some(owner), Some(other)) = (Recorded::tdx(CASE), Recorded::tdx("cdai-live")) else {
        return;
    };
    let chain: Vec<u8> = CHAIN.iter().flat_map(|name| owner.file(name)).collect();
    let borrowed = other.with_chain(Some(chain)).at(owner.now);
    assert!(refusal(borrowed.judge(&Anchors::vendor())).contains("another key"));
}

#[test]
fn under_a_simulators_anchors_no_certificate_counts() {
    let guest = snp();
    let mut evidence = guest.evidence(&REPORT_DATA);
    evidence.vtpm.ak_certificates = Some(Vec::new());
    assert_eq!(judge(&guest, &evidence.parts()).err(), Some("azure.ak.certificate"));
}
