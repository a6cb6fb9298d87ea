//! Records as a trace of AgentLeak: one object with an event for each record.
//!
//! SPEC: AgentLeak 0.17 (PyPI), `agentleak schema trace`. The format has a place for what was said. A
//! log has digests of it, and those are what is written.

use std::collections::BTreeMap;

use cloister_audit::record::{Direction, Operation, Outcome, Payload};
use cloister_audit::{Event, Record};
use serde_json::{Value, json};

use super::log::Log;

/// What a record says, before it has a place in the trace.
struct Said<'a> {
    channel: &'static str,
    source: &'a str,
    target: &'a str,
    content: Value,
    metadata: Value,
}

/// The trace of a log: of one boot of one agent.
pub(super) fn trace(log: &Log) -> Value {
    let origin = &log.progress.origin;
    let mut open: BTreeMap<u64, &Operation> = BTreeMap::new();
    let mut events = Vec::with_capacity(log.records.len());
    for record in &log.records {
        events.push(event(record, &said(record, &origin.agent, &open)));
        if let Event::Operation(operation) = &record.event {
            open.insert(record.sequence, operation);
        }
    }
    json!({
        "run_id": origin.instance(),
        "agent_name": format!("{}/{}", origin.trust_domain, origin.agent),
        "scenario_id": null,
        "subject": "",
        "task_success": null,
        "timestamp": log.records.first().map_or_else(String::new, |first| first.at.to_string()),
        "events": events,
    })
}

fn event(record: &Record, said: &Said<'_>) -> Value {
    let Said { channel, source, target, content, metadata } = said;
    json!({
        "event_id": record.sequence.to_string(),
        "channel": channel,
        "source": source,
        "target": target,
        "content": content,
        "metadata": metadata,
        "timestamp": record.at.to_string(),
    })
}

fn said<'a>(record: &'a Record, own: &'a str, open: &BTreeMap<u64, &'a Operation>) -> Said<'a> {
    if let Event::Operation(operation) = &record.event
        && operation.verdict.permitted
    {
        asked(operation, own)
    } else if let Event::Outcome(outcome) = &record.event
        && let Some(operation) = open.get(&outcome.of)
    {
        answered(outcome, operation, own)
    } else {
        // Among them an outcome whose operation precedes what is kept of the log.
        noted(record, own)
    }
}

/// A request that was forwarded: a message from one agent to another, or the input of a tool.
fn asked<'a>(operation: &'a Operation, own: &'a str) -> Said<'a> {
    let (source, target) = ends(operation, own);
    let channel = if is_tools(operation) { "tool_call" } else { "inter_agent_message" };
    let content = operation.request.as_ref().map_or_else(|| "streamed".to_owned(), digest);
    let metadata = json!({
        "content": "digest",
        "protocol": operation.protocol,
        "binding": operation.binding,
        "operation": operation.name,
        "tool": tool_name(operation),
        "policy": operation.verdict.bundle,
    });
    Said { channel, source, target, content: content.into(), metadata }
}

/// What was answered: by the other agent, or by the tool.
fn answered<'a>(outcome: &Outcome, operation: &'a Operation, own: &'a str) -> Said<'a> {
    let (target, source) = ends(operation, own);
    let channel = if is_tools(operation) { "tool_response" } else { "inter_agent_message" };
    let metadata = json!({
        "content": "digest",
        "of": outcome.of,
        "request": digest(&outcome.request),
        "tool": tool_name(operation),
        "ending": outcome.ending,
    });
    Said { channel, source, target, content: digest(&outcome.response).into(), metadata }
}

/// Whatever is no message: the record itself. A denial is one: nothing of it was forwarded.
fn noted<'a>(record: &Record, own: &'a str) -> Said<'a> {
    let metadata = json!({ "content": "record", "event": record.event.name() });
    Said { channel: "log", source: own, target: "audit", content: json!(record), metadata }
}

/// Whether it is asked of a tool server, and not of an agent.
fn is_tools(operation: &Operation) -> bool {
    operation.protocol.eq_ignore_ascii_case("mcp")
}

fn tool_name(operation: &Operation) -> Option<String> {
    operation.subjects.tool.map(|tool| format!("sha256:{tool}"))
}

/// Who asks, and who is asked.
fn ends<'a>(operation: &'a Operation, own: &'a str) -> (&'a str, &'a str) {
    let peer = operation.peer.as_ref().map_or("visitor", |peer| peer.agent.as_str());
    match operation.direction {
        Direction::Inbound => (peer, own),
        Direction::Outbound => (own, peer),
    }
}

fn digest(payload: &Payload) -> String {
    format!("sha256:{} ({} bytes)", payload.sha256, payload.bytes)
}
