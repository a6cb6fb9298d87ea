//! `cloister audit`: a runtime's audit log, checked without asking anybody.
//!
//! Everything that is decided here is decided by `cloister-audit`.

mod agentleak;
mod error;
mod export;
mod log;
mod proof;
mod verdict;
mod verifier;

use cloister_audit::Record;
use serde_json::{Value, json};

use crate::answer::{Answer, Exit};
use crate::arguments::AuditCommand;
use crate::text::{printable, table};

pub(crate) use error::CODES;
use log::Log;

/// Does what `cloister audit` asks for.
pub(crate) fn run(command: &AuditCommand) -> Answer {
    match command {
        AuditCommand::Tail { log, last } => Log::read(log).map(|log| tail(&log, *last)),
        AuditCommand::Verify(arguments) => verdict::answer(arguments),
        AuditCommand::Prove(arguments) => proof::answer(arguments),
        AuditCommand::Export { log, format } => {
            Log::read(log).and_then(|log| export::answer(&log, *format))
        }
    }
    .unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

fn tail(log: &Log, last: usize) -> Answer {
    let skipped = log.records.len().saturating_sub(last);
    let shown = log.records.get(skipped..).unwrap_or_default();
    let rows = shown.iter().map(|record| {
        let peer = record.event.peer().map_or("-", |peer| peer.agent.as_str());
        [
            record.sequence.to_string(),
            record.at.to_string(),
            printable(peer),
            printable(&summary(record)),
        ]
    });
    let records: Vec<Value> = shown.iter().map(|record| json!(record)).collect();
    Answer {
        exit: Exit::Acceptable,
        text: table(["record", "at", "peer", "what"], rows),
        json: json!({ "records": records }),
    }
}

/// What the agent tried, and what became of it.
fn fenced(event: &cloister_audit::record::Fenced) -> String {
    let subject = event.subject.as_deref().unwrap_or("the limit");
    let verdict = event.refused.as_deref().unwrap_or("let through");
    format!("{:?} {subject}, {} times: {verdict}", event.barrier, event.count)
}

/// What happened, in a few words.
fn summary(record: &Record) -> String {
    use cloister_audit::Event;
    let name = record.event.name();
    match &record.event {
        Event::Operation(operation) => {
            let verdict = if operation.verdict.permitted { "permitted" } else { "denied" };
            format!("{} {verdict}", operation.name)
        }
        Event::Outcome(outcome) => format!("outcome of {}: {:?}", outcome.of, outcome.ending),
        Event::Authentication(event) => match &event.refused {
            Some(code) => format!("refused: {code}"),
            None => "authenticated".to_owned(),
        },
        Event::ChannelOpened(event) => format!("channel {}: {}", event.channel, event.key_exchange),
        Event::ChannelClosed(event) => {
            format!("channel {} closed: {}", event.channel, event.reason)
        }
        Event::Omitted(event) => format!("{} times {}, left out", event.count, event.what),
        Event::ToolDrifted(event) => {
            format!("a tool of {} is now {}", event.server, event.seen)
        }
        Event::PolicyPublished(event) => match &event.refused {
            Some(code) => format!("published policy {} refused: {code}", event.number),
            None => format!("published policy {} in force", event.number),
        },
        Event::VisitBegan(event) => format!("visit {} from {}", event.visit, event.from),
        Event::VisitEnded(event) => format!("visit {} ended: {}", event.visit, event.reason),
        Event::Fenced(event) => fenced(event),
        Event::Began(_)
        | Event::Leased(_)
        | Event::ChannelRenewed(_)
        | Event::Witnessed(_)
        | Event::Vouched(_)
        | _ => name.to_owned(),
    }
}
