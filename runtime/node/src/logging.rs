//! Log events on standard error: text or JSON, coloured only on a terminal.

use std::io::IsTerminal as _;

use cloister_attestation::code::{Code, Diagnostic};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogConfig, LogFormat};

cloister_attestation::codes! {
    /// The log filter does not parse.
    FILTER = "node.log.filter", Operator, "",
        "Write log.filter as level or target=level, separated by commas.",
        "The filter follows the directives of the tracing crates: a level (error, warn, info, debug, trace), or a target and a level, as in info,cloister_node=debug.";
    /// Another part of the process took the log first.
    TAKEN = "node.log.taken", Caller, "",
        "Set up logging once in a process, before anything else.",
        "A process has one log. It was set up before the runtime could do so.";
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The filter does not parse.
    #[error("log filter {filter:?} does not parse")]
    Filter {
        /// As configured.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was set up before.
    #[error("the process has a log already")]
    Taken(#[source] TryInitError),
}

impl Diagnostic for LogError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Filter { .. } => &FILTER,
            Self::Taken(_) => &TAKEN,
        }
    }
}

/// The filter that `config` asks for. The environment is not consulted.
///
/// # Errors
/// [`LogError::Filter`].
pub fn filter(config: &LogConfig) -> Result<EnvFilter, LogError> {
    EnvFilter::builder()
        .parse(&config.filter)
        .map_err(|source| LogError::Filter { filter: config.filter.clone(), source })
}

/// Sends the process's log events to standard error from now on.
///
/// # Errors
/// [`LogError`].
pub fn init(config: &LogConfig) -> Result<(), LogError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(config)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match config.format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().finish().try_init(),
    }
    .map_err(LogError::Taken)
}

#[cfg(test)]
mod tests {
    use super::{LogConfig, filter};

    #[test]
    fn a_filter_that_does_not_parse_is_refused() {
        assert!(filter(&LogConfig::default()).is_ok());
        let broken = LogConfig { filter: "info,=loud".into(), ..LogConfig::default() };
        assert!(filter(&broken).is_err());
    }
}
