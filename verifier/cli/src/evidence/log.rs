//! `cloister evidence log`: a log alone, replayed and believed by nobody.

use core::fmt::Write as _;

use cloister_attestation::check::{Check, State};
use cloister_attestation::event_log::{
    Assertion, Event, EventLog, HashAlgorithm, LogKind, Registers,
};
use owo_colors::OwoColorize as _;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Exit};
use crate::arguments::{LogArguments, LogForm};
use crate::file;
use crate::text::{indented, printable, table};

/// Shows the events and the registers that they give, or why the log does not read.
pub(super) fn answer(arguments: &LogArguments) -> Answer {
    let bytes = match file::read(&arguments.file) {
        Ok(bytes) => bytes,
        Err(error) => return Answer::error(Exit::Misuse, &error),
    };
    let kind = arguments.form.map_or_else(|| likely(&bytes), LogKind::from);
    let log = match EventLog::read(kind, &bytes) {
        Ok(log) => log,
        Err(error) => return Answer::error(Exit::Refused, &error),
    };
    let bank = arguments.bank.unwrap_or_else(|| strongest(&log));
    let Some(registers) = log.replay(bank) else {
        return Answer::error(Exit::Misuse, &super::NoBank { bank, banks: log.banks().to_vec() });
    };
    shown(&log, &registers)
}

impl From<LogForm> for LogKind {
    fn from(form: LogForm) -> Self {
        match form {
            LogForm::Ccel => Self::Ccel,
            LogForm::Tpm => Self::Tpm,
        }
    }
}

/// A log that reads as a CCEL with SHA-384 alone is one; a TPM has a SHA-256 bank.
pub(super) fn likely(bytes: &[u8]) -> LogKind {
    match EventLog::parse(LogKind::Ccel, bytes) {
        Ok(log) if log.banks() == [HashAlgorithm::Sha384] => LogKind::Ccel,
        Ok(_) | Err(_) => LogKind::Tpm,
    }
}

/// SHA-256, which every TPM quotes, or the only bank that there is.
pub(super) fn strongest(log: &EventLog) -> HashAlgorithm {
    let preferred = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
    let found = preferred.into_iter().find(|bank| log.banks().contains(bank));
    found.or_else(|| log.banks().first().copied()).unwrap_or(HashAlgorithm::Sha256)
}

fn shown(log: &EventLog, registers: &Registers) -> Answer {
    let checks = log.self_checks(registers.bank());
    let failed = checks.iter().any(Check::failed);
    let exit = if failed { Exit::Refused } else { Exit::Acceptable };
    Answer { exit, text: text(log, registers, &checks), json: described(log, registers, &checks) }
}

fn text(log: &EventLog, registers: &Registers, checks: &[Check]) -> String {
    let bank = registers.bank();
    let mut out = format!("{}, {}\n", "event log".bold(), "nothing of it is verified".yellow());
    let rows = log.events().iter().map(|event| {
        let register = event.register().map_or_else(|| "-".to_owned(), |r| r.to_string());
        [event.number().to_string(), register, asserted(event, bank), event.label()]
    });
    out.push_str(&table(["#", "into", "vouched for", "what"], rows));
    // Writing into a String cannot fail.
    let _ = writeln!(out, "\n{}", format_args!("registers ({bank})").bold());
    for (register, value) in registers.iter() {
        let _ = writeln!(out, "  {register:6} {}", indented(&value.to_string(), 9));
    }
    let _ = writeln!(out, "\n{}", "checks".bold());
    for check in checks {
        let word = match check.state {
            State::Pass => "pass".green().to_string(),
            State::Fail => "FAIL".red().bold().to_string(),
            State::NotApplicable | State::NotAsserted | _ => "-   ".yellow().to_string(),
        };
        let line = format!("{}: {}", check.code.id, check.observed);
        let _ = writeln!(out, "  {word} {}", indented(&printable(&line), 7));
    }
    out
}

fn described(log: &EventLog, registers: &Registers, checks: &[Check]) -> Value {
    let bank = registers.bank();
    let values: Map<String, Value> = registers
        .iter()
        .map(|(register, value)| (register.to_string(), Value::String(value.to_string())))
        .collect();
    let events: Vec<Value> = log.events().iter().map(|event| object(event, bank)).collect();
    let banks: Vec<String> = log.banks().iter().map(ToString::to_string).collect();
    json!({
        "verified": false,
        "banks": banks,
        "bank": bank.to_string(),
        "startup_locality": log.startup_locality(),
        "padding_bytes": log.padding(),
        "registers": values,
        "events": events,
        "checks": checks,
    })
}

fn object(event: &Event, bank: HashAlgorithm) -> Value {
    let digests: Map<String, Value> = event
        .digests()
        .iter()
        .map(|digest| (digest.algorithm().to_string(), Value::String(digest.to_string())))
        .collect();
    let measured = match event.assertion(bank) {
        Some(Assertion::Payload(bytes)) => json!({ "from": bytes.start, "to": bytes.end }),
        _ => Value::Null,
    };
    json!({
        "number": event.number(),
        "register": event.register().map(|register| register.to_string()),
        "type": event.event_type().to_string(),
        "type_number": event.event_type().value(),
        "name": event.name(),
        "label": event.label(),
        "digests": digests,
        "payload": hex::encode(event.payload()),
        "vouched_for": asserted(event, bank),
        "measured_bytes": measured,
    })
}

fn asserted(event: &Event, bank: HashAlgorithm) -> String {
    event.assertion(bank).map_or_else(|| "FORGED".to_owned(), |assertion| assertion.to_string())
}
