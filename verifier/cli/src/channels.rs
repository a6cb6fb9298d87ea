//! `cloister channels`: which attested channels a runtime has open, to whom, and how protected.

mod connection;
mod error;
mod print;

use crate::answer::Answer;
use crate::arguments::ChannelsArguments;

pub(crate) use error::CODES;
use error::ChannelsError;

/// Does what `cloister channels` asks for.
pub(crate) fn run(arguments: &ChannelsArguments) -> Answer {
    attempt(arguments).unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

fn attempt(arguments: &ChannelsArguments) -> Result<Answer, ChannelsError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ChannelsError::Process)?;
    let answer = runtime.block_on(connection::ask(arguments.operator))?;
    print::answer(&answer)
}
