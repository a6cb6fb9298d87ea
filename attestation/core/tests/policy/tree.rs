//! A policy's document as a tree whose leaves are demands.

use cloister_attestation::policy::Policy;
use toml::{Table, Value};

/// Names of the forms that a demand takes as a table.
const FORMS: [&str; 8] =
    ["at_most_secs", "exactly", "one_of", "at_least", "all_of", "only", "none_of", "simulator"];

/// The document of `policy`.
pub(super) fn of(policy: &Policy) -> Table {
    policy.to_toml().unwrap().parse().unwrap()
}

/// The policy of a document.
pub(super) fn read(tree: &Table) -> Option<Policy> {
    Policy::from_toml(&toml::to_string(tree).unwrap()).ok()
}

/// The paths of all demands.
pub(super) fn leaves(tree: &Table) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, value) in tree {
        match value {
            Value::Table(inner) if !inner.keys().any(|key| FORMS.contains(&key.as_str())) => {
                paths.extend(leaves(inner).into_iter().map(|path| format!("{name}.{path}")));
            }
            _ => paths.push(name.clone()),
        }
    }
    paths
}

/// The demand at `path`.
pub(super) fn get<'a>(tree: &'a Table, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => tree.get(path),
        Some((section, rest)) => get(tree.get(section)?.as_table()?, rest),
    }
}

/// Puts another demand there.
pub(super) fn set(tree: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            tree.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            set(tree.get_mut(section).unwrap().as_table_mut().unwrap(), rest, value);
        }
    }
}

/// The same document with another demand, if that is a policy.
pub(super) fn with(tree: &Table, path: &str, value: Value) -> Option<Policy> {
    let mut tree = tree.clone();
    set(&mut tree, path, value);
    read(&tree)
}

/// Whether a key may say `any`.
pub(super) fn may_be_any(tree: &Table, path: &str) -> bool {
    path != "anchors" && with(tree, path, Value::from("any")).is_some()
}
