//! `cargo xtask vectors`: every recorded case through the program that people run.
//!
//! The cases are never part of the repository; see `CLOISTER_VECTORS`.

mod adapted;
mod case;
mod left_out;
mod log;
mod origin;
mod protobuf;
mod tpm_quote;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::program;
use crate::workspace::Workspace;
use case::Case;
use verdict::Verdict;

/// When a case that names no time is verified: its certificates were valid then, and the clock
/// stays out of the outcome.
const UNDATED: &str = "2026-06-01T00:00:00Z";

/// Options of `cargo xtask vectors`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Folder with `<tee>/<case>/` folders; default `$CLOISTER_VECTORS`, then `../shared/vectors`.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The `cloister` to run; default: one that is built for this.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One line of the outcome.
#[derive(Debug, serde::Serialize)]
struct Line {
    case: String,
    tee: String,
    expected: Option<String>,
    stages: Option<serde_json::Value>,
    tcb_status: Option<String>,
    /// `null` where it is not judged.
    agree: Option<bool>,
    /// Why it does not agree, or is not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Where the cases are unless told otherwise.
pub(crate) fn default_root(workspace: &Workspace) -> PathBuf {
    std::env::var_os("CLOISTER_VECTORS")
        .map_or_else(|| workspace.root.join("../shared/vectors"), PathBuf::from)
}

/// Runs every case; `true` when none disagrees.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let root = options.root.clone().unwrap_or_else(|| default_root(&workspace));
    let cases = case::find(&root)?;
    if cases.is_empty() {
        bail!("no case folders in {}: expected {}/<tee>/<case>/", root.display(), root.display());
    }
    let program = program::given_or_built(&workspace, options.program.as_deref())?;
    let mut lines = Vec::new();
    for case in &cases {
        let line = judge(case, &program)?;
        print(&line, options.json)?;
        lines.push(line);
    }
    let count = |agree: Option<bool>| lines.iter().filter(|line| line.agree == agree).count();
    let (agreed, disagreed, left_out) = (count(Some(true)), count(Some(false)), count(None));
    if !options.json {
        println!("{agreed} agree, {disagreed} disagree, {left_out} are not judged");
    }
    Ok(disagreed == 0)
}

fn judge(case: &Case, program: &Path) -> Result<Line> {
    let mut line = Line {
        case: case.name.clone(),
        tee: case.tee.clone(),
        expected: case.about.as_ref().map(|about| about.expected.clone()),
        stages: None,
        tcb_status: None,
        agree: None,
        reason: None,
    };
    match left_out::why(case) {
        Ok(None) => {
            let judged = judged(case, program, &mut line)?;
            line.agree = Some(judged.is_ok());
            line.reason = judged.err();
        }
        Ok(Some(why)) => line.reason = Some(format!("not judged: {why}")),
        Err(reason) => (line.agree, line.reason) = (Some(false), Some(reason)),
    }
    Ok(line)
}

/// Whether a case comes out as expected; what it came out as goes into `line`.
fn judged(case: &Case, program: &Path, line: &mut Line) -> Result<Result<(), String>> {
    let Some(about) = &case.about else { return Ok(Err("there is no case.json".to_owned())) };
    if case.tee == "eventlog" {
        let outcome = log::judge(case, program)?;
        line.stages = Some(outcome.stages);
        return Ok(outcome.judged);
    }
    let verdict = verify(case, program)?;
    let beside = log::beside_quote(case, program)?;
    let judged = verdict::judge(about, &verdict).and_then(|()| beside.unwrap_or(Ok(())));
    line.tcb_status = verdict.tcb_status;
    line.stages = Some(serde_json::to_value(&verdict.stages)?);
    Ok(judged)
}

fn verify(case: &Case, program: &Path) -> Result<Verdict> {
    let at = case.about.as_ref().and_then(|about| about.valid_at.as_deref()).unwrap_or(UNDATED);
    let adapted = adapted::folder(case)?;
    let done = Command::new(program)
        .args(["evidence", "verify", "--json", "--at", at])
        .arg(adapted.as_ref().map_or(case.folder.as_path(), |folder| folder.path()))
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let printed: Result<Verdict, _> = serde_json::from_slice(&done.stdout);
    let mut verdict = printed.with_context(|| {
        format!(
            "{}: printed no verdict: {}",
            case.folder.display(),
            String::from_utf8_lossy(&done.stderr).trim()
        )
    })?;
    verdict.exit = done.status.code();
    Ok(verdict)
}

fn print(line: &Line, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(line)?);
        return Ok(());
    }
    let agree = match line.agree {
        Some(true) => "agrees",
        Some(false) => "DISAGREES",
        None => "-",
    };
    println!("{agree:9} {:24} {}/{}", line.expected.as_deref().unwrap_or("-"), line.tee, line.case);
    if let Some(reason) = &line.reason {
        println!("          {reason}");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
