//! `cloister evidence diff`: two sides as received.

use std::path::Path;

use cloister_attestation::code::Diagnostic;
use cloister_attestation::diagnosis::{Measured, compare};
use cloister_attestation::event_log::{EventLog, LogKind};
use cloister_attestation::evidence::{Evidence, Tee};
use owo_colors::OwoColorize as _;
use serde_json::json;

use super::folder::{Folder, FolderError, Kind};
use super::{difference, log, vtpm};
use crate::answer::{Answer, Exit};
use crate::codes;
use crate::file;

/// What one argument names: Evidence, a log, or both.
struct Side {
    evidence: Option<Evidence>,
    log: Option<EventLog>,
}

/// Compares, and says what differs.
pub(super) fn answer(first: &Path, second: &Path) -> Answer {
    let (one, two) = match (side(first), side(second)) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(answer), _) | (_, Err(answer)) => return *answer,
    };
    let (Some(a), Some(b)) = (measured(&one), measured(&two)) else {
        return Answer::error(Exit::Misuse, &NothingMeasured);
    };
    let found = compare(&a, &b);
    let exit = if found.is_empty() { Exit::Acceptable } else { Exit::Refused };
    let mut text =
        format!("{}, {}\n", "Evidence compared".bold(), "nothing of it is verified".yellow());
    text.push_str(&difference::text(&found, ["first", "second"]));
    let conclusion = match found.len() {
        0 => "no measured component differs".green().bold().to_string(),
        1 => "one component differs".red().bold().to_string(),
        count => format!("{count} components differ").red().bold().to_string(),
    };
    text.push_str(&format!("\n{conclusion}\n"));
    Answer { exit, text, json: json!({ "verified": false, "differences": found }) }
}

/// Neither side names anything that was measured.
#[derive(Debug, thiserror::Error)]
#[error("a report, a quote or an event log is needed on both sides")]
pub(super) struct NothingMeasured;

impl Diagnostic for NothingMeasured {
    fn code(&self) -> &'static cloister_attestation::code::Code {
        &codes::FOLDER
    }
}

fn measured(side: &Side) -> Option<Measured<'_>> {
    match (&side.evidence, &side.log) {
        (Some(evidence), Some(log)) => Some(Measured::of(evidence).with_log(log)),
        (Some(evidence), None) => Some(Measured::of(evidence)),
        (None, Some(log)) => Measured::of_log(log, log::strongest(log)),
        (None, None) => None,
    }
}

/// Boxed: an answer is large, and the way out.
fn side(path: &Path) -> Result<Side, Box<Answer>> {
    let folder = match Folder::open(path) {
        Ok(folder) => folder,
        Err(FolderError::Empty { .. }) if path.is_file() => return log_alone(path),
        Err(error) => return Err(Box::new(Answer::error(Exit::Misuse, &error))),
    };
    let refused = |error: &dyn Diagnostic| Box::new(Answer::error(Exit::Refused, error));
    let evidence = evidence(&folder)
        .ok_or_else(|| Box::new(Answer::error(Exit::Misuse, &NothingMeasured)))?
        .map_err(|error| refused(&error))?;
    let log = event_log(&folder).transpose().map_err(|error| refused(&error))?;
    Ok(Side { evidence: Some(evidence), log })
}

fn log_alone(path: &Path) -> Result<Side, Box<Answer>> {
    let bytes = file::read(path).map_err(|error| Box::new(Answer::error(Exit::Misuse, &error)))?;
    let log = EventLog::read(log::likely(&bytes), &bytes)
        .map_err(|error| Box::new(Answer::error(Exit::Refused, &error)))?;
    Ok(Side { evidence: None, log: Some(log) })
}

/// The Evidence of a folder; `None` where it holds none.
pub(super) fn evidence(
    folder: &Folder,
) -> Option<Result<Evidence, cloister_attestation::evidence::ParseError>> {
    match folder.kind() {
        Kind::SnpReport => Some(Evidence::parse(Tee::Snp, folder.evidence())),
        Kind::TdxQuote => Some(Evidence::parse(Tee::Tdx, folder.evidence())),
        Kind::Azure => vtpm::evidence(folder),
        Kind::TdReport | Kind::TpmQuote | Kind::SnpChain | Kind::SnpAuthorities => None,
    }
}

/// The event log of a folder, as the kind of Evidence in it has one.
pub(super) fn event_log(
    folder: &Folder,
) -> Option<Result<EventLog, cloister_attestation::event_log::ParseError>> {
    let kind = if folder.kind() == Kind::Azure { LogKind::Tpm } else { LogKind::Ccel };
    folder.event_log().map(|bytes| EventLog::read(kind, bytes))
}
