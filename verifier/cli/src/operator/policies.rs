//! `cloister policy apply` and `policy history`: what the Verifier demands of Evidence.

use cloister_api::v1::{
    ApplyPolicyRequest, ApplyPolicyResponse, ListPoliciesRequest, ListPoliciesResponse,
};
use cloister_attestation::time::UnixTime;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::text::{printable, table};

pub(super) async fn apply(
    mut operator: Operator,
    document: String,
) -> Result<Answer, OperatorError> {
    let answer = operator.client.apply_policy(ApplyPolicyRequest { document }).await;
    Ok(applied(&operator.message(answer)?))
}

pub(super) async fn history(mut operator: Operator) -> Result<Answer, OperatorError> {
    let answer = operator.client.list_policies(ListPoliciesRequest {}).await;
    Ok(listed(&operator.message(answer)?))
}

fn applied(message: &ApplyPolicyResponse) -> Answer {
    let epoch = message.policy.as_ref().map_or(0, |policy| policy.epoch);
    let text = if message.changed {
        format!(
            "in force as policy epoch {epoch}; live leases stay until they are renewed:\n\
             `cloister fleet reattest` ends those under older policies now\n"
        )
    } else {
        format!("in force already, as policy epoch {epoch}\n")
    };
    Answer { exit: Exit::Acceptable, text, json: json!(message) }
}

fn listed(message: &ListPoliciesResponse) -> Answer {
    let rows = message.policies.iter().enumerate().map(|(at, policy)| {
        let in_force = if at == 0 { "in force" } else { "" };
        [
            policy.epoch.to_string(),
            UnixTime::from_secs(policy.applied_at).to_string(),
            printable(&policy.origin),
            policy.digest.chars().take(DIGITS).collect(),
            in_force.to_owned(),
        ]
    });
    let mut text = table(["EPOCH", "SINCE", "BY", "DIGEST", ""], rows);
    text.push_str(&format!("leases below epoch {} are refused\n", message.epoch_floor));
    Answer { exit: Exit::Acceptable, text, json: json!(message) }
}

/// Enough of a digest to tell policies apart; `--json` has all of it.
const DIGITS: usize = 16;
