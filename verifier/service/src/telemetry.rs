//! The log: to standard error, for people or for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Log, LogFormat};

/// Starts logging. Called once, by the binary.
///
/// # Errors
/// [`ParseError`] if the filter does not parse; the configuration has checked that it does.
pub fn start(log: &Log) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
        LogFormat::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            subscriber.with_ansi(std::io::stderr().is_terminal() && !plain).init();
        }
    }
    Ok(())
}
