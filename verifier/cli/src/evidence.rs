//! Evidence in files: what it says, and what is to be thought of it.
//!
//! Everything that is decided here is decided by `cloister-attestation`; this module finds the
//! files, hands them over in order, and tells the outcome.

mod authorities;
mod demands;
pub mod folder;
mod inspect;
mod print;
mod stages;
pub mod verdict;

use std::path::Path;

use cloister_attestation::code::Diagnostic;

use crate::answer::{Answer, Exit};
use crate::arguments::{EvidenceCommand, VerifyArguments};
use crate::evidence::folder::Folder;

pub use demands::{Demands, DemandsError};
pub use stages::judge;

/// Does what `cloister evidence` asks for.
#[must_use]
pub(crate) fn run(command: &EvidenceCommand) -> Answer {
    match command {
        EvidenceCommand::Inspect { path } => inspect(path),
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
        Err(error) => return misuse(&error),
    };
    match Folder::open(&arguments.folder) {
        Ok(folder) => print::answer(&judge(&folder, &demands), &demands),
        Err(error) => misuse(&error),
    }
}

fn misuse(error: &dyn Diagnostic) -> Answer {
    Answer::error(Exit::Misuse, error)
}
