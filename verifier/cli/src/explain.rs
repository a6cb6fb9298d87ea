//! `cloister explain`: every error code of every part, in long form.
//!
//! Libraries that this program links are asked. The runtime and the Verifier are not
//! linked; their codes stand in `programs`, which `cargo xtask codes` writes from their
//! sources and `cargo xtask tidy` compares with them.

mod nearest;
mod programs;

use core::fmt::Write as _;
use std::collections::BTreeMap;

use cloister_attestation::code::{Code, Diagnostic};
use owo_colors::OwoColorize as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Exit};
use crate::codes;
use crate::text::{COLUMNS, indented};

/// How many similar codes are suggested.
const SUGGESTIONS_MAX: usize = 3;

/// What is said about one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The stable name.
    pub id: String,
    /// Who has to act.
    pub fault: String,
    /// The specification, or empty.
    pub spec: String,
    /// What to do.
    pub remedy: String,
    /// What it means and how it comes about.
    pub explanation: String,
}

impl From<&Code> for Entry {
    fn from(code: &Code) -> Self {
        Self {
            id: code.id.to_owned(),
            fault: code.fault.to_string(),
            spec: code.spec.to_owned(),
            remedy: code.remedy.to_owned(),
            explanation: code.explanation.to_owned(),
        }
    }
}

/// No such code.
#[derive(Debug, thiserror::Error)]
#[error("there is no code `{code}`{}", suggestion(.nearest))]
struct UnknownCode {
    code: String,
    nearest: Vec<String>,
}

impl Diagnostic for UnknownCode {
    fn code(&self) -> &'static Code {
        &codes::UNKNOWN_CODE
    }
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", nearest.join(" or "))
    }
}

/// Every code of every part, by name.
#[must_use]
pub fn entries() -> BTreeMap<String, Entry> {
    every().map(|code| (code.id.to_owned(), Entry::from(code))).collect()
}

/// Every code of what is linked, and of the programs.
fn every() -> impl Iterator<Item = &'static Code> {
    cloister_attestation::code::codes()
        .chain(cloister_attester::codes())
        .chain(cloister_audit::codes())
        .chain(cloister_channel::codes())
        .chain(cloister_endorsements::codes())
        .chain(cloister_gateway::codes())
        .chain(cloister_image::codes())
        .chain(cloister_policy::codes())
        .chain(codes::codes())
        .chain(programs::CODES)
}

/// Explains one code, or lists them all.
pub(crate) fn run(code: Option<&str>) -> Answer {
    let entries = entries();
    let Some(code) = code else { return list(&entries) };
    match entries.get(code) {
        Some(entry) => explained(entry),
        None => unknown(code, &entries),
    }
}

fn unknown(code: &str, entries: &BTreeMap<String, Entry>) -> Answer {
    let nearest = nearest::nearest(code, entries.keys(), SUGGESTIONS_MAX);
    let error = UnknownCode { code: code.to_owned(), nearest: nearest.clone() };
    let mut answer = Answer::error(Exit::Misuse, &error);
    if let Some(error) = answer.json.get_mut("error").and_then(Value::as_object_mut) {
        error.insert("nearest".to_owned(), json!(nearest));
    }
    answer
}

fn explained(entry: &Entry) -> Answer {
    let mut text = format!("{}\n\n{}\n\n", entry.id.bold(), indented(&entry.explanation, 0));
    let fields =
        [("who acts", &entry.fault), ("what to do", &entry.remedy), ("source", &entry.spec)];
    for (name, words) in fields.into_iter().filter(|(_, words)| !words.is_empty()) {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name:12}{}", indented(words, 12));
    }
    Answer { exit: Exit::Acceptable, text, json: json!(entry) }
}

fn list(entries: &BTreeMap<String, Entry>) -> Answer {
    let widest = entries.keys().map(String::len).max().unwrap_or(0);
    let room = usize::from(COLUMNS).saturating_sub(widest.saturating_add(2));
    let mut text = String::new();
    for (id, entry) in entries {
        let _ = writeln!(text, "{id:widest$}  {}", shortened(&entry.remedy, room));
    }
    Answer { exit: Exit::Acceptable, text, json: json!(entries.values().collect::<Vec<_>>()) }
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

#[cfg(test)]
mod tests;
