//! Runs the built program.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What one run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The one JSON value on standard output; anything else there is a failure.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "one line, not {:?}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The program, untouched by the settings of whoever runs the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloister"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs with these words.
pub(crate) fn cloister<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Run {
    finish(command().args(words))
}

/// Runs a prepared command.
pub(crate) fn finish(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        exit: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}
