//! The command line: verify Evidence offline, admit images, operate the fleet, explain errors.
//!
//! ```text
//!  words --Arguments--> command --run--> Answer { exit, text, json } --print--> terminal or pipe
//!                          |
//!                          +-- evidence   files in, verdict out; no network
//!                          +-- verify     one connection to a runtime; all of its answer judged
//!                          +-- connect    a local port to a runtime that was verified
//!                          +-- bundle     what evidence is judged with, as one signed file
//!                          +-- result     tokens in, who concluded what out; no network
//!                          +-- audit      a runtime's log in, whether it is honest out; no network
//!                          +-- image      an agent's folder in, a measured image out; its admission
//!                          +-- agents, keys   one call to a Verifier each
//!                          +-- channels   one call to a runtime on this machine
//!                          +-- fleet      what is to be expected of all machines
//!                          +-- explain, doctor, completions, man
//! ```
//!
//! A command returns an [`answer::Answer`] and prints nothing itself (but `connect`, which has one
//! when it begins and one when it ends), so that everything which can
//! be asked on a terminal can be asked by a program (`--json`) and by a test.
//!
//! What this crate deliberately does not do: fetch anything unless it is told to (`--fetch`), decide anything that
//! `cloister-attestation` decides, or keep state.
//!
//! Read first: [`evidence::verdict::Verdict`] and [`answer::Exit`].
#![forbid(unsafe_code)]

pub mod answer;
pub mod arguments;
mod audit;
mod bundle;
mod channels;
mod clock;
pub mod codes;
mod connect;
pub mod doctor;
pub mod evidence;
pub mod explain;
pub mod file;
mod fleet;
mod image;
pub mod operator;
mod policy;
mod reference;
mod remote;
mod result;
mod text;
mod tools;

use arguments::{Arguments, Command};

use crate::answer::Answer;

/// Does what the arguments ask for.
#[must_use]
pub fn run(arguments: &Arguments) -> Answer {
    match &arguments.command {
        Command::Evidence { command } => evidence::run(command),
        Command::Verify(arguments) => remote::run(arguments),
        Command::Connect(options) => connect::run(options, arguments.json),
        Command::Bundle { command } => bundle::run(command),
        Command::Result { command } => result::run(command),
        Command::Policy { command } => policy::run(command),
        Command::Image { command } => image::run(command, arguments.json),
        Command::Agents(agents) => operator::run_agents(agents),
        Command::Keys(keys) => operator::run_keys(keys),
        Command::Audit { command } => audit::run(command),
        Command::Tools { command } => tools::run(command),
        Command::Channels(arguments) => channels::run(arguments),
        Command::Fleet(fleet) => fleet::run(fleet),
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Doctor(options) => doctor::run(options),
        Command::Completions { shell } => reference::completions(*shell),
        Command::Man { directory } => reference::man(directory.as_deref()),
    }
}
