//! Demanding more never gives more: whatever failed before still fails.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::policy::{Expect, Policy};
use proptest::prelude::*;
use proptest::sample::Index;
use toml::{Table, Value};

use super::machines::{self, Machine};
use super::tree;

static MACHINES: LazyLock<Vec<Machine>> = LazyLock::new(machines::all);

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

/// What speaks against `machine`. One code can stand for several things, so what was expected of
/// which observation counts too, but not what was expected.
fn findings(machine: &Machine, policy: &Policy) -> BTreeSet<(&'static str, String)> {
    let nothing = Expected { report_data: Expect::Any, image: None };
    let result = appraise(&machine.evidence, &nothing, policy, machine.now);
    result.failures().map(|check| (check.code.id, check.observed.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn demanding_more_never_improves_a_result(tree in policy(), which in any::<Index>()) {
        let machine = &MACHINES[which.index(MACHINES.len())];
        let Some(before) = tree::read(&tree) else { return Ok(()) };
        let before = findings(machine, &before);
        for path in tree::leaves(&tree) {
            for demand in stricter(&path, tree::get(&tree, &path).unwrap()) {
                let Some(policy) = tree::with(&tree, &path, demand.clone()) else { continue };
                let after = findings(machine, &policy);
                prop_assert!(before.is_subset(&after), "{} with {path} = {demand}", machine.name);
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

/// The property says something: most keys have a stricter demand, and some of them refuse.
#[test]
fn most_demands_can_be_made_stricter_until_they_refuse() {
    for machine in MACHINES.iter() {
        let tree = tree::of(&machine.template());
        let refused = tree::leaves(&tree).into_iter().filter(|path| {
            let stricter = stricter(path, tree::get(&tree, path).unwrap());
            stricter.into_iter().any(|demand| {
                tree::with(&tree, path, demand)
                    .is_some_and(|policy| !findings(machine, &policy).is_empty())
            })
        });
        assert!(refused.count() >= 8, "{}", machine.name);
    }
}
