//! Evidence in files: what it says, and what is to be thought of it.
//!
//! Everything that is decided here is decided by `cloister-attestation`; this module finds the
//! files, hands them over in order, and tells the outcome.

mod authorities;
pub(crate) mod demands;
mod diagnose;
mod diff;
mod difference;
pub mod folder;
mod inspect;
mod log;
pub(crate) mod print;
pub(crate) mod stages;
pub mod verdict;
pub(crate) mod vtpm;

use std::path::Path;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::event_log::HashAlgorithm;

use crate::answer::{Answer, Exit};
use crate::arguments::{EvidenceCommand, VerifyArguments};
use crate::codes;
use crate::evidence::folder::{Folder, FolderError};
use crate::file;
use crate::result;

pub(crate) use demands::as_of;
pub use demands::{Demands, DemandsError};
pub use stages::judge;

/// Does what `cloister evidence` asks for.
#[must_use]
pub(crate) fn run(command: &EvidenceCommand) -> Answer {
    match command {
        EvidenceCommand::Inspect { path } => inspect(path),
        EvidenceCommand::Log(arguments) => log::answer(arguments),
        EvidenceCommand::Diff { first, second } => diff::answer(first, second),
        EvidenceCommand::Diagnose(arguments) => diagnose::answer(arguments),
        EvidenceCommand::Verify(arguments) => verify(arguments),
    }
}

fn inspect(path: &Path) -> Answer {
    match Folder::open(path) {
        Ok(folder) => inspect::answer(&folder),
        Err(error) => misuse(&error),
    }
}

fn verify(arguments: &VerifyArguments) -> Answer {
    let demands = match Demands::from_arguments(arguments) {
        Ok(demands) => demands,
        Err(error) => return Answer::error(error.exit(), &error),
    };
    match folder(arguments) {
        Ok(folder) => {
            let verdict = judge(&folder, &demands);
            let answer = print::answer(&verdict, &demands);
            result::written(answer, &verdict, &demands, &arguments.token)
        }
        Err(error) => misuse(&error),
    }
}

/// The folder that the arguments name, with the event log that they name.
fn folder(arguments: &VerifyArguments) -> Result<Folder, FolderError> {
    let folder = Folder::open(&arguments.folder)?;
    match &arguments.event_log {
        Some(path) => Ok(folder.with_event_log(file::read(path)?)),
        None => Ok(folder),
    }
}

/// The log does not have the bank that is asked for.
#[derive(Debug, thiserror::Error)]
#[error("the log has no digests of {bank}, only of {}", names(.banks))]
struct NoBank {
    bank: HashAlgorithm,
    banks: Vec<HashAlgorithm>,
}

impl Diagnostic for NoBank {
    fn code(&self) -> &'static Code {
        &codes::BANK
    }
}

fn names(banks: &[HashAlgorithm]) -> String {
    banks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn misuse(error: &dyn Diagnostic) -> Answer {
    Answer::error(Exit::Misuse, error)
}
