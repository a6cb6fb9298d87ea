//! `cloister`: see `cloister --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use cloister::answer::{Answer, Exit};
use cloister::arguments::Arguments;

fn main() -> ExitCode {
    let (answer, json) = match Arguments::try_parse() {
        Ok(arguments) => (cloister::run(&arguments), arguments.json),
        Err(error) if error.use_stderr() => {
            // Nothing is left to do if not even the complaint can be printed.
            let _ = error.print();
            return Exit::Misuse.into();
        }
        Err(help) => (Answer::text(help.render().ansi().to_string()), false),
    };
    answer.print(json).into()
}
