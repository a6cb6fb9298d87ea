//! `cloister policy explain FILE --case NAME`: why a case comes out as it does, and what would have
//! to change.

use core::fmt::Write as _;
use std::path::Path;

use cloister_policy::{Clause, Effect, Examined, Explanation, Request, State};
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use super::cases::Cases;
use super::{AuthorizationError, bundle};
use crate::answer::{Answer, Exit};
use crate::text::{indented, printable};

/// Policies that are shown of those which did not decide: the nearest.
const NEAREST: usize = 3;

/// Explains one case.
pub(in crate::policy) fn answer(path: &Path, case: &str, cases: Option<&Path>) -> Answer {
    explained(path, case, cases).unwrap_or_else(|error| Answer::error(Exit::Misuse, &error))
}

fn explained(path: &Path, name: &str, file: Option<&Path>) -> Result<Answer, AuthorizationError> {
    let (bundle, cases) = (bundle(path)?, Cases::read(path, file)?);
    let case = cases.named(name)?;
    let refuse = |reason| AuthorizationError::Cases { path: path.to_owned(), reason };
    let action = case.action().map_err(refuse)?;
    let Some(peer) = cases.subject(case) else {
        let decision = cases.decide(&bundle, case).map_err(refuse)?;
        let json = json!({ "allowed": decision.allows(), "decision": decision.to_string() });
        return Ok(Answer { json, ..Answer::text(format!("a visitor: {decision}\n")) });
    };
    let direction = case.direction();
    let explanation =
        bundle.explain(&Request { direction, peer: &peer, local: &cases.local, action });
    let told = Told { operation: &case.operation, explanation: &explanation };
    Ok(Answer { exit: Exit::Acceptable, text: told.text(), json: told.json() })
}

struct Told<'a> {
    operation: &'a str,
    explanation: &'a Explanation,
}

impl Told<'_> {
    fn text(&self) -> String {
        let it = self.explanation;
        let decision = it.decision.to_string();
        let said = if it.decision.allows() {
            format!("{} {decision}", "allowed:".green().bold())
        } else {
            format!("{} {decision}", "denied:".red().bold())
        };
        let mut out = format!("{said}\n\n  {} calls {}\n", it.principal, it.resource);
        // Writing into a String cannot fail.
        let _ = writeln!(out, "  action   {}", self.operation);
        for (name, value) in &it.facts {
            let fact = indented(&printable(&format!("{name}: {value}")), 11);
            let _ = writeln!(out, "  context  {fact}");
        }
        out.push_str(&self.deciding());
        out.push_str(&self.nearest());
        out
    }

    /// The policies that determined the answer.
    fn deciding(&self) -> String {
        let it = self.explanation;
        let deciding = it.policies.iter().filter(|it| self.decided(it));
        deciding.map(|policy| section("decided by", policy)).collect()
    }

    /// What would have to change, where nothing permits.
    fn nearest(&self) -> String {
        if !self.explanation.decision.policies().is_empty() {
            return String::new();
        }
        let nearest = self.permits();
        nearest.iter().take(NEAREST).map(|policy| section("would permit", policy)).collect()
    }

    /// Those that permit, the fewest unmet parts first.
    fn permits(&self) -> Vec<&Examined> {
        let all = self.explanation.policies.iter();
        let mut permits: Vec<_> = all.filter(|it| it.effect == Effect::Permit).collect();
        permits.sort_by_key(|policy| policy.unmet().count());
        permits
    }

    fn decided(&self, policy: &Examined) -> bool {
        self.explanation.decision.policies().contains(&policy.id)
    }

    fn json(&self) -> Value {
        let it = self.explanation;
        let facts: serde_json::Map<_, _> =
            it.facts.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let policies: Vec<Value> = it
            .policies
            .iter()
            .map(|policy| {
                json!({
                    "id": policy.id,
                    "effect": effect(policy.effect),
                    "decided": self.decided(policy),
                    "unmet": policy.unmet().map(|it| &it.text).collect::<Vec<_>>(),
                    "clauses": policy.clauses.iter().map(clause).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({
            "allowed": it.decision.allows(),
            "decision": it.decision.to_string(),
            "policies": it.decision.policies(),
            "principal": it.principal,
            "resource": it.resource,
            "action": self.operation,
            "context": facts,
            "examined": policies,
        })
    }
}

fn section(heading: &str, policy: &Examined) -> String {
    let mut out = format!("\n{heading} {}", printable(&policy.id).bold());
    out.push_str(if policy.unmet().next().is_some() { ", if it were not for\n" } else { "\n" });
    for clause in &policy.clauses {
        let mark = match clause.state {
            State::Met => "met    ".green().to_string(),
            State::Unmet => "unmet  ".red().to_string(),
            State::Failed(_) => "absent ".red().to_string(),
        };
        out.push_str(&format!("  {mark} {}\n", indented(&printable(&clause.text), 10)));
    }
    out
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    }
}

fn clause(clause: &Clause) -> Value {
    let (state, error) = match &clause.state {
        State::Met => ("met", None),
        State::Unmet => ("unmet", None),
        State::Failed(error) => ("failed", Some(error)),
    };
    json!({ "text": clause.text, "state": state, "error": error })
}
