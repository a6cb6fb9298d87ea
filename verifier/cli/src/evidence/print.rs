//! A verdict for people.

use core::fmt::Write as _;

use cloister_attestation::check::{Check, State};
use cloister_attestation::evidence::{Route, Tee};
use owo_colors::OwoColorize as _;
use serde_json::Value;

use super::demands::Demands;
use super::verdict::{Stage, Subject, Verdict};
use crate::answer::{Answer, Exit};
use crate::text::{indented, printable};

/// The verdict in both forms.
pub(crate) fn answer(verdict: &Verdict, demands: &Demands) -> Answer {
    let json = match serde_json::to_value(verdict) {
        Ok(json) => json,
        // A verdict is names, numbers and text; kept as a refusal so that a defect admits nothing.
        Err(error) => Value::String(error.to_string()),
    };
    let exit = if json.is_object() { verdict.exit() } else { Exit::Refused };
    Answer { exit, text: text(verdict, demands), json }
}

fn text(verdict: &Verdict, demands: &Demands) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = headline(&mut out, verdict, demands);
    let _ = stages(&mut out, verdict, demands);
    let failed = verdict.checks.iter().filter(|check| check.failed());
    failed.for_each(|check| out.push_str(&failure(check)));
    if !verdict.missing.is_empty() {
        let _ = writeln!(out, "\n{}", "missing".yellow().bold());
        for missing in &verdict.missing {
            let _ = writeln!(out, "  {}", indented(&printable(&missing.what), 2));
            if !missing.path.is_empty() {
                let _ =
                    writeln!(out, "      published at {}", indented(&printable(&missing.path), 19));
            }
        }
    }
    if !verdict.not_asserted.is_empty() {
        let names = verdict.not_asserted.join(", ");
        let _ =
            writeln!(out, "\n{}\n  {}", "nobody vouches for".yellow().bold(), indented(&names, 2));
    }
    let _ = writeln!(out, "\n{}", conclusion(verdict));
    out
}

fn headline(out: &mut String, verdict: &Verdict, demands: &Demands) -> core::fmt::Result {
    let what = match (verdict.subject, verdict.tee) {
        (Subject::Endorsements, _) => "SEV-SNP certificates",
        (Subject::LocalReport, _) => "TDX local report",
        (Subject::TpmQuote, _) => "TPM quote",
        (Subject::Evidence, Some(Tee::Snp)) => "SEV-SNP report",
        (Subject::Evidence, _) => "TDX quote",
    };
    write!(out, "{}", what.bold())?;
    if verdict.route == Route::AzureVtpm {
        write!(out, " of Azure's paravisor, with a quote of its virtual TPM")?;
    }
    if let Some(version) = verdict.version {
        write!(out, " version {version}")?;
    }
    if let Some(product) = &verdict.product {
        write!(out, ", {}", printable(product))?;
    }
    writeln!(out, ", as of {}", demands.at)?;
    if verdict.simulated {
        writeln!(out, "{}", "simulated: this says nothing about hardware".yellow().bold())?;
    }
    Ok(())
}

fn stages(out: &mut String, verdict: &Verdict, demands: &Demands) -> core::fmt::Result {
    writeln!(out, "  parse     {}", stage(verdict.stages.parse))?;
    writeln!(out, "  verify    {}", stage(verdict.stages.verify))?;
    match verdict.stages.appraise {
        Some(tier) => writeln!(out, "  appraise  {tier}")?,
        None if verdict.stages.verify == Stage::Ok && demands.references.is_empty() => {
            writeln!(out, "  appraise  nothing failed; the image was not judged (no --reference)")?;
        }
        None => writeln!(out, "  appraise  -")?,
    }
    if let Some(status) = &verdict.tcb_status {
        writeln!(out, "  TCB       {}", printable(status))?;
    }
    let count = |state| verdict.checks.iter().filter(|check| check.state == state).count();
    writeln!(
        out,
        "  checks    {} passed, {} failed, {} not applicable, {} not asserted",
        count(State::Pass),
        count(State::Fail),
        count(State::NotApplicable),
        count(State::NotAsserted),
    )
}

fn stage(stage: Stage) -> String {
    match stage {
        Stage::Ok => "ok".green().to_string(),
        Stage::Incomplete => "incomplete".yellow().to_string(),
        Stage::Refused(code) => code.id.red().to_string(),
    }
}

fn failure(check: &Check) -> String {
    let mut lines = format!("\n{} {}\n", "FAIL".red().bold(), check.code.id.bold());
    let parts = [
        ("expected", check.expected.as_str()),
        ("observed", check.observed.as_str()),
        ("source", check.code.spec),
        ("help", check.code.remedy),
    ];
    for (name, words) in parts.into_iter().filter(|(_, words)| !words.is_empty()) {
        let _ = writeln!(lines, "  {name:9} {}", indented(&printable(words), 12));
    }
    lines
}

fn conclusion(verdict: &Verdict) -> String {
    match verdict.exit() {
        Exit::Acceptable if verdict.stages.appraise.is_none() => {
            "acceptable under the policy given; the image was not judged".green().bold().to_string()
        }
        Exit::Acceptable => "acceptable under the policy given".green().bold().to_string(),
        Exit::NoConclusion | Exit::Partial => {
            "no conclusion: something is missing".yellow().bold().to_string()
        }
        Exit::Refused | Exit::Misuse => "refused".red().bold().to_string(),
    }
}
