//! `cloister policy publish` and `policy published`: authorization policies for runtimes.

use cloister_api::v1::{ListPublicationsRequest, PublishPolicyRequest, PublishedPolicy};
use cloister_attestation::time::UnixTime;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::text::{printable, table};

pub(super) async fn publish(
    mut operator: Operator,
    bundle: String,
    agent: String,
) -> Result<Answer, OperatorError> {
    let answer = operator.client.publish_policy(PublishPolicyRequest { bundle, agent }).await;
    let published = operator.message(answer)?;
    let text = format!(
        "published as number {}, for {}: runtimes whose agent.toml says\n\
         `source = \"verifier\"` put it in force within seconds\n",
        published.number,
        audience(&published)
    );
    Ok(Answer { exit: Exit::Acceptable, text, json: json!(published) })
}

pub(super) async fn published(mut operator: Operator) -> Result<Answer, OperatorError> {
    let answer = operator.client.list_publications(ListPublicationsRequest {}).await;
    let listed = operator.message(answer)?;
    let rows = listed.policies.iter().map(|policy| {
        [
            policy.number.to_string(),
            UnixTime::from_secs(policy.published_at).to_string(),
            audience(policy),
            policy.policies.to_string(),
            policy.digest.chars().take(DIGITS).collect(),
        ]
    });
    let text = table(["NUMBER", "SINCE", "FOR", "POLICIES", "DIGEST"], rows);
    Ok(Answer { exit: Exit::Acceptable, text, json: json!(listed) })
}

fn audience(policy: &PublishedPolicy) -> String {
    if policy.agent.is_empty() { "every agent".to_owned() } else { printable(&policy.agent) }
}

/// Enough of a digest to tell policies apart; `--json` has all of it.
const DIGITS: usize = 16;
