//! `cloister fleet reattest`: ends leases, so that runtimes attest anew.

use cloister_api::v1::ReattestRequest;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};

pub(super) async fn run(mut operator: Operator, all: bool) -> Result<Answer, OperatorError> {
    let answer = operator.client.reattest(ReattestRequest { all }).await;
    let message = operator.message(answer)?;
    let (floor, ended) = (message.epoch_floor, message.leases_ended);
    let runtimes = if ended == 1 { "runtime has" } else { "runtimes have" };
    let text = format!("leases below policy epoch {floor} ended: {ended} {runtimes} to renew\n");
    Ok(Answer { exit: Exit::Acceptable, text, json: json!(message) })
}
