//! Records, trees, checkpoints and whole logs, through the public interface.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod checkpoints;
mod codes;
mod log;
mod logs;
mod records;
mod tree;
mod witnesses;
