//! Components that differ, for people.

use core::fmt::Write as _;

use cloister_attestation::diagnosis::{Change, Difference, EventChange, Explanation};
use owo_colors::OwoColorize as _;

use crate::text::{indented, printable};

/// Each component with both values and what explains it.
pub(super) fn text(differences: &[Difference], [first, second]: [&str; 2]) -> String {
    let mut out = String::new();
    for difference in differences {
        // Writing into a String cannot fail.
        let _ = one(&mut out, difference, [first, second]);
    }
    out
}

fn one(out: &mut String, found: &Difference, names: [&str; 2]) -> core::fmt::Result {
    writeln!(out, "\n{} {}", "DIFFERS".red().bold(), found.component.bold())?;
    writeln!(out, "  {}", indented(&found.meaning, 2))?;
    for (name, value) in names.into_iter().zip([&found.first, &found.second]) {
        writeln!(out, "  {name:9} {}", indented(&printable(value), 12))?;
    }
    match &found.explanation {
        Explanation::Events(changes) => changes.iter().try_for_each(|change| event(out, change)),
        Explanation::OneOf(labels) => {
            let list = format!("at least one of: {}", labels.join(", "));
            writeln!(out, "  {}", indented(&printable(&list), 2))
        }
        Explanation::None(why) => {
            writeln!(out, "  {}", indented(&format!("unexplained: {why}"), 2))
        }
        Explanation::Value | _ => Ok(()),
    }
}

fn event(out: &mut String, change: &EventChange) -> core::fmt::Result {
    let word = match change.change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed | _ => "changed",
    };
    let place = match (change.first, change.second) {
        (Some(a), Some(b)) => format!("event {a}, then {b}"),
        (Some(at), None) | (None, Some(at)) => format!("event {at}"),
        (None, None) => String::new(),
    };
    let line = format!("{} ({place})", change.label);
    writeln!(out, "  {:9} {}", word.yellow(), indented(&printable(&line), 12))
}
