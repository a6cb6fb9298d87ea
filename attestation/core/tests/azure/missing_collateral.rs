//! Endorsements of the hardware that are missing: no conclusion, and they never hide what is wrong.

use cloister_attestation::azure::AzureEvidence;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::verify::{Endorsements, VerifyError, verify};
use cloister_simulator::AzureGuest;

use super::guest::{NOW, REPORT_DATA, pki, tdx};

fn without_collateral(guest: &AzureGuest) -> VerifyError {
    let evidence = guest.evidence(&REPORT_DATA);
    let evidence = Evidence::Azure(AzureEvidence::parse(&evidence.parts()).unwrap());
    let none = Endorsements::Tdx(Collateral::none());
    verify(evidence, &none, &pki().anchors(), NOW).unwrap_err()
}

#[test]
fn the_result_lists_what_is_missing_and_every_step_of_the_virtual_tpm() {
    let VerifyError::Incomplete { missing, checks } = without_collateral(&tdx()) else {
        panic!("a conclusion without collateral");
    };
    assert_eq!(missing.len(), 4);
    for id in ["azure.runtime_data.digest", "tpm.quote.signature", "tdx.quote.signature"] {
        assert!(checks.iter().any(|check| check.code.id == id), "{id}");
    }
}

#[test]
fn a_wrong_quote_is_refused_without_collateral_too() {
    let error = without_collateral(&tdx().with_quotes_by_another_tpm());
    assert!(matches!(error, VerifyError::Refused { .. }), "{error}");
    assert_eq!(error.code().id, "tpm.quote.signature");
}
