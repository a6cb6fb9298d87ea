//! Recorded Evidence of real machines, through a bundle made of its recorded endorsements.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bundle::{Bundle, Draft, Outcome};
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::policy::Policy;
use cloister_attestation::snp;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::verify::{Endorsements, verify};

use super::fleet::{believed, operator};
use crate::vectors::{Case, cases};

fn evidence(case: &Case) -> Option<Evidence> {
    let of = |tee, name| Evidence::parse(tee, &case.file(name)?).ok();
    of(Tee::Snp, "report.bin").or_else(|| of(Tee::Tdx, "quote.bin"))
}

fn endorsements(case: &Case) -> Option<Endorsements> {
    if let Some(json) = case.file("collateral.json") {
        return Collateral::from_json(&json).ok().map(Endorsements::Tdx);
    }
    let vek = Some(case.file("vcek.der").or_else(|| case.file("vlek.der"))?);
    let one = |name: &str| case.file(name).and_then(|_| case.pem(name));
    let intermediate = one("ask.pem").or_else(|| one("asvk.pem"));
    let crl = case.file("crl.der");
    Some(Endorsements::Snp(snp::Endorsements { vek, intermediate, root: one("ark.pem"), crl }))
}

/// Whether the case is judged the same with its files and with a bundle made of them.
fn agrees(case: &Case) -> Option<bool> {
    let (evidence, with) = (evidence(case)?, endorsements(case)?);
    let now = cloister_attestation::time::UnixTime::parse_rfc3339(case.facts.valid_at.as_deref()?)?;
    let direct = verify(evidence.clone(), &with, &Anchors::vendor(), now);
    let mut draft = Draft::new(Policy::strict());
    // A bad case's files may not even read; a bundle is then not made at all.
    let Ok(made) = draft.add(&with).and_then(|()| draft.finish(now)) else {
        assert!(direct.is_err(), "{}: endorsements that verify make a bundle", case.name);
        return None;
    };
    let opened = Bundle::open(&made.sign(operator()).unwrap(), &believed()).unwrap();
    let bundled = opened.verify(&evidence, &Anchors::vendor(), now);
    assert_eq!(direct.is_ok(), bundled.is_ok(), "{}: {direct:?}\n{bundled:?}", case.name);
    if direct.is_ok() {
        for audited in opened.audit(&Anchors::vendor(), now) {
            let fine = matches!(audited.outcome, Outcome::Verified | Outcome::Operator);
            assert!(fine, "{}: {} {:?}", case.name, audited.entry.key(), audited.outcome);
        }
    }
    Some(direct.is_ok())
}

#[test]
fn recorded_evidence_is_judged_the_same_with_a_bundle() {
    let (Some(snp), Some(tdx)) = (cases("snp"), cases("tdx")) else { return };
    let judged: Vec<bool> = snp.iter().chain(&tdx).filter_map(agrees).collect();
    let good = judged.iter().filter(|good| **good).count();
    assert!(good >= 20 && judged.len() > good, "{good} of {}", judged.len());
}
