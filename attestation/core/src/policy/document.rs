//! The policy as a TOML document, read and written.

use core::fmt::Write as _;

use toml::Value;

use super::Policy;
use super::consistency;
use super::error::PolicyError;
use super::keys::{self, Key};
use crate::limits::POLICY_BYTES_MAX;

/// One table of the document.
pub(super) type Table = toml::map::Map<String, Value>;

impl Policy {
    /// Reads a document. Every key has to be there, and no other; an absent section refuses all
    /// that it is about.
    ///
    /// # Errors
    /// [`PolicyError`] with the line or the key, and what is wrong.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::Malformed("longer than 1 MiB".to_owned()));
        }
        let policy: Self =
            toml::from_str(text).map_err(|error| PolicyError::Malformed(error.to_string()))?;
        consistency::check(&policy)?;
        Ok(policy)
    }

    /// Writes the document, with the meaning of each key above it. It reads back as this policy.
    ///
    /// # Errors
    /// [`PolicyError::Malformed`] if a value has no form in TOML.
    pub fn to_toml(&self) -> Result<String, PolicyError> {
        let mut text = String::new();
        section(&self.table()?, "", &mut text);
        Ok(text)
    }

    /// The document's keys and values.
    pub(super) fn table(&self) -> Result<Table, PolicyError> {
        Table::try_from(self).map_err(|error| PolicyError::Malformed(error.to_string()))
    }
}

/// Writes the values of one table, then its sections. TOML needs them in that order.
fn section(table: &Table, path: &str, text: &mut String) {
    for (name, value) in ordered(table, path) {
        if subsection(path, name, value).is_none() {
            comment(keys::find(&joined(path, name)), text);
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{name} = {value}");
        }
    }
    for (name, value) in ordered(table, path) {
        if let Some(inner) = subsection(path, name, value) {
            let path = joined(path, name);
            text.push('\n');
            comment(keys::find(&path), text);
            let _ = writeln!(text, "[{path}]");
            section(inner, &path, text);
        }
    }
}

/// The entries of the table at `path`, in the order of the document.
pub(super) fn ordered<'a>(table: &'a Table, path: &str) -> Vec<(&'a String, &'a Value)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| keys::position(&joined(path, name)));
    entries
}

/// The table of a section. A demand such as `{ at_least = 3 }` is a table too, and a value.
pub(super) fn subsection<'a>(path: &str, name: &str, value: &'a Value) -> Option<&'a Table> {
    let is_section = keys::find(&joined(path, name)).is_some_and(|key| key.section);
    value.as_table().filter(|_| is_section)
}

pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn comment(key: Option<&Key>, text: &mut String) {
    for line in key.into_iter().flat_map(|key| wrapped(key.meaning)) {
        let _ = writeln!(text, "# {line}");
    }
}

/// Columns of a comment's words.
const COLUMNS: usize = 96;

fn wrapped(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len().saturating_add(word.len()) < COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
