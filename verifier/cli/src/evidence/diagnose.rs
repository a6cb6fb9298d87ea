//! `cloister evidence diagnose`: what is wrong, by name, and what mends it.

use core::fmt::Write as _;

use cloister_attestation::diagnosis::{
    Difference, Measured, Shortfall, TcbGap, compare_with_nearest,
};
use cloister_attestation::evidence::Evidence;
use cloister_attestation::reference::{ReferenceTuple, ReferenceValues};
use cloister_attestation::snp::{Floor, Product, Report};
use cloister_attestation::tdx::{Collateral, Quote, VerifiedCollateral, VerifiedPlatform};
use owo_colors::OwoColorize as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::demands::Demands;
use super::diff::{NothingMeasured, event_log, evidence};
use super::folder::Folder;
use super::{difference, folder, judge, misuse};
use crate::answer::{Answer, Exit};
use crate::arguments::VerifyArguments;
use crate::text::indented;

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Findings {
    /// The Reference Value that comes nearest, where there is one.
    nearest: Option<ReferenceTuple>,
    differences: Vec<Difference>,
    /// SEV-SNP components below the policy's floors, by the TCB that is short.
    shortfalls: Vec<(&'static str, Shortfall)>,
    /// How far a TDX platform is from Intel's newest level.
    tcb_gap: Option<TcbGap>,
    /// Checks that failed.
    failed: Vec<&'static str>,
}

/// Verifies as `evidence verify` does, and explains.
pub(super) fn answer(arguments: &VerifyArguments) -> Answer {
    let demands = match Demands::from_arguments(arguments) {
        Ok(demands) => demands,
        Err(error) => return Answer::error(error.exit(), &error),
    };
    let folder = match folder(arguments) {
        Ok(folder) => folder,
        Err(error) => return misuse(&error),
    };
    let evidence = match evidence(&folder) {
        Some(Ok(evidence)) => evidence,
        Some(Err(error)) => return Answer::error(Exit::Refused, &error),
        None => return misuse(&NothingMeasured),
    };
    let verdict = judge(&folder, &demands);
    let mut findings = Findings::default();
    findings.compare(&evidence, &folder, &demands.references);
    findings.tcb(&evidence, &folder, &demands);
    let failed = verdict.checks.iter().filter(|check| check.failed());
    findings.failed = failed.map(|check| check.code.id).collect();
    findings.failed.dedup();
    let json = match serde_json::to_value(&findings) {
        Ok(Value::Object(mut object)) => {
            object.insert("stages".to_owned(), json!(verdict.stages));
            Value::Object(object)
        }
        Ok(other) => other,
        Err(error) => Value::String(error.to_string()),
    };
    Answer { exit: verdict.exit(), text: findings.text(verdict.exit()), json }
}

impl Findings {
    fn compare(&mut self, evidence: &Evidence, folder: &Folder, references: &[ReferenceValues]) {
        let tuples: Vec<ReferenceTuple> =
            references.iter().flat_map(ReferenceValues::tuples).collect();
        // A log that does not read is among the failed checks.
        let log = event_log(folder).and_then(Result::ok);
        let measured = Measured::of(evidence);
        let measured = match &log {
            Some(log) => measured.with_log(log),
            None => measured,
        };
        if let Some((tuple, differences)) = compare_with_nearest(&measured, &tuples) {
            self.nearest = Some(tuple.clone());
            self.differences = differences;
        }
    }

    fn tcb(&mut self, evidence: &Evidence, folder: &Folder, demands: &Demands) {
        match evidence.hardware() {
            Evidence::Snp(report) => self.shortfalls = snp(report, demands),
            Evidence::Tdx(quote) => self.tcb_gap = tdx(quote, folder, demands),
            Evidence::Azure(_) | _ => {}
        }
    }

    fn text(&self, exit: Exit) -> String {
        let mut out = format!("{}\n", "diagnosis".bold());
        // Writing into a String cannot fail.
        let _ = self.write(&mut out);
        let conclusion = match exit {
            Exit::Acceptable => "acceptable under the policy given".green().bold().to_string(),
            Exit::NoConclusion | Exit::Partial => {
                "no conclusion: something is missing".yellow().bold().to_string()
            }
            Exit::Refused | Exit::Misuse => "refused".red().bold().to_string(),
        };
        let _ = writeln!(out, "\n{conclusion}");
        out
    }

    fn write(&self, out: &mut String) -> core::fmt::Result {
        if let Some(nearest) = &self.nearest {
            let name = format!("{} {}", nearest.image, nearest.version);
            writeln!(out, "  nearest Reference Value: {}", indented(&name, 27))?;
            out.push_str(&difference::text(&self.differences, ["observed", "expected"]));
        } else {
            writeln!(out, "  no Reference Value to compare the image with (--reference)")?;
        }
        for (which, short) in &self.shortfalls {
            shortfall(out, which, short)?;
        }
        if let Some(gap) = &self.tcb_gap {
            self::gap(out, gap)?;
        }
        if !self.failed.is_empty() {
            let list = self.failed.join(", ");
            writeln!(out, "\n{}\n  {}", "failed checks".red().bold(), indented(&list, 2))?;
        }
        Ok(())
    }
}

fn shortfall(out: &mut String, which: &str, short: &Shortfall) -> core::fmt::Result {
    let Shortfall { component, have, need, .. } = short;
    writeln!(out, "\n{} {}", "SHORT".red().bold(), format!("{which} {component}").bold())?;
    writeln!(out, "  has {have}, needs {need}: {} below", short.by())?;
    writeln!(out, "  mended by {}", indented(&component.carried_by(), 12))
}

fn gap(out: &mut String, gap: &TcbGap) -> core::fmt::Result {
    let status = gap.status.map_or_else(|| "no published level".to_owned(), |s| s.to_string());
    writeln!(out, "\n{} {status}", "platform TCB".bold())?;
    let needed = format!("the level of TCB date {}, or newer", gap.needed_tcb_date);
    writeln!(out, "  needs {}", indented(&needed, 8))?;
    if !gap.advisories.is_empty() {
        writeln!(out, "  which mends {}", indented(&gap.advisories.join(", "), 14))?;
    }
    if gap.components.is_empty() {
        writeln!(out, "  no version is short: the platform's configuration is what Intel minds")?;
    }
    gap.components.iter().try_for_each(|short| shortfall(out, "platform", short))
}

fn snp(report: &Report, demands: &Demands) -> Vec<(&'static str, Shortfall)> {
    let product = report.cpuid().and_then(Product::from_cpuid);
    let (Some(product), Some(policy)) = (product, &demands.policy.snp) else { return Vec::new() };
    let floors = [
        ("REPORTED_TCB", report.reported_tcb(), &policy.tcb.reported),
        ("COMMITTED_TCB", report.committed_tcb(), &policy.tcb.committed),
        ("LAUNCH_TCB", report.launch_tcb(), &policy.tcb.launch),
    ];
    let mut found = Vec::new();
    for (name, have, floors) in floors {
        if let Floor::AtLeast(floor) = floors.of(product) {
            let short = have.components(product).shortfalls(floor);
            found.extend(short.into_iter().map(|short| (name, short)));
        }
    }
    found
}

/// Only signed collateral says what is needed; without it nothing is said.
fn tdx(quote: &Quote, folder: &Folder, demands: &Demands) -> Option<TcbGap> {
    let collateral = Collateral::from_json(folder.collateral()?).ok()?;
    let verified = VerifiedCollateral::new(&collateral, &demands.anchors, demands.at).ok()?;
    VerifiedPlatform::new(quote, &verified, demands.at).ok()?.tcb_gap(quote)
}
