//! Event logs: of cases that are nothing else, and those that quotes come with.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::case::Case;

/// How a log came out: what the program said of each stage, and why it does not agree.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) stages: Value,
    pub(super) judged: Result<(), String>,
}

/// Judges a case that is a log: it reads, gives the published registers, and shows the published
/// fields; what is to be noticed is noticed.
pub(super) fn judge(case: &Case, program: &Path) -> Result<Outcome> {
    let about = read_json(&case.folder.join("case.json"))?;
    let form =
        if about.get("product").is_some_and(|product| product == "ccel") { "ccel" } else { "tpm" };
    let file = std::fs::File::open(case.folder.join("eventlog.bin"))
        .with_context(|| format!("{}: no eventlog.bin", case.folder.display()))?;
    let mut command = Command::new(program);
    command.stdin(file).args(["evidence", "log", "--json", "/dev/stdin", "--form", form]);
    let done = command.output().with_context(|| format!("cannot run {}", program.display()))?;
    let (printed, exit) = (printed(&done)?, done.status.code());
    let parsed = printed.get("error").is_none();
    let failed = failures(&printed);
    let stages =
        serde_json::json!({ "parse": if parsed { "ok" } else { "refused" }, "failed": failed });
    let judged = match about.get("expected").and_then(Value::as_str).unwrap_or_default() {
        "parse" if parsed => shows(case, &about, &printed),
        // A lenient reader gets the same registers; this one says what is wrong as well.
        "reject-strict" if parsed && failed.is_empty() => Err("nothing was noticed".to_owned()),
        "reject-strict" if parsed => shows(case, &about, &printed),
        "reject" | "reject-strict" if exit == Some(2) => Ok(()),
        expected => Err(format!("exit is {exit:?}, expected {expected}")),
    };
    Ok(Outcome { stages, judged })
}

/// Judges the log that stands beside a quote in `case`, in the author's own wrapping; `None`
/// where there is none.
pub(super) fn beside_quote(case: &Case, program: &Path) -> Result<Option<Result<(), String>>> {
    let Some(log) = wrapped(case)? else { return Ok(None) };
    let about = read_json(&case.folder.join("case.json"))?;
    let mut command = Command::new(program);
    command.args(["evidence", "log", "--json", "/dev/stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    // The program reads all of it before it prints anything, so neither waits for the other.
    child.stdin.take().context("no standard input")?.write_all(&log)?;
    let printed = printed(&child.wait_with_output()?)?;
    let expected = about.get("rtmr").unwrap_or(&Value::Null);
    Ok(Some(same_registers(&printed, expected).and_then(|()| match *failures(&printed) {
        [] => Ok(()),
        _ => Err(format!("log: {:?} failed", failures(&printed))),
    })))
}

/// The files in which authors of cases keep a runtime's log, as text or as JSON.
const WRAPPED: [&str; 3] = ["quote-report.json", "tdx-lite-getquote.json", "tcb_info.json"];

fn wrapped(case: &Case) -> Result<Option<Vec<u8>>> {
    let Some(path) = WRAPPED.iter().map(|name| case.folder.join(name)).find(|p| p.is_file()) else {
        return Ok(None);
    };
    Ok(match read_json(&path)?.get("event_log") {
        Some(Value::String(text)) => Some(text.clone().into_bytes()),
        Some(list) => Some(serde_json::to_vec(list)?),
        None => None,
    })
}

fn printed(done: &Output) -> Result<Value> {
    serde_json::from_slice(&done.stdout).with_context(|| {
        format!("printed no log: {}", String::from_utf8_lossy(&done.stderr).trim())
    })
}

fn failures(printed: &Value) -> Vec<&str> {
    let checks = printed["checks"].as_array().map_or(&[][..], Vec::as_slice);
    let failed = checks.iter().filter(|check| check["state"] == "fail");
    failed.filter_map(|check| check["id"].as_str()).collect()
}

fn shows(case: &Case, about: &Value, printed: &Value) -> Result<(), String> {
    let events = printed["events"].as_array().map(Vec::len);
    if about["events"].as_u64() != events.and_then(|events| u64::try_from(events).ok()) {
        return Err(format!("{events:?} events, expected {}", about["events"]));
    }
    same_registers(printed, &about["sha384_mr_1_4_as_rtmr0_3"])?;
    let pcrs = about["sha256_pcrs"].as_object();
    for (pcr, value) in pcrs.into_iter().flatten() {
        same_register(printed, &format!("PCR{pcr}"), value)?;
    }
    let fields = case.folder.join("expected_parse.json");
    if fields.is_file() {
        return same_fields(printed, &read_json(&fields).map_err(|e| e.to_string())?);
    }
    Ok(())
}

fn same_registers(printed: &Value, expected: &Value) -> Result<(), String> {
    let expected = expected.as_array().map_or(&[][..], Vec::as_slice);
    for (index, value) in expected.iter().enumerate() {
        same_register(printed, &format!("RTMR{index}"), value)?;
    }
    Ok(())
}

/// A register that nothing was measured into is not among those printed, and is zero.
fn same_register(printed: &Value, name: &str, expected: &Value) -> Result<(), String> {
    let untouched = || Value::String("0".repeat(expected.as_str().map_or(0, str::len)));
    let found = printed["registers"].get(name).cloned().unwrap_or_else(untouched);
    if &found == expected { Ok(()) } else { Err(format!("{name} is {found}, expected {expected}")) }
}

/// The fields of each event as another parser published them.
fn same_fields(printed: &Value, published: &Value) -> Result<(), String> {
    let none = Vec::new();
    let own = printed["events"].as_array().unwrap_or(&none);
    let theirs = published["uefi_event_logs"].as_array().unwrap_or(&none);
    if own.len() != theirs.len() {
        return Err(format!("{} events, {} are published", own.len(), theirs.len()));
    }
    for (own, theirs) in own.iter().zip(theirs) {
        let index = theirs["index"].as_u64().and_then(|index| index.checked_sub(1));
        let whole = own["payload"].as_str().map_or(0, |hex| hex.len() / 2);
        let measured = own["measured_bytes"] == serde_json::json!({ "from": 0, "to": whole });
        let same = own["register"].as_str() == index.map(|i| format!("RTMR{i}")).as_deref()
            && own["type"] == theirs["type_name"]
            && own.pointer("/digests/sha384") == theirs.pointer("/digests/0/digest")
            && theirs["digest_matches_event"] == measured;
        if !same {
            return Err(format!("event {} is not as published: {theirs}", own["number"]));
        }
    }
    Ok(())
}

fn read_json(path: &Path) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Value =
        serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
    if !value.is_object() {
        bail!("{}: not an object", path.display());
    }
    Ok(value)
}
