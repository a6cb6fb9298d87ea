//! The crate from outside: images from folders, packages of the distribution, and the same formats
//! read by other programs.
#![forbid(unsafe_code)]
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends there, and says why one was skipped"
)]

mod agents;
mod folder;
mod kinds;
mod measure;
mod oracles;
mod packages;
mod parsers;
mod reproducible;
