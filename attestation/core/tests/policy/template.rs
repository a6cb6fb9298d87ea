//! Templates: the Evidence that one is made from meets it, and nothing that is less does.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::bytes::ChipId;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::snp::{Bit, Floor};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;
use toml::Value;

use super::machines::{self, Machine};
use super::tree;
use crate::snp::guest as snp;
use crate::snp::recorded;
use crate::tdx::corpus;

fn result(evidence: &VerifiedEvidence, policy: &Policy, now: UnixTime) -> AttestationResult {
    let nothing = Expected { report_data: Expect::Any, image: None };
    appraise(evidence, &nothing, policy, now)
}

fn failures(machine: &Machine, policy: &Policy) -> Vec<&'static str> {
    let result = result(&machine.evidence, policy, machine.now);
    result.failures().map(|check| check.code.id).collect()
}

#[test]
fn a_machine_meets_its_own_template_and_no_other_machine_does() {
    let machines = machines::all();
    for (at, machine) in machines.iter().enumerate() {
        let policy = machine.template();
        for (other, evidence) in machines.iter().enumerate() {
            let met = failures(evidence, &policy).is_empty();
            // The simulated TDs run on one machine, at one TCB.
            let is_same = at == other || [machine, evidence].iter().all(|one| one.is_td());
            assert_eq!(met, is_same, "{} under {}'s", evidence.name, machine.name);
        }
    }
}

#[test]
fn every_floor_of_a_template_is_where_the_evidence_is() {
    for machine in machines::all() {
        let tree = tree::of(&machine.template());
        let floors: Vec<_> = tree::leaves(&tree)
            .into_iter()
            .filter_map(|path| Some((raised(tree::get(&tree, &path)?), path)))
            .collect();
        for (raised, path) in floors {
            for value in raised {
                let policy = tree::with(&tree, &path, value.clone()).unwrap();
                assert_ne!(failures(&machine, &policy), [""; 0], "{path} = {value}");
            }
        }
    }
}

/// A floor, raised by one in each of its parts; nothing for other demands.
fn raised(demand: &Value) -> Vec<Value> {
    let Some(floor) = demand.get("at_least") else { return Vec::new() };
    let parts = floor.as_table().map_or_else(Vec::new, |parts| parts.keys().cloned().collect());
    let up = |value: &Value| Value::from(value.as_integer().unwrap() + 1);
    if parts.is_empty() {
        let mut demand = demand.clone();
        demand["at_least"] = up(floor);
        return vec![demand];
    }
    let each = parts.into_iter().filter(|part| floor[part].as_integer() < Some(255)).map(|part| {
        let mut demand = demand.clone();
        demand["at_least"][&part] = up(&floor[&part]);
        demand
    });
    each.collect()
}

#[test]
fn a_template_names_the_chip() {
    let machine = &machines::all()[0];
    let mut policy = machine.template();
    let signer = &mut policy.snp.as_mut().unwrap().signer;
    assert!(matches!(signer.chips, Expect::Exactly(_)));
    signer.chips = Expect::Exactly(ChipId::new([7; 64]));
    assert_eq!(failures(machine, &policy), ["snp.chip_id.allowed"]);
}

#[test]
fn no_template_lets_in_a_debugged_guest() {
    let guest = snp::milan().with_fields(|fields| fields.policy |= 1 << 19);
    let evidence = VerifiedEvidence::Snp(snp::verify(&guest).unwrap());
    let error = Policy::from_evidence(&evidence, snp::NOW).unwrap_err();
    assert_eq!(error.code().id, "policy.template");
    assert!(error.to_string().contains("snp.policy.debug"), "{error}");
}

#[test]
fn a_template_forbids_what_breaks_confidentiality_whatever_it_saw() {
    for machine in machines::all() {
        let policy = machine.template();
        if let Some(snp) = policy.snp {
            let guest = snp.guest;
            assert_eq!([guest.debug, guest.migrate_ma, guest.cxl_allow], [Bit::Forbid; 3]);
            assert!(matches!(snp.version, Floor::AtLeast(_)));
        }
        if let Some(tdx) = policy.tdx {
            let no = Expect::Exactly(false);
            assert_eq!([tdx.debug, tdx.profiling, tdx.migratable], [no.clone(), no.clone(), no]);
        }
    }
}

#[test]
fn recorded_reports_meet_their_own_templates() {
    let Some(cases) = recorded::accepted() else { return };
    let mut met = 0;
    for case in &cases {
        let verified = cloister_attestation::snp::verify(
            cloister_attestation::snp::Report::parse(&case.file("report.bin").unwrap()).unwrap(),
            &recorded::endorsements(case),
            &Anchors::vendor(),
            case.valid_at(),
        );
        let verified = verified.unwrap();
        let is_debugged = verified.report().policy().debug();
        let evidence = VerifiedEvidence::Snp(verified);
        match Policy::from_evidence(&evidence, case.valid_at()) {
            Ok(policy) => {
                let text = policy.to_toml().unwrap();
                let policy = Policy::from_toml(&text).unwrap();
                assert_eq!(result(&evidence, &policy, case.valid_at()).failures().count(), 0);
                met += 1;
            }
            Err(error) => assert!(is_debugged, "{}: {error}", case.name),
        }
    }
    assert!(met > 10, "{met} of {}", cases.len());
}

#[test]
fn recorded_quotes_meet_their_own_templates() {
    let cases = corpus::cases();
    let quotes = cases.iter().filter(|case| {
        case.facts.expected.starts_with("accept") || case.name == "v4-trustee-debug"
    });
    let verified = quotes.filter_map(|case| Some((case, case.verify().ok()?)));
    let mut met = 0;
    for (case, quote) in verified {
        let evidence = VerifiedEvidence::Tdx(quote);
        match Policy::from_evidence(&evidence, case.now()) {
            Ok(policy) => {
                assert_eq!(result(&evidence, &policy, case.now()).failures().count(), 0);
                met += 1;
            }
            Err(error) => assert!(case.name.contains("debug"), "{}: {error}", case.name),
        }
    }
    assert!(met > 5 || cases.is_empty(), "{met} of {}", cases.len());
}
