//! `cloister bundle`: what Evidence is judged with, as one signed file.
//!
//! Everything that is decided here is decided by `cloister-attestation`; this module reads folders,
//! asks the vendors where it is told to, and writes the file.

mod create;
mod error;
mod fetch;
mod keygen;
mod listing;
pub(crate) mod sources;
mod verify;

pub(crate) use keygen::{read as signing_key, read_private};

use crate::answer::Answer;
use crate::arguments::BundleCommand;

pub(crate) use error::CommandError;
pub(crate) use fetch::Online;
pub(crate) use sources::Folder;

/// Does what `cloister bundle` asks for.
pub(crate) fn run(command: &BundleCommand) -> Answer {
    let done = match command {
        BundleCommand::Create(arguments) => create::run(arguments),
        BundleCommand::Verify(arguments) => verify::run(arguments),
        BundleCommand::Keygen { out } => keygen::run(out),
    };
    done.unwrap_or_else(|error| Answer::error(error.exit(), &error))
}
