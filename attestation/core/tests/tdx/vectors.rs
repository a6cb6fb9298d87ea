//! Every recorded case comes out as its description expects.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{LocalReport, Quote, TdxPolicy, VerifiedQuote};
use cloister_attestation::verify::VerifyError;

use super::corpus::{Case, cases};

#[test]
fn every_recorded_case_comes_out_as_described() {
    for case in cases() {
        match case.facts.expected.as_str() {
            "accept" => accepted(&case),
            "accept-with-tcb-status" => verified_and_refused_by_policy(&case),
            "accept-signature-only" => incomplete(&case),
            "reject" => rejected(&case),
            "parse-only" => local_report(&case),
            other => panic!("{}: unknown expectation {other}", case.name),
        }
    }
}

fn verified(case: &Case) -> VerifiedQuote {
    let verified = case.verify().unwrap_or_else(|e| panic!("{}: {e}", case.name));
    assert_eq!(
        Some(verified.tcb_status().to_string().as_str()),
        case.tcb_status(),
        "{}",
        case.name
    );
    let advisories: Vec<String> = verified.advisories().map(str::to_owned).collect();
    assert_eq!(Some(advisories), case.advisories(), "{}", case.name);
    assert!(verified.checks().iter().all(|check| !check.failed()), "{}", case.name);
    verified
}

fn failures(case: &Case, verified: &VerifiedQuote) -> Vec<&'static str> {
    let checks = TdxPolicy::strict().appraise(verified, case.now());
    checks.iter().filter(|check| check.failed()).map(|check| check.code.id).collect()
}

fn accepted(case: &Case) {
    assert_eq!(failures(case, &verified(case)), Vec::<&str>::new(), "{}", case.name);
}

fn verified_and_refused_by_policy(case: &Case) {
    assert!(failures(case, &verified(case)).contains(&"tdx.policy.tcb_status"), "{}", case.name);
}

fn incomplete(case: &Case) {
    let Err(VerifyError::Incomplete { missing, checks }) = case.verify() else {
        panic!("{} is not incomplete", case.name);
    };
    let taken: Vec<&str> = checks.iter().map(|check| check.code.id).collect();
    for id in
        ["tdx.pck.chain", "tdx.qe_report.signature", "tdx.qe_report.binding", "tdx.quote.signature"]
    {
        assert!(taken.contains(&id), "{}: {id}", case.name);
    }
    let paths: Vec<&str> = missing.iter().map(|part| part.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/tdx/certification/v4/tcb?fmspc=90c06f000000&update=standard",
            "/tdx/certification/v4/qe/identity?update=standard",
            "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
            "/IntelSGXRootCA.der",
        ],
        "{}",
        case.name,
    );
}

/// The step that ends each rejected case, by its code.
const REJECTED: [(&str, &str); 10] = [
    ("bad-v4-attkey-bitflip", "tdx.qe_report.binding"),
    ("bad-v4-body-bitflip", "tdx.quote.signature"),
    ("bad-v4-expired-collateral", "tdx.pck_crl.freshness"),
    ("bad-v4-sig-bitflip", "tdx.quote.signature"),
    ("bad-v4-tcbinfo-tampered", "tdx.tcb_info.signature"),
    ("sgx-v3-not-a-td", "tdx.quote.sgx"),
    // Its file ends with a line of text that is no part of the quote.
    ("v4-gotdxguest-spr-e4", "tdx.quote.trailing"),
    ("v4-intel-qvl-synthetic-pki", "tdx.root_crl.signature"),
    ("v4-trustee-debug", "tdx.policy.debug"),
    ("v5-td15-dcapqvl-no-tcb-level", "tdx.tcb.level"),
];

fn reason(name: &str) -> &'static str {
    let found = REJECTED.iter().find(|(case, _)| *case == name);
    found.unwrap_or_else(|| panic!("{name}: a rejected case without a reason")).1
}

fn rejected(case: &Case) {
    let quote = match Quote::parse(&case.quote_bytes()) {
        Ok(_) => case.verify(),
        Err(error) => return assert_eq!(error.code().id, reason(&case.name), "{}", case.name),
    };
    match quote {
        Ok(verified) => {
            assert!(failures(case, &verified).contains(&reason(&case.name)), "{}", case.name);
        }
        Err(error @ VerifyError::Refused { .. }) => {
            assert_eq!(error.code().id, reason(&case.name), "{}: {error}", case.name);
            let last = error.checks().last().unwrap();
            assert!(last.failed() && last.code.id == reason(&case.name), "{}", case.name);
        }
        Err(other) => panic!("{}: {other}", case.name),
    }
}

/// Both read; one of the two is not a TD's: its first byte says so.
fn local_report(case: &Case) {
    let bytes = case.file("td_report.bin").unwrap();
    let report = LocalReport::parse(&bytes).unwrap();
    assert_eq!(report.as_bytes(), bytes);
    assert_eq!(report.report_data().as_bytes(), &bytes[128..192]);
    assert_eq!(report.check_type().failed(), case.name == "tdreport-gotdxguest", "{}", case.name);
}

#[test]
fn a_quote_cut_out_of_its_file_still_meets_no_tcb_level() {
    let Some(case) = super::corpus::case("v4-gotdxguest-spr-e4") else { return };
    let bytes = case.quote_bytes();
    let quote = Quote::parse(&bytes[..bytes.len() - 39]).unwrap();
    let anchors = cloister_attestation::anchor::Anchors::vendor();
    let error = cloister_attestation::tdx::verify(quote, &case.collateral(), &anchors, case.now())
        .unwrap_err();
    assert_eq!(error.code().id, "tdx.tcb.level");
}

#[test]
fn zero_padding_is_counted_and_anything_else_behind_a_quote_is_refused() {
    let Some(case) = super::corpus::case("v4-dcapqvl") else { return };
    let mut bytes = case.quote_bytes();
    assert_eq!(case.quote().padding(), 70);
    *bytes.last_mut().unwrap() = 1;
    assert_eq!(Quote::parse(&bytes).unwrap_err().code().id, "tdx.quote.trailing");
}
