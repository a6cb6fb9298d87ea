//! A policy in words: what it demands, and what it leaves open.

use serde::Serialize;
use toml::Value;

use super::Policy;
use super::document::{Table, joined, ordered, subsection};
use super::error::PolicyError;
use super::keys;

/// One key of a policy, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// The key, from the top of the document.
    pub key: String,
    /// What the key is about.
    pub meaning: &'static str,
    /// What is demanded, in words.
    pub demand: String,
    /// What may happen because nothing is demanded.
    pub open: Option<&'static str>,
}

/// A whole policy, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Sections that are not there: all that they are about is refused.
    pub refused: Vec<&'static str>,
    /// Every key, in the order of the document.
    pub statements: Vec<Statement>,
}

impl Description {
    /// The keys that leave something open.
    pub fn open(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(|statement| statement.open.is_some())
    }
}

/// Sections that may be absent.
const SECTIONS: [&str; 3] = ["snp", "tdx", "azure"];

impl Policy {
    /// Says in words what the policy lets in.
    ///
    /// # Errors
    /// [`PolicyError::Malformed`] if a value has no form in TOML.
    pub fn describe(&self) -> Result<Description, PolicyError> {
        let table = self.table()?;
        let refused = SECTIONS.into_iter().filter(|name| !table.contains_key(*name)).collect();
        let mut statements = Vec::new();
        walk(&table, "", &mut statements);
        Ok(Description { refused, statements })
    }
}

fn walk(table: &Table, path: &str, statements: &mut Vec<Statement>) {
    for (name, value) in ordered(table, path) {
        match subsection(path, name, value) {
            Some(inner) => walk(inner, &joined(path, name), statements),
            None => statements.extend(statement(joined(path, name), value)),
        }
    }
}

fn statement(path: String, value: &Value) -> Option<Statement> {
    let key = keys::find(&path)?;
    let open = is_open(key.path, value).then_some(key.open);
    Some(Statement { key: path, meaning: key.meaning, demand: demand(value), open })
}

/// Whether the result may end as `not_asserted`, or a grace period excuses what is asked for.
fn is_open(path: &str, value: &Value) -> bool {
    match value {
        Value::String(word) => {
            matches!(word.as_str(), "any" | "accept_unknown" | "accept_absent" | "optional")
        }
        Value::Integer(0) => path.ends_with("_min"),
        Value::Integer(_) => path.ends_with("_grace_secs"),
        Value::Array(list) => path == "azure.pcrs" && list.is_empty(),
        Value::Table(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => false,
    }
}

fn demand(value: &Value) -> String {
    match value {
        Value::String(word) => word_for(word).to_owned(),
        Value::Table(table) => {
            let parts = table.iter().map(|(form, value)| match (form.as_str(), value) {
                ("exactly", value) => format!("exactly {value}"),
                ("one_of", Value::Array(list)) if list.is_empty() => {
                    "nothing is good enough (the list is empty)".to_owned()
                }
                ("one_of", value) => format!("one of {value}"),
                ("at_least", value) => format!("at least {value}"),
                ("at_most_secs", value) => format!("at most {value} seconds"),
                ("all_of", value) => format!("all bits of {value}"),
                ("only", Value::Array(list)) if list.is_empty() => "none at all".to_owned(),
                ("only", value) => format!("no other than {value}"),
                ("none_of", value) => format!("none of {value}"),
                (other, value) => format!("{other} {value}"),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => value.to_string(),
    }
}

fn word_for(word: &str) -> &str {
    match word {
        "any" => "nothing is demanded",
        "require" => "has to be on",
        "forbid" => "has to be off",
        "required" => "has to be there",
        "optional" | "accept_unknown" | "accept_absent" => "may be absent; the result says so",
        "vendor" => "AMD's and Intel's",
        other => other,
    }
}
