//! Records for other programs.

use cloister_audit::{Event, Record};
use serde_json::{Value, json};

use super::agentleak;
use super::error::AuditCommandError;
use super::log::Log;
use crate::answer::{Answer, Exit};
use crate::arguments::ExportFormat;

pub(super) fn answer(log: &Log, format: ExportFormat) -> Result<Answer, AuditCommandError> {
    let (text, json) = match format {
        ExportFormat::Jsonl => {
            let records: Vec<Value> = log.records.iter().map(|record| json!(record)).collect();
            let lines = records.iter().map(|record| format!("{record}\n"));
            (lines.collect(), json!({ "records": records }))
        }
        ExportFormat::Otlp => {
            let otlp = otlp(log);
            (format!("{otlp}\n"), otlp)
        }
        ExportFormat::Agentleak => {
            let trace = agentleak::trace(log);
            (format!("{trace}\n"), trace)
        }
    };
    Ok(Answer { exit: Exit::Acceptable, text, json })
}

/// SPEC: OTLP 1.x, JSON Protobuf encoding of `opentelemetry.proto.logs.v1.LogsData`: 64-bit numbers
/// are strings, keys are lowerCamelCase.
fn otlp(log: &Log) -> Value {
    let origin = &log.progress.origin;
    let resource = [
        ("service.name", origin.agent.clone()),
        ("service.namespace", origin.trust_domain.clone()),
        ("service.instance.id", origin.instance()),
    ];
    let records: Vec<Value> = log.records.iter().map(log_record).collect();
    json!({ "resourceLogs": [{
        "resource": { "attributes": resource.map(|(key, value)| attribute(key, &value)) },
        "scopeLogs": [{ "scope": { "name": "cloister.audit" }, "logRecords": records }],
    }] })
}

fn log_record(record: &Record) -> Value {
    let nanos = u128::from(record.at.as_secs()).saturating_mul(1_000_000_000).to_string();
    let (number, text) = if is_refusal(&record.event) { (13, "WARN") } else { (9, "INFO") };
    let mut attributes = vec![
        json!({ "key": "cloister.audit.sequence", "value": { "intValue": record.sequence.to_string() } }),
    ];
    if let Some(peer) = record.event.peer() {
        attributes.push(attribute("cloister.peer.agent", &peer.agent));
        attributes.push(attribute("cloister.peer.instance", &peer.instance));
    }
    json!({
        "timeUnixNano": nanos,
        "observedTimeUnixNano": nanos,
        "severityNumber": number,
        "severityText": text,
        "eventName": format!("cloister.audit.{}", record.event.name()),
        "body": { "stringValue": json!(record).to_string() },
        "attributes": attributes,
    })
}

fn is_refusal(event: &Event) -> bool {
    match event {
        Event::Operation(operation) => !operation.verdict.permitted,
        Event::Authentication(event) => event.refused.is_some(),
        Event::Witnessed(event) => event.refused.is_some(),
        Event::PolicyPublished(event) => event.refused.is_some(),
        Event::ChannelRenewed(event) => event.result != "accepted",
        Event::ToolDrifted(_) => true,
        Event::Fenced(event) => event.refused.is_some(),
        Event::Began(_)
        | Event::Leased(_)
        | Event::ChannelOpened(_)
        | Event::ChannelClosed(_)
        | Event::Outcome(_)
        | Event::Omitted(_)
        | Event::Vouched(_)
        | Event::VisitBegan(_)
        | Event::VisitEnded(_)
        | _ => false,
    }
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
