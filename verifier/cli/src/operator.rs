//! Operator commands: one call to a Verifier each.

mod agents;
mod connection;
mod error;
mod images;
mod settings;

use core::future::Future;

pub use error::OperatorError;

use crate::answer::{Answer, Exit};
use crate::arguments::{AgentsArguments, ConnectionArguments, ImageArguments};
use connection::Operator;
use settings::Settings;

/// Does what `cloister image` asks for.
pub(crate) fn run_image(arguments: &ImageArguments) -> Answer {
    call(&arguments.connection, |operator| images::run(operator, &arguments.command))
}

/// Does what `cloister agents` asks for.
pub(crate) fn run_agents(arguments: &AgentsArguments) -> Answer {
    call(&arguments.connection, |operator| agents::run(operator, &arguments.command))
}

fn call<F>(arguments: &ConnectionArguments, command: impl FnOnce(Operator) -> F) -> Answer
where
    F: Future<Output = Result<Answer, OperatorError>>,
{
    attempt(arguments, command).unwrap_or_else(|error| Answer::error(exit(&error), &error))
}

fn attempt<F>(
    arguments: &ConnectionArguments,
    command: impl FnOnce(Operator) -> F,
) -> Result<Answer, OperatorError>
where
    F: Future<Output = Result<Answer, OperatorError>>,
{
    let settings = Settings::find(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| OperatorError::Unreachable {
        address: settings.address(),
        source: source.into(),
    })?;
    runtime.block_on(async { command(connection::connect(&settings).await?).await })
}

const fn exit(error: &OperatorError) -> Exit {
    match error {
        OperatorError::File(_) | OperatorError::Settings { .. } | OperatorError::Trust { .. } => {
            Exit::Misuse
        }
        OperatorError::Reference(_) => Exit::Misuse,
        OperatorError::Refused { .. } => Exit::Refused,
        OperatorError::Unreachable { .. } => Exit::NoConclusion,
    }
}
