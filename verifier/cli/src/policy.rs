//! Policies of both kinds: appraisal policies, made from Evidence, told in words, checked, put in
//! force; and authorization policies, checked, tested and explained.

mod authorization;
mod explanation;
mod template;

use std::path::Path;

use cloister_attestation::policy::Policy;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::arguments::{ConnectionArguments, PolicyCommand};
use crate::evidence::demands;
use crate::operator;

/// Does what `cloister policy` asks for.
#[must_use]
pub(crate) fn run(command: &PolicyCommand) -> Answer {
    match command {
        PolicyCommand::New(arguments) => template::answer(arguments),
        PolicyCommand::Apply { connection, file } => read(file, |policy| apply(connection, policy)),
        PolicyCommand::History { connection } => operator::policy_history(connection),
        PolicyCommand::Explain { file, case, cases } => match case {
            Some(case) => authorization::explain(file, case, cases.as_deref()),
            None if authorization::is_named_so(file) => authorization::without_case(file),
            None => read(file, explanation::answer),
        },
        PolicyCommand::Check { file } if authorization::is_named_so(file) => {
            authorization::check(file)
        }
        PolicyCommand::Check { file } => read(file, |_| checked(file)),
        PolicyCommand::Test { place, cases } => authorization::test(place, cases.as_deref()),
        PolicyCommand::Publish { connection, file, agent } => {
            authorization::publish(connection, file, agent.as_deref())
        }
        PolicyCommand::Published { connection } => operator::published_policies(connection),
        PolicyCommand::Schema { visitors } => authorization::schema(*visitors),
    }
}

fn read(file: &Path, then: impl FnOnce(&Policy) -> Answer) -> Answer {
    match demands::policy(file) {
        Ok(policy) => then(&policy),
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

fn apply(connection: &ConnectionArguments, policy: &Policy) -> Answer {
    match policy.to_toml() {
        Ok(document) => operator::apply_policy(connection, document),
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

fn checked(file: &Path) -> Answer {
    let text = format!("{} reads\n", file.display());
    Answer { exit: Exit::Acceptable, text, json: json!({ "reads": true }) }
}
