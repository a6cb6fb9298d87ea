//! `cloister image boot`: another program, which has the simulator in it. This one must not.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use cloister_attestation::code::{Code, Diagnostic};

use crate::answer::{Answer, Exit};
use crate::arguments::BootArguments;
use crate::codes;

/// The program, which is looked for beside this one and then where programs are.
const PROGRAM: &str = "cloister-boot";

/// The program could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {}", program.display())]
struct NotStarted {
    program: PathBuf,
    source: io::Error,
}

impl Diagnostic for NotStarted {
    fn code(&self) -> &'static Code {
        &codes::BOOT
    }
}

/// Becomes the program. Returns only where that is not possible.
pub(super) fn run(arguments: &BootArguments, json: bool) -> Answer {
    let program = beside().unwrap_or_else(|| PROGRAM.into());
    let json = json.then(|| OsString::from("--json"));
    let source = Command::new(&program).args(json.iter().chain(&arguments.words)).exec();
    Answer::error(Exit::Misuse, &NotStarted { program, source })
}

fn beside() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.with_file_name(PROGRAM);
    program.is_file().then_some(program)
}
