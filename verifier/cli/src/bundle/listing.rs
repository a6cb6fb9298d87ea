//! What a bundle holds, until when, and what became of each part.

use core::fmt::Write as _;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bundle::{Audited, Bundle, Outcome};
use cloister_attestation::check::Check;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Missing, VerifyError};
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use crate::answer::{Answer, Exit};
use crate::text::{indented, printable, table};

/// A bundle with everything that was found out about it.
pub(super) struct Listing<'b> {
    bundle: &'b Bundle,
    force: [Check; 3],
    parts: Vec<Audited<'b>>,
    machines: Vec<(String, Result<(), VerifyError>)>,
    missing: Vec<Missing>,
}

impl<'b> Listing<'b> {
    /// Verifies every part.
    pub(super) fn of(
        bundle: &'b Bundle,
        anchors: &Anchors,
        at: UnixTime,
        oldest: Option<UnixTime>,
    ) -> Self {
        let force = bundle.in_force(at, oldest);
        Self {
            bundle,
            force,
            parts: bundle.audit(anchors, at),
            machines: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Adds a machine that has to verify with the bundle.
    pub(super) fn add_machine(&mut self, name: &str, outcome: Result<(), VerifyError>) {
        self.machines.push((name.to_owned(), outcome));
    }

    /// Adds what was looked for elsewhere and not found.
    pub(super) fn add_missing(&mut self, missing: Vec<Missing>) {
        self.missing.extend(missing);
    }

    /// Refused if anything speaks against it, no conclusion if anything is missing.
    pub(super) fn exit(&self) -> Exit {
        let refused = self.force.iter().any(Check::failed)
            || self.parts.iter().any(|part| part.outcome == Outcome::Refused)
            || self
                .machines
                .iter()
                .any(|(_, outcome)| matches!(outcome, Err(VerifyError::Refused { .. })));
        let missing = self.missing().next().is_some();
        match (refused, missing) {
            (true, _) => Exit::Refused,
            (false, true) => Exit::NoConclusion,
            (false, false) => Exit::Acceptable,
        }
    }

    fn missing(&self) -> impl Iterator<Item = &Missing> {
        let parts = self.parts.iter().filter_map(|part| {
            if let Outcome::Incomplete(missing) = &part.outcome { Some(missing) } else { None }
        });
        let machines = self.machines.iter().filter_map(|(_, outcome)| match outcome {
            Err(VerifyError::Incomplete { missing, .. }) => Some(missing),
            Ok(()) | Err(_) => None,
        });
        parts.chain(machines).flatten().chain(&self.missing)
    }

    /// Both forms; `done` says what a good end means.
    pub(super) fn answer(&self, done: &str) -> Answer {
        let exit = self.exit();
        let mut text = self.table();
        self.failures().for_each(|check| text.push_str(&failure(check)));
        for missing in self.missing() {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "missing  {}", indented(&printable(&missing.what), 9));
        }
        let conclusion = match exit {
            Exit::Acceptable => done.green().bold().to_string(),
            Exit::NoConclusion | Exit::Partial => {
                "no conclusion: something is missing".yellow().bold().to_string()
            }
            Exit::Refused | Exit::Misuse => "refused".red().bold().to_string(),
        };
        let _ = writeln!(
            text,
            "\nmade {}, ends {}\n{conclusion}",
            self.bundle.created(),
            self.bundle.expires()
        );
        Answer { exit, text, json: self.json() }
    }

    fn table(&self) -> String {
        let parts = self.parts.iter().map(|part| {
            let until = part.entry.period().map_or_else(|| "-".to_owned(), |p| p.until.to_string());
            [part.entry.key().to_string(), until, word(&part.outcome).to_owned()]
        });
        let machines = self.machines.iter().map(|(name, outcome)| {
            let word = match outcome {
                Ok(()) => "verifies",
                Err(VerifyError::Incomplete { .. }) => "incomplete",
                Err(_) => "refused",
            };
            [name.clone(), "-".to_owned(), word.to_owned()]
        });
        table(["PART", "UNTIL", "STATE"], parts.chain(machines))
    }

    /// Every check that failed, of the bundle, its parts and the machines.
    fn failures(&self) -> impl Iterator<Item = &Check> {
        let parts = self.parts.iter().flat_map(|part| &part.checks);
        let machines = self.machines.iter().filter_map(|(_, outcome)| outcome.as_ref().err());
        let machines = machines.flat_map(VerifyError::checks);
        self.force.iter().chain(parts).chain(machines).filter(|check| check.failed())
    }

    fn json(&self) -> Value {
        let parts: Vec<Value> = self.parts.iter().map(part).collect();
        let machines = self.machines.iter().map(|(name, outcome)| {
            let code = outcome.as_ref().err().map(|error| error.code().id);
            json!({ "evidence": name, "refused": code })
        });
        json!({
            "created": self.bundle.created().to_string(),
            "expires": self.bundle.expires().to_string(),
            "checks": self.force,
            "parts": parts,
            "machines": machines.collect::<Vec<_>>(),
            "missing": self.missing().collect::<Vec<_>>(),
        })
    }
}

fn part(audited: &Audited<'_>) -> Value {
    let Audited { entry, outcome, checks } = audited;
    let failed: Vec<&Check> = checks.iter().filter(|check| check.failed()).collect();
    json!({
        "part": entry.key(),
        "sha384": entry.digests().collect::<Vec<_>>(),
        "bytes": entry.len(),
        "from": entry.period().map(|period| period.from.to_string()),
        "until": entry.period().map(|period| period.until.to_string()),
        "state": word(outcome),
        "failed": failed,
    })
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "verified",
        Outcome::Operator => "operator's",
        Outcome::Incomplete(_) => "incomplete",
        // A state that this version does not know is not taken for a good one.
        Outcome::Refused | _ => "refused",
    }
}

fn failure(check: &Check) -> String {
    let mut lines = format!("\n{} {}\n", "FAIL".red().bold(), check.code.id.bold());
    for (name, words) in [
        ("expected", check.expected.as_str()),
        ("observed", check.observed.as_str()),
        ("help", check.code.remedy),
    ] {
        let _ = writeln!(lines, "  {name:9} {}", indented(&printable(words), 12));
    }
    lines
}
