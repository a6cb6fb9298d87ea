//! `cloister keys`: the keys that sign leases.

use cloister_api::v1::{
    LeaseKeyRecord, LeaseKeyState, ListKeysRequest, RevokeKeyRequest, RotateKeysRequest,
};
use cloister_attestation::time::UnixTime;
use serde_json::json;

use super::connection::Operator;
use super::error::OperatorError;
use crate::answer::{Answer, Exit};
use crate::arguments::KeysCommand;
use crate::text::table;

pub(super) async fn run(
    mut operator: Operator,
    command: &KeysCommand,
) -> Result<Answer, OperatorError> {
    let client = &mut operator.client;
    let keys = match command {
        KeysCommand::List => {
            let answer = client.list_keys(ListKeysRequest {}).await;
            operator.message(answer)?.keys
        }
        KeysCommand::Rotate => {
            let answer = client.rotate_keys(RotateKeysRequest {}).await;
            operator.message(answer)?.keys
        }
        KeysCommand::Revoke { key } => {
            let answer = client.revoke_key(RevokeKeyRequest { kid: key.clone() }).await;
            operator.message(answer)?.keys
        }
    };
    Ok(listed(&keys))
}

fn listed(keys: &[LeaseKeyRecord]) -> Answer {
    let rows = keys.iter().map(|key| {
        let (state, what) = words(key.state());
        let moment = format!("{what} {}", UnixTime::from_secs(key.since));
        [key.kid.clone(), state.to_owned(), moment]
    });
    let text = table(["KEY", "STATE", "SINCE"], rows);
    Answer { exit: Exit::Acceptable, text, json: json!({ "keys": keys }) }
}

const fn words(state: LeaseKeyState) -> (&'static str, &'static str) {
    match state {
        LeaseKeyState::Next => ("next", "listed since"),
        LeaseKeyState::Current => ("current", "signs since"),
        LeaseKeyState::Previous => ("previous", "listed until"),
        LeaseKeyState::Unspecified => ("unknown", "at"),
    }
}
