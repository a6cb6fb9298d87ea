//! Demanding more never gives more: no check, tier, admission or claim of the trust vector is
//! better than before.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cloister_attestation::ear::{Ear, TrustClaim, TrustVector};
use cloister_attestation::policy::Policy;
use cloister_attestation::reference::ReferenceSet;
use cloister_attestation::result::{AttestationResult, Tier};
use proptest::prelude::*;
use proptest::sample::Index;
use toml::{Table, Value};

use super::machines::{self, Machine};
use super::tree;
use crate::ear::world::{admitting, appraised, terms};

static MACHINES: LazyLock<Vec<Machine>> =
    LazyLock::new(|| [machines::all(), machines::behind_azure()].into_iter().flatten().collect());

/// The built-in demands and one template for each machine, all sections filled: where the demands
/// of generated policies come from.
static SOURCES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let strict = Policy::strict();
    let filled = |template: Policy| Policy {
        anchors: template.anchors,
        snp: template.snp.or_else(|| strict.snp.clone()),
        tdx: template.tdx.or_else(|| strict.tdx.clone()),
        azure: template.azure.or_else(|| strict.azure.clone()),
    };
    let templates = MACHINES.iter().map(|machine| filled(machine.template()));
    templates.chain([strict.clone()]).map(|policy| tree::of(&policy)).collect()
});

/// A policy whose every demand comes from another source, or is `any`.
fn policy() -> impl Strategy<Value = Table> {
    let paths = tree::leaves(&SOURCES[0]);
    let choices = prop::collection::vec((any::<Index>(), any::<bool>()), paths.len());
    choices.prop_map(move |choices| {
        let mut tree = SOURCES[0].clone();
        for (path, (source, open)) in paths.iter().zip(choices) {
            let demand = tree::get(&SOURCES[source.index(SOURCES.len())], path).unwrap().clone();
            let demand = if open && ANY.contains(path) { Value::from("any") } else { demand };
            tree::set(&mut tree, path, demand);
        }
        tree
    })
}

/// Keys that may say `any`.
static ANY: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let tree = &SOURCES[0];
    tree::leaves(tree).into_iter().filter(|path| tree::may_be_any(tree, path)).collect()
});

/// Demands that ask for more than `demand`, at `path`.
fn stricter(path: &str, demand: &Value) -> Vec<Value> {
    let form =
        |name: &str, value: Value| Value::Table(Table::from_iter([(name.to_owned(), value)]));
    let key = path.rsplit('.').next().unwrap();
    match demand {
        Value::String(word) => match word.as_str() {
            "any" => SOURCES.iter().filter_map(|tree| tree::get(tree, path).cloned()).collect(),
            "accept_unknown" | "accept_absent" | "optional" => vec![Value::from("required")],
            mask if key == "other_attributes" => vec![Value::from("0".repeat(mask.len()))],
            _ if key == "xfam_required" => vec![Value::from("ffffffffffffffff")],
            _ => Vec::new(),
        },
        Value::Integer(number) if key.ends_with("_min") => vec![Value::from(number + 1)],
        Value::Integer(number) if key.ends_with("_secs") => vec![Value::from(number / 2)],
        Value::Array(list) if key == "tcb_statuses" => shorter(list).map(Value::from).collect(),
        Value::Array(list) if key == "pcrs" => {
            let longer = list.iter().cloned().chain([Value::from(5)]);
            vec![Value::Array(longer.collect())]
        }
        Value::Table(table) => match table.iter().next().unwrap() {
            (name, Value::Array(list)) if name == "one_of" || name == "only" => {
                shorter(list).map(|list| form(name, Value::from(list))).collect()
            }
            (name, _) if name == "exactly" => vec![form("one_of", Value::Array(Vec::new()))],
            (name, limit) if name == "at_most_secs" => {
                let shorter = |by: i64| Value::from(limit.as_integer().unwrap() / by);
                [2, i64::from(u32::MAX)].map(|by| form(name, shorter(by))).into()
            }
            (name, _) if name == "all_of" => vec![form(name, Value::from("0xffffffffffffffff"))],
            (name, floor) if name == "at_least" => higher(floor).map(|f| form(name, f)).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn shorter(list: &[Value]) -> impl Iterator<Item = Vec<Value>> + '_ {
    (0..list.len()).map(|gone| {
        let rest = list.iter().enumerate().filter(move |(at, _)| *at != gone);
        rest.map(|(_, value)| value.clone()).collect()
    })
}

fn higher(floor: &Value) -> impl Iterator<Item = Value> + '_ {
    let parts: Vec<Option<String>> = match floor.as_table() {
        Some(parts) => parts.keys().cloned().map(Some).collect(),
        None => vec![None],
    };
    parts.into_iter().map(|part| {
        let up = |value: &Value| Value::from(value.as_integer().unwrap() + 1);
        let mut raised = floor.clone();
        match part {
            Some(part) => raised[&part] = up(&floor[&part]),
            None => raised = up(floor),
        }
        raised
    })
}

/// The admitted image, if it is to be the machine's own, or an image that it does not run.
fn concluded(machine: &Machine, policy: &Policy, is_admitted: bool) -> AttestationResult {
    let set = if is_admitted { admitting(&machine.evidence) } else { ReferenceSet::default() };
    appraised(&machine.evidence, &set, policy, machine.now)
}

fn vector(result: &AttestationResult) -> TrustVector {
    Ear::of(result, &terms()).appraisals[0].1.vector
}

/// From good to bad.
fn badness(tier: Tier) -> u8 {
    match tier {
        Tier::Affirming => 0,
        Tier::Warning => 1,
        Tier::None => 2,
        _ => 3,
    }
}

/// SPEC: draft-ietf-rats-ar4si section 2.3.2. A simulator is never affirmed, so that everything
/// from "no claim" on is against it.
fn claimed_badness(value: i8) -> u8 {
    match value {
        -1..=1 => 0,
        -32..=31 => panic!("a simulator is affirmed: {value}"),
        -96..=95 => 1,
        _ => 2,
    }
}

/// How a stricter policy's conclusion is better than before, if it is.
fn improvement(before: &AttestationResult, after: &AttestationResult) -> Option<String> {
    let codes = |result: &AttestationResult| -> Vec<&str> {
        result.checks().iter().map(|check| check.code.id).collect()
    };
    assert_eq!(codes(before), codes(after), "every check is made, whatever is demanded");
    for (old, new) in before.checks().iter().zip(after.checks()) {
        // From passed to not asserted is not better: then another check says why.
        let better = old.failed() && !new.failed();
        if better {
            return Some(format!("{}: {:?}, then {:?}", old.code, old.state, new.state));
        }
    }
    if badness(after.tier()) < badness(before.tier()) {
        return Some(format!("{}, then {}", before.tier(), after.tier()));
    }
    if after.admits() && !before.admits() {
        return Some("admitted".to_owned());
    }
    let (old, new) = (vector(before), vector(after));
    let better = TrustClaim::ALL
        .into_iter()
        .find(|claim| claimed_badness(new.get(*claim)) < claimed_badness(old.get(*claim)));
    better.map(|claim| format!("{claim:?}: {}, then {}", old.get(claim), new.get(claim)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn demanding_more_never_improves_a_result(
        tree in policy(),
        which in any::<Index>(),
        is_admitted in any::<bool>(),
    ) {
        let machine = &MACHINES[which.index(MACHINES.len())];
        let Some(before) = tree::read(&tree) else { return Ok(()) };
        let before = concluded(machine, &before, is_admitted);
        for path in tree::leaves(&tree) {
            for demand in stricter(&path, tree::get(&tree, &path).unwrap()) {
                let Some(policy) = tree::with(&tree, &path, demand.clone()) else { continue };
                let better = improvement(&before, &concluded(machine, &policy, is_admitted));
                prop_assert_eq!(better, None, "{} with {} = {}", machine.name, path, demand);
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same_whatever_it_demands(tree in policy()) {
        if let Some(policy) = tree::read(&tree) {
            prop_assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).unwrap(), policy);
        }
    }
}

/// From the template of a machine that is admitted, every single stricter demand, without luck.
#[test]
fn a_stricter_template_never_improves_the_result_of_its_own_machine() {
    for machine in MACHINES.iter() {
        let tree = tree::of(&machine.template());
        let before = concluded(machine, &machine.template(), true);
        assert!(before.admits(), "{}", machine.name);
        let mut compared = 0;
        for path in tree::leaves(&tree) {
            for demand in stricter(&path, tree::get(&tree, &path).unwrap()) {
                let Some(policy) = tree::with(&tree, &path, demand) else { continue };
                assert_eq!(
                    improvement(&before, &concluded(machine, &policy, true)),
                    None,
                    "{path}"
                );
                compared += 1;
            }
        }
        assert!(compared > 10, "{}: {compared}", machine.name);
    }
}

/// The property says something: most keys have a stricter demand, and some of them refuse.
#[test]
fn most_demands_can_be_made_stricter_until_they_refuse() {
    for machine in MACHINES.iter() {
        let tree = tree::of(&machine.template());
        let refused = tree::leaves(&tree).into_iter().filter(|path| {
            let stricter = stricter(path, tree::get(&tree, path).unwrap());
            stricter.into_iter().any(|demand| {
                tree::with(&tree, path, demand)
                    .is_some_and(|policy| concluded(machine, &policy, true).failures().count() > 0)
            })
        });
        assert!(refused.count() >= 8, "{}", machine.name);
    }
}
