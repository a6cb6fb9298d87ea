//! `cloister channels`: which attested channels a runtime has open, to whom, and how protected.

mod connection;
mod error;
mod print;

use std::net::SocketAddr;

use bytes::Bytes;

use crate::answer::Answer;
use crate::arguments::ChannelsArguments;

pub(crate) use error::{CODES, ChannelsError};

/// Does what `cloister channels` asks for.
pub(crate) fn run(arguments: &ChannelsArguments) -> Answer {
    attempt(arguments).unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

fn attempt(arguments: &ChannelsArguments) -> Result<Answer, ChannelsError> {
    print::answer(&ask(arguments.operator, "/v1/channels")?)
}

/// What the runtime at `operator` says under `path`.
pub(crate) fn ask(operator: SocketAddr, path: &'static str) -> Result<Bytes, ChannelsError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ChannelsError::Process)?;
    runtime.block_on(connection::ask(operator, path))
}
