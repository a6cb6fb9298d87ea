//! Records in AgentLeak's trace format: a line of metadata, then one for each event.
//!
//! SPEC: AgentLeak, repository Privatris/AgentLeak, `agentleak/schemas/trace.py` (`TraceMetadata`,
//! `TraceEvent`, `PolicyContext`) and `scenario.py` (`Channel`); extra fields are refused there. The
//! format has a place for what was said. A log has digests of it, and those are what is written.

use std::collections::BTreeMap;

use cloister_attestation::time::UnixTime;
use cloister_audit::record::{Direction, Operation, Outcome, Payload};
use cloister_audit::{Event, Record};
use serde::Serialize;
use serde_json::{Value, json};

use super::log::Log;

/// One event, with every field that the format has and in its order.
#[derive(Debug, Serialize)]
struct TraceEvent {
    timestamp: UnixTimestamp,
    sequence_num: u64,
    scenario_id: String,
    agent_id: String,
    role: Option<String>,
    event_type: &'static str,
    channel: &'static str,
    content: String,
    tool_name: Option<String>,
    tool_args: Option<Value>,
    tool_output: Option<String>,
    memory_key: Option<String>,
    memory_value: Option<Value>,
    artifact_type: Option<String>,
    artifact_path: Option<String>,
    policy_context: Option<PolicyContext>,
    metadata: Value,
}

#[derive(Debug, Serialize)]
struct PolicyContext {
    allowed_set_hash: Option<String>,
    attack_class: Option<String>,
    attack_active: bool,
    defense_enabled: bool,
    defense_name: Option<String>,
}

/// RFC 3339.
#[derive(Debug)]
struct UnixTimestamp(UnixTime);

impl Serialize for UnixTimestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The lines of a log.
pub(super) fn trace(log: &Log) -> Vec<Value> {
    let scenario = scenario(log);
    let mut open: BTreeMap<u64, &Operation> = BTreeMap::new();
    let mut lines = vec![metadata(log, &scenario)];
    for record in &log.records {
        lines.push(json!(event(log, &scenario, record, &open)));
        if let Event::Operation(operation) = &record.event {
            open.insert(record.sequence, operation);
        }
    }
    lines
}

/// What AgentLeak runs is a scenario; what a runtime runs is one boot of one agent.
fn scenario(log: &Log) -> String {
    let origin = &log.progress.origin;
    format!("cloister:{}/{}", origin.trust_domain, origin.agent)
}

fn metadata(log: &Log, scenario: &str) -> Value {
    let at = |record: Option<&Record>| record.map(|record| record.at);
    let (first, last) = (at(log.records.first()), at(log.records.last()));
    let duration = first.zip(last).map(|(first, last)| last.since(first).as_secs());
    json!({
        "trace_id": log.progress.origin.instance(),
        "scenario_id": scenario,
        "framework": "cloister",
        // A runtime does not know what its agent thinks with.
        "model": "unknown",
        "started_at": first.map_or_else(String::new, |first| first.to_string()),
        "completed_at": last.map(|last| last.to_string()),
        "duration_seconds": duration,
        "total_events": log.records.len(),
        "total_tokens": 0,
        "success": null,
        "error": null,
    })
}

fn event(
    log: &Log,
    scenario: &str,
    record: &Record,
    open: &BTreeMap<u64, &Operation>,
) -> TraceEvent {
    let own = &log.progress.origin.agent;
    let said = if let Event::Operation(operation) = &record.event
        && operation.verdict.permitted
    {
        asked(operation, own)
    } else if let Event::Outcome(outcome) = &record.event
        && let Some(operation) = open.get(&outcome.of)
    {
        answered(outcome, operation, own)
    } else {
        // Among them an outcome whose operation precedes what is kept of the log.
        system(record, own)
    };
    TraceEvent {
        timestamp: UnixTimestamp(record.at),
        sequence_num: record.sequence,
        scenario_id: scenario.to_owned(),
        ..said
    }
}

/// A request that was forwarded: a message from one agent to another, or the input of a tool.
fn asked(operation: &Operation, own: &str) -> TraceEvent {
    let (from, to) = ends(operation, own);
    let (event_type, channel) = if is_tools(operation) {
        ("tool_call", "tool_input")
    } else {
        ("agent_message", "inter_agent")
    };
    let content = operation.request.as_ref().map_or_else(|| "streamed".to_owned(), digest);
    TraceEvent {
        tool_name: tool_name(operation),
        policy_context: Some(policy(operation)),
        metadata: json!({
            "content": "digest",
            "from_agent": from,
            "to_agent": to,
            "protocol": operation.protocol,
            "binding": operation.binding,
            "operation": operation.name,
        }),
        ..blank(from, event_type, channel, content)
    }
}

/// What was answered: by the other agent, or by the tool.
fn answered(outcome: &Outcome, operation: &Operation, own: &str) -> TraceEvent {
    let (from, to) = ends(operation, own);
    let (content, is_tools) = (digest(&outcome.response), is_tools(operation));
    let (agent, event_type, channel) = if is_tools {
        (from, "tool_result", "tool_output")
    } else {
        (to, "agent_message", "inter_agent")
    };
    TraceEvent {
        tool_output: is_tools.then(|| content.clone()),
        tool_name: tool_name(operation),
        metadata: json!({
            "content": "digest",
            "from_agent": to,
            "to_agent": from,
            "of": outcome.of,
            "request": digest(&outcome.request),
            "ending": outcome.ending,
        }),
        ..blank(agent, event_type, channel, content)
    }
}

/// Whatever is no message: the record itself. A denial is one: nothing of it was forwarded.
fn system(record: &Record, own: &str) -> TraceEvent {
    let denied =
        if let Event::Operation(operation) = &record.event { Some(operation) } else { None };
    TraceEvent {
        policy_context: denied.map(|operation| policy(operation)),
        metadata: json!({ "content": "record" }),
        ..blank(own, "system_event", "log", json!(record).to_string())
    }
}

fn policy(operation: &Operation) -> PolicyContext {
    PolicyContext {
        allowed_set_hash: Some(operation.verdict.bundle.to_string()),
        attack_class: None,
        attack_active: false,
        defense_enabled: true,
        defense_name: Some("cloister".to_owned()),
    }
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

fn blank(
    agent: &str,
    event_type: &'static str,
    channel: &'static str,
    content: String,
) -> TraceEvent {
    TraceEvent {
        timestamp: UnixTimestamp(UnixTime::from_secs(0)),
        sequence_num: 0,
        scenario_id: String::new(),
        agent_id: agent.to_owned(),
        role: None,
        event_type,
        channel,
        content,
        tool_name: None,
        tool_args: None,
        tool_output: None,
        memory_key: None,
        memory_value: None,
        artifact_type: None,
        artifact_path: None,
        policy_context: None,
        metadata: json!({}),
    }
}
