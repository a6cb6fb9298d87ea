//! `cloister fleet checkpoints`: whether every runtime's audit log only grew.

use cloister_api::v1::{AuditCheckpoint, ListCheckpointsRequest};
use cloister_attestation::time::UnixTime;
use owo_colors::OwoColorize as _;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::text::table;

pub(super) async fn run(mut operator: Operator) -> Result<Answer, OperatorError> {
    let answer = operator.client.list_checkpoints(ListCheckpointsRequest {}).await;
    Ok(listed(&operator.message(answer)?.checkpoints))
}

fn listed(checkpoints: &[AuditCheckpoint]) -> Answer {
    let rows = checkpoints.iter().map(|log| {
        let signed = UnixTime::from_secs(log.signed_at).to_string();
        [log.agent.clone(), log.instance.clone(), log.size.to_string(), signed, state(log)]
    });
    let mut text = table(["AGENT", "RUNTIME", "RECORDS", "SIGNED", "LOG"], rows);
    let conflicts = checkpoints.iter().filter(|log| !log.conflicts.is_empty()).count();
    let conclusion = format!("{conflicts} of {} logs do not fit together", checkpoints.len());
    let (exit, conclusion) = if conflicts == 0 {
        (Exit::Acceptable, conclusion.green().bold().to_string())
    } else {
        (Exit::Refused, conclusion.red().bold().to_string())
    };
    text = text + &conclusion + "\n";
    Answer { exit, text, json: json!({ "checkpoints": checkpoints }) }
}

/// `grew`, or the codes of what does not fit.
fn state(log: &AuditCheckpoint) -> String {
    let reasons: Vec<&str> =
        log.conflicts.iter().map(|conflict| conflict.reason.as_str()).collect();
    if reasons.is_empty() { "grew".to_owned() } else { reasons.join(" ") }
}

#[cfg(test)]
mod tests {
    use cloister_api::v1::{AuditCheckpoint, AuditConflict};

    use super::listed;
    use crate::answer::Exit;

    #[test]
    fn a_log_that_did_not_only_grow_is_two_with_its_reason() {
        let mut log = AuditCheckpoint {
            agent: "translator\u{1b}]0;".to_owned(),
            instance: "00ff".repeat(8),
            size: 7,
            ..AuditCheckpoint::default()
        };
        let good = listed(core::slice::from_ref(&log));
        assert_eq!(good.exit, Exit::Acceptable);
        assert!(good.text.contains("grew") && !good.text.contains("\u{1b}]"), "{}", good.text);
        let reason = "audit.fork".to_owned();
        log.conflicts.push(AuditConflict { reason, ..AuditConflict::default() });
        let bad = listed(&[log]);
        assert_eq!(bad.exit, Exit::Refused);
        assert!(bad.text.contains("audit.fork") && bad.text.contains("1 of 1"), "{}", bad.text);
    }
}
