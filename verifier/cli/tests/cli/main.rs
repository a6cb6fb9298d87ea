//! The built program, as a person or a script runs it: exit codes, JSON, text.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends there, and says why one was skipped"
)]

mod audit;
mod authorization;
mod azure;
mod bundle;
mod channels;
mod connect;
mod event_log;
mod evidence;
mod explain;
mod fleet;
mod image;
mod measure;
mod operator;
mod policy;
mod program;
mod recorded;
mod reference;
mod remote;
mod results;
mod runtime;
mod simulated;
mod terminal;
mod verifier;
