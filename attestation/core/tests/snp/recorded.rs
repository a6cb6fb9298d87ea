//! Every recorded case comes out as its author says.

use cloister_attestation::anchor::{AnchorKind, Anchors};
use cloister_attestation::check::State;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::snp::{self, Endorsements, Product, Report, SnpPolicy, VerifiedReport};
use cloister_attestation::time::UnixTime;

use super::guest::find;
use crate::vectors::{self, Case};

/// The endorsements in a case folder, by their conventional names.
pub(crate) fn endorsements(case: &Case) -> Endorsements {
    Endorsements {
        vek: case.file("vcek.der").or_else(|| case.file("vlek.der")),
        intermediate: case.pem("ask.pem").or_else(|| case.pem("asvk.pem")),
        root: case.pem("ark.pem"),
        crl: None,
    }
}

/// Parses, and verifies where the case has a time for it; the code where that stops.
fn outcome(case: &Case, with: &Endorsements) -> Result<Option<VerifiedReport>, &'static str> {
    let report = Report::parse(&case.file("report.bin").unwrap()).map_err(|e| e.code().id)?;
    if case.facts.valid_at.is_none() {
        return Ok(None);
    }
    let verified = snp::verify(report, with, &Anchors::vendor(), case.valid_at());
    verified.map(Some).map_err(|e| e.code().id)
}

/// The cases with a report.
fn reports() -> Option<Vec<Case>> {
    let mut cases = vectors::cases("snp")?;
    cases.retain(|case| case.file("report.bin").is_some());
    Some(cases)
}

/// Those of them that are accepted.
pub(crate) fn accepted() -> Option<Vec<Case>> {
    let mut cases = reports()?;
    cases.retain(|case| case.facts.expected == "accept");
    Some(cases)
}

#[test]
fn every_case_verifies_or_is_refused_as_expected() {
    let Some(cases) = reports() else { return };
    for case in &cases {
        match (case.facts.expected.as_str(), outcome(case, &endorsements(case))) {
            ("accept", Ok(Some(_))) | ("parse-only", Ok(None)) | ("reject", Err(_)) => {}
            (expected, outcome) => panic!("{}: {expected} expected, {outcome:?}", case.name),
        }
    }
}

#[test]
fn every_refused_case_is_refused_for_its_own_reason() {
    let Some(cases) = reports() else { return };
    let reasons = [
        ("bad-milan-v2-trustee-vcek-invalid-legacy", "snp.chain.leaf"),
        ("bad-milan-v3-measurement-bitflip", "snp.signature"),
        ("bad-milan-v3-sig-r-bitflip", "snp.signature"),
        ("bad-milan-v3-sigalgo-2", "snp.signature_algo"),
        ("bad-milan-v3-truncated", "snp.report.length"),
        ("bad-milan-v3-wrong-vcek-genoa", "snp.product"),
        ("bad-milan-v3-zero-signature", "snp.signature"),
    ];
    for (name, reason) in reasons {
        if let Some(case) = cases.iter().find(|case| case.name == name) {
            assert_eq!(outcome(case, &endorsements(case)).unwrap_err(), reason, "{name}");
        }
    }
}

#[test]
fn the_built_in_chain_serves_as_well_as_the_recorded_one() {
    let Some(cases) = accepted() else { return };
    for case in &cases {
        let mut with = endorsements(case);
        with.root = None;
        if case.file("vcek.der").is_some() {
            with.intermediate = None;
        }
        let verified = outcome(case, &with).unwrap().unwrap();
        assert_eq!(verified.anchor(), AnchorKind::Vendor, "{}", case.name);
    }
}

#[test]
fn without_revocation_lists_every_accepted_case_says_so() {
    let Some(cases) = accepted() else { return };
    for case in &cases {
        let verified = outcome(case, &endorsements(case)).unwrap().unwrap();
        let check = find(verified.checks(), "snp.revocation.intermediate");
        assert_eq!(check.state, State::NotAsserted, "{}", case.name);
    }
}

#[test]
fn the_strict_policy_refuses_debugged_guests_and_no_other_accepted_case() {
    let Some(cases) = accepted() else { return };
    for case in &cases {
        let verified = outcome(case, &endorsements(case)).unwrap().unwrap();
        let checks = SnpPolicy::strict().appraise(&verified, case.valid_at());
        let failed: Vec<_> = checks.iter().filter(|c| c.failed()).map(|c| c.code.id).collect();
        let expected: &[&str] =
            if case.facts.policy_expected.is_some() { &["snp.policy.debug"] } else { &[] };
        assert_eq!(failed, expected, "{}", case.name);
    }
}

#[test]
fn a_masked_machine_of_a_provider_is_named_by_its_provider() {
    let Some(case) = vectors::named("snp", "milan-v3-vlek-trustee") else { return };
    let verified = outcome(&case, &endorsements(&case)).unwrap().unwrap();
    assert_eq!(verified.provider().unwrap(), "CN=cc-us-east-2.amazonaws.com");
}

#[test]
fn the_recorded_turin_chain_verifies_without_a_report() {
    let Some(case) = vectors::named("snp", "turin-vcek-chain-only") else { return };
    let with = Endorsements { vek: case.file("vcek.der"), ..Endorsements::none() };
    let chain = snp::verify_chain(&with, &Anchors::vendor(), case.valid_at()).unwrap();
    assert_eq!(chain.product(), Product::Turin);
    let expired = UnixTime::parse_rfc3339("2031-11-06T21:14:01Z").unwrap();
    let error = snp::verify_chain(&with, &Anchors::vendor(), expired).unwrap_err();
    assert_eq!(error.code().id, "snp.chain.validity");
}

#[test]
fn the_hardware_reports_of_recorded_azure_guests_verify() {
    let Some(cases) = vectors::cases("az-snp") else { return };
    for case in cases.iter().filter(|case| case.file("vcek.der").is_some()) {
        let report = Report::parse(&case.file("snp_report.bin").unwrap()).unwrap();
        let verified =
            snp::verify(report, &endorsements(case), &Anchors::vendor(), case.valid_at()).unwrap();
        let checks = SnpPolicy::strict().appraise(&verified, case.valid_at());
        let failed: Vec<_> = checks.iter().filter(|c| c.failed()).map(|c| c.code.id).collect();
        assert_eq!(failed, [""; 0], "{}", case.name);
    }
}
