//! Whether a log is that of the runtime that it has to be.

use cloister_attestation::key::PublicKey;
use cloister_audit::{AuditError, Range, SignedCheckpoint, Vouch};
use serde_json::json;

use super::error::AuditCommandError;
use super::log::Log;
use super::verifier::Remembered;
use crate::answer::{Answer, Exit};
use crate::arguments::AuditVerifyArguments;
use crate::file;
use crate::text::printable;

pub(super) fn answer(arguments: &AuditVerifyArguments) -> Result<Answer, AuditCommandError> {
    let log = Log::read(&arguments.log)?;
    let is_named = whose(&log, arguments)?;
    if let Some(path) = &arguments.checkpoint {
        extends(&log, &SignedCheckpoint::parse(&file::read(path)?)?)?;
    }
    let remembered = arguments.against_verifier.then(|| Remembered::ask(&arguments.connection));
    let remembered = remembered.transpose()?;
    if let Some(remembered) = &remembered {
        remembered.check(&log)?;
    }
    // Whose log it is, the Verifier says too: it was shown it by a runtime that it had attested.
    let is_whose = is_named || remembered.is_some();
    let exit = match (is_whose, unsigned(&log)) {
        (false, _) => Exit::NoConclusion,
        (true, tail) if tail > 0 && !arguments.allow_unsigned_tail => Exit::Partial,
        (true, _) => Exit::Acceptable,
    };
    Ok(told(&log, is_whose, exit, remembered.as_ref()))
}

/// How many records follow the last checkpoint.
fn unsigned(log: &Log) -> u64 {
    log.progress.size.saturating_sub(signed(log))
}

/// Whether it is the log of whom the caller names; `false` where nobody is named.
fn whose(log: &Log, arguments: &AuditVerifyArguments) -> Result<bool, AuditCommandError> {
    let origin = &log.progress.origin;
    let (expected, observed) = match (&arguments.instance, &arguments.key) {
        (Some(instance), _) => (instance.clone(), origin.instance()),
        (None, Some(path)) => {
            let key = PublicKey::from_pem(&file::read_text(path)?)
                .map_err(|source| AuditCommandError::Key { path: path.clone(), source })?;
            (key.thumbprint().to_string(), origin.thumbprint().to_string())
        }
        (None, None) => return Ok(false),
    };
    if expected != observed {
        return Err(AuditError::Origin { expected, observed }.into());
    }
    // SECURITY: an origin is only a claim where no checkpoint is signed by its key.
    if signed(log) == 0 {
        return Err(AuditCommandError::Unsigned(log.progress.size));
    }
    Ok(true)
}

/// That the log extends what somebody kept of it.
pub(super) fn extends(log: &Log, kept: &SignedCheckpoint) -> Result<(), AuditCommandError> {
    let (kept, origin) = (kept.checkpoint(), &log.progress.origin);
    if kept.origin != *origin {
        let expected = origin.thumbprint().to_string();
        let observed = kept.origin.thumbprint().to_string();
        return Err(AuditError::Origin { expected, observed }.into());
    }
    let disagrees = |reason| AuditError::Disagrees { size: kept.size, reason };
    let size = usize::try_from(kept.size).unwrap_or(usize::MAX);
    let leaves = log.whole()?.get(..size).ok_or_else(|| disagrees("the log has fewer of them"))?;
    let mut tree = Range::from(0);
    leaves.iter().for_each(|leaf| tree.append(*leaf));
    if tree.root() == kept.root { Ok(()) } else { Err(disagrees("they have another root").into()) }
}

/// How many records the last checkpoint is over.
fn signed(log: &Log) -> u64 {
    log.progress.last.as_ref().map_or(0, |last| last.checkpoint().size)
}

fn told(log: &Log, is_whose: bool, exit: Exit, remembered: Option<&Remembered>) -> Answer {
    let progress = &log.progress;
    let unsigned = unsigned(log);
    let whose = if is_whose { "as expected" } else { "nobody said whose it has to be" };
    let text = format!(
        "log        {}\nagent      {} in {}\ninstance   {} ({whose})\nrecords    {}, of which {} follow the last checkpoint and are not signed\ncheckpoints {}\nopen       {} operations without an outcome\nroot       {}\n{}",
        printable(&log.path.display().to_string()),
        printable(&progress.origin.agent),
        printable(&progress.origin.trust_domain),
        progress.origin.instance(),
        progress.size,
        unsigned,
        progress.checkpoints,
        progress.open,
        progress.root,
        witnesses(log, remembered),
    );
    let json = json!({
        "agent": progress.origin.agent,
        "trust_domain": progress.origin.trust_domain,
        "instance": progress.origin.instance(),
        "identity_key": progress.origin.thumbprint().to_string(),
        "expected": is_whose,
        "first": progress.first,
        "size": progress.size,
        "root": progress.root,
        "checkpoints": progress.checkpoints,
        "checkpoint": progress.last.as_ref().map(|last| hex::encode(last.bytes())),
        "unsigned": unsigned,
        "open": progress.open,
        "witnesses": progress.witnesses,
        "verifier": remembered.map(|remembered| remembered.told(log)),
    });
    Answer { exit, text, json }
}

/// A line for each witness, and what the Verifier has to say.
fn witnesses(log: &Log, remembered: Option<&Remembered>) -> String {
    let line = |vouch: &Vouch| {
        let known = match remembered.map(|remembered| remembered.knows(&vouch.instance)) {
            Some(true) => ", a leased runtime",
            Some(false) => ", which the Verifier does not know",
            None => "",
        };
        let (agent, instance) = (printable(&vouch.agent), &vouch.instance);
        let (since, size) = (vouch.since, vouch.size);
        format!("witness    {agent} {instance}: records {since} to {size}{known}\n")
    };
    let mut lines: String = log.progress.witnesses.iter().map(line).collect();
    if let Some(remembered) = remembered {
        lines.push_str(&remembered.line(log));
    }
    lines
}
