//! `cloister policy test`: the cases beside policies, every one of them.

use core::fmt::Write as _;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use super::cases::{Cases, objection, policies_in};
use super::{AuthorizationError, bundle};
use crate::answer::{Answer, Exit};
use crate::text::{indented, printable};

/// What came of one policy's cases.
struct Report {
    path: PathBuf,
    cases: Vec<Tested>,
    /// Policies that determined none of them.
    untested: Vec<String>,
}

struct Tested {
    name: String,
    objection: Option<String>,
    decision: String,
}

/// Puts every case to its policy.
pub(in crate::policy) fn answer(place: &Path, cases: Option<&Path>) -> Answer {
    let reports =
        policies_in(place).and_then(|paths| paths.iter().map(|path| report(path, cases)).collect());
    let reports: Vec<Report> = match reports {
        Ok(reports) => reports,
        Err(error) => return Answer::error(Exit::Misuse, &error),
    };
    let failed = reports.iter().flat_map(|report| &report.cases);
    let failed = failed.filter(|case| case.objection.is_some()).count();
    let exit = if failed == 0 { Exit::Acceptable } else { Exit::Refused };
    let all: usize = reports.iter().map(|report| report.cases.len()).sum();
    let mut text: String = reports.iter().map(Report::text).collect();
    // Writing into a String cannot fail.
    let _ = writeln!(text, "{} of {all} cases as expected", all.saturating_sub(failed));
    let json = reports.iter().map(Report::json).collect::<Vec<_>>();
    Answer { exit, text, json: json!({ "policies": json, "cases": all, "failed": failed }) }
}

fn report(path: &Path, cases: Option<&Path>) -> Result<Report, AuthorizationError> {
    let (bundle, cases) = (bundle(path)?, Cases::read(path, cases)?);
    let mut untested: BTreeSet<String> = bundle.ids().map(str::to_owned).collect();
    let mut tested = Vec::new();
    for case in cases.all() {
        let name = case.name.clone();
        let (objection, decision) = match cases.decide(&bundle, case) {
            Ok(decision) => {
                untested.retain(|id| !decision.policies().contains(id));
                (objection(case, &decision), decision.to_string())
            }
            Err(why) => (Some(why.clone()), why),
        };
        tested.push(Tested { name, objection, decision });
    }
    Ok(Report { path: path.to_owned(), cases: tested, untested: untested.into_iter().collect() })
}

impl Report {
    fn text(&self) -> String {
        let mut out = format!("{}\n", self.path.display());
        for case in &self.cases {
            let name = indented(&printable(&case.name), 8);
            // Writing into a String cannot fail.
            let _ = match &case.objection {
                None => writeln!(out, "  {}    {name}", "ok".green()),
                Some(why) => {
                    let why = indented(&printable(why), 8);
                    writeln!(out, "  {}  {name}\n        {why}", "FAIL".red().bold())
                }
            };
        }
        if !self.untested.is_empty() {
            let ids = indented(&printable(&self.untested.join(", ")), 12);
            let _ = writeln!(out, "  {}  {ids}", "untested".yellow());
        }
        out
    }

    fn json(&self) -> Value {
        let cases: Vec<Value> = self
            .cases
            .iter()
            .map(|case| {
                json!({
                    "name": case.name,
                    "holds": case.objection.is_none(),
                    "decision": case.decision,
                    "objection": case.objection,
                })
            })
            .collect();
        json!({ "policy": self.path, "cases": cases, "untested": self.untested })
    }
}
