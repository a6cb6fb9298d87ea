//! What crossed two runtimes: their audit logs against what a client says that it asked for.

use std::collections::BTreeMap;

use cloister_audit::record::Operation;
use cloister_audit::{Event, Record};
use cloister_devnet::enclave::Enclave;

use super::transcript::Heard;

/// How often something was asked for, by interface and operation: `JSONRPC/1.0 send`.
pub(crate) type Counts = BTreeMap<String, u64>;

/// What a client sent requests for.
pub(super) fn asked(heard: &Heard) -> Counts {
    let steps = heard.steps.iter().flat_map(|(interface, steps)| {
        let sent = steps.iter().filter(|step| step.sent);
        sent.map(move |step| format!("{interface} {}", step.operation))
    });
    counted(steps)
}

/// What a runtime has permitted so far. Cards are no part of it: runtimes read them for themselves.
pub(crate) async fn on_record(enclave: &Enclave) -> Counts {
    let records = enclave.records().await.unwrap();
    assert_eq!(records[0].sequence, 0, "the log is longer than what is kept of it");
    counted(records.iter().filter_map(permitted).map(named))
}

fn permitted(record: &Record) -> Option<&Operation> {
    let Event::Operation(operation) = &record.event else { return None };
    (operation.verdict.permitted && operation.name != "card").then_some(operation)
}

fn named(operation: &Operation) -> String {
    let Operation { binding, version, name, .. } = operation;
    format!("{binding}/{version} {name}")
}

fn counted(names: impl Iterator<Item = String>) -> Counts {
    let mut counts = Counts::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// What has come to a count since it was taken before.
pub(super) fn since(before: &Counts, after: &Counts) -> Counts {
    let more =
        after.iter().map(|(name, count)| (name.clone(), count - before.get(name).unwrap_or(&0)));
    more.filter(|(_, count)| *count > 0).collect()
}

/// What crossed more or less often than it was asked for.
pub(super) fn unlike(asked: &Counts, crossed: &Counts) -> Option<String> {
    (asked != crossed).then(|| format!("asked for {asked:?}, and {crossed:?} crossed"))
}
