//! Operator commands: one call to a Verifier each.

mod agents;
mod checkpoints;
pub(crate) mod connection;
mod error;
mod images;
mod keys;
mod policies;
mod publications;
mod reattest;
pub(crate) mod settings;

use core::future::Future;

pub use error::OperatorError;

use crate::answer::Answer;
use crate::arguments::{
    AdmitArguments, AgentsArguments, ConnectionArguments, KeysArguments, ListArguments,
    RetireArguments,
};
use connection::Operator;
use settings::Settings;

/// Does what `cloister image admit` asks for.
pub(crate) fn admit_image(arguments: &AdmitArguments) -> Answer {
    call(&arguments.connection, |operator| images::admit(operator, arguments))
}

/// Does what `cloister image list` asks for.
pub(crate) fn list_images(arguments: &ListArguments) -> Answer {
    call(&arguments.connection, images::list)
}

/// Does what `cloister image retire` asks for.
pub(crate) fn retire_image(arguments: &RetireArguments) -> Answer {
    call(&arguments.connection, |operator| images::retire(operator, &arguments.tuple))
}

/// Does what `cloister agents` asks for.
pub(crate) fn run_agents(arguments: &AgentsArguments) -> Answer {
    call(&arguments.connection, |operator| agents::run(operator, &arguments.command))
}

/// Does what `cloister keys` asks for.
pub(crate) fn run_keys(arguments: &KeysArguments) -> Answer {
    call(&arguments.connection, |operator| keys::run(operator, &arguments.command))
}

/// Does what `cloister policy apply` asks for, with a policy that reads.
pub(crate) fn apply_policy(connection: &ConnectionArguments, document: String) -> Answer {
    call(connection, |operator| policies::apply(operator, document))
}

/// Does what `cloister policy history` asks for.
pub(crate) fn policy_history(connection: &ConnectionArguments) -> Answer {
    call(connection, policies::history)
}

/// Does what `cloister fleet checkpoints` asks for.
pub(crate) fn checkpoints(connection: &ConnectionArguments) -> Answer {
    call(connection, checkpoints::run)
}

/// Does what `cloister policy publish` asks for, with a bundle that loads.
pub(crate) fn publish_policy(
    connection: &ConnectionArguments,
    bundle: String,
    agent: String,
) -> Answer {
    call(connection, |operator| publications::publish(operator, bundle, agent))
}

/// Does what `cloister policy published` asks for.
pub(crate) fn published_policies(connection: &ConnectionArguments) -> Answer {
    call(connection, publications::published)
}

/// Does what `cloister fleet reattest` asks for.
pub(crate) fn reattest(connection: &ConnectionArguments, all: bool) -> Answer {
    call(connection, |operator| reattest::run(operator, all))
}

fn call<F>(arguments: &ConnectionArguments, command: impl FnOnce(Operator) -> F) -> Answer
where
    F: Future<Output = Result<Answer, OperatorError>>,
{
    attempt(arguments, command).unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

/// One command over a connection of its own.
pub(crate) fn attempt<F, T>(
    arguments: &ConnectionArguments,
    command: impl FnOnce(Operator) -> F,
) -> Result<T, OperatorError>
where
    F: Future<Output = Result<T, OperatorError>>,
{
    let settings = Settings::find(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| OperatorError::Unreachable {
        address: settings.address(),
        source: source.into(),
    })?;
    runtime.block_on(async { command(connection::connect(&settings).await?).await })
}
