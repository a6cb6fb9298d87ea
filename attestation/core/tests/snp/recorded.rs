//! Every recorded case comes out as its author says.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::snp::{self, Endorsements, Report, SnpPolicy};

use crate::vectors::{self, Case};

/// The endorsements in a case folder, by their conventional names.
pub fn endorsements(case: &Case) -> Endorsements {
    Endorsements {
        vek: case.file("vcek.der").or_else(|| case.file("vlek.der")),
        intermediate: case.pem("ask.pem").or_else(|| case.pem("asvk.pem")),
        root: case.pem("ark.pem"),
        crl: None,
    }
}

fn verified(case: &Case, with: &Endorsements) -> Result<snp::VerifiedReport, String> {
    let report = Report::parse(&case.file("report.bin").unwrap()).map_err(|e| e.to_string())?;
    snp::verify(report, with, &Anchors::vendor(), case.valid_at()).map_err(|e| e.to_string())
}

#[test]
fn every_case_verifies_or_is_refused_as_expected() {
    let Some(cases) = vectors::cases("snp") else { return };
    for case in cases.iter().filter(|case| case.file("report.bin").is_some()) {
        match (case.facts.expected.as_str(), verified_or_parsed(case)) {
            ("accept" | "parse-only", Ok(())) => {}
            ("reject", Err(_)) => {}
            (expected, outcome) => panic!("{}: {expected} expected, {outcome:?}", case.name),
        }
    }
}

fn verified_or_parsed(case: &Case) -> Result<(), String> {
    if case.facts.valid_at.is_none() {
        return Report::parse(&case.file("report.bin").unwrap()).map(|_| ()).map_err(|e| e.to_string());
    }
    verified(case, &endorsements(case)).map(|_| ())
}

#[test]
fn the_strict_policy_accepts_what_is_accepted_except_debugged_guests() {
    let Some(cases) = vectors::cases("snp") else { return };
    let accepted = |case: &&Case| case.facts.expected == "accept" && case.file("report.bin").is_some();
    for case in cases.iter().filter(accepted) {
        let verified = verified(case, &endorsements(case)).unwrap();
        let checks = SnpPolicy::strict().appraise(&verified, case.valid_at());
        let failed: Vec<_> = checks.iter().filter(|c| c.failed()).map(|c| c.code.id).collect();
        let expected: &[&str] =
            if case.facts.policy_expected.is_some() { &["snp.policy.debug"] } else { &[] };
        assert_eq!(failed, expected, "{}", case.name);
    }
}
