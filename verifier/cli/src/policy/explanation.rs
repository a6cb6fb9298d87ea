//! A policy in words.

use core::fmt::Write as _;

use cloister_attestation::policy::{Description, Policy, Statement};
use owo_colors::OwoColorize as _;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::text::{indented, printable};

/// Says what the policy demands and what it leaves open.
pub(super) fn answer(policy: &Policy) -> Answer {
    let description = match policy.describe() {
        Ok(description) => description,
        Err(error) => return Answer::error(Exit::Misuse, &error),
    };
    Answer { exit: Exit::Acceptable, text: text(&description), json: json!(description) }
}

fn text(description: &Description) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    if !description.refused.is_empty() {
        let sections = description.refused.join(", ");
        let _ = writeln!(out, "{}\n  everything of {sections}\n", "refused".red().bold());
    }
    let _ = writeln!(out, "{}", "demanded".green().bold());
    let demanded = description.statements.iter().filter(|said| said.open.is_none());
    demanded.for_each(|said| out.push_str(&line(said, &said.demand)));
    if description.open().next().is_none() {
        let _ = writeln!(out, "\nNothing is left open.");
        return out;
    }
    let _ = writeln!(out, "\n{}", "left open".yellow().bold());
    for said in description.open() {
        out.push_str(&line(said, said.open.unwrap_or_default()));
    }
    out
}

fn line(said: &Statement, words: &str) -> String {
    let about = format!("{}: {}", said.key, printable(words));
    format!("  {}\n", indented(&about, 6).replacen(&said.key, &said.key.bold().to_string(), 1))
}
