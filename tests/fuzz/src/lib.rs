//! What is done to hostile input: one [`Target`] for each parser.
//!
//! ```text
//!  seeds (made by the simulator)  --.
//!  mutation (seeded, structure-aware) +--> Target::run --> Accepted, Refused, or a panic
//!  libFuzzer (coverage-guided)    --'
//! ```
//!
//! A target takes any bytes. It panics where the code under test breaks a promise: it panics
//! itself, answers differently the second time, accepts more than its limit, loses received bytes,
//! or believes something that nobody signed. Refusing is never wrong here; that what is genuine is
//! accepted is checked over the seeds.
//!
//! The tests of this crate run every target over a bounded number of seeded mutations, in every
//! `cargo ci`. `cargo xtask fuzz` runs the same functions under libFuzzer.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test tool: it panics where a promise is broken"
)]

pub mod mutation;
mod targets;
mod world;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken for what it says it is, and every promise about that held.
    Accepted,
    /// It was refused.
    Refused,
}

/// One parser under hostile input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Names the parser.
    pub name: &'static str,
    /// The target.
    pub run: fn(&[u8]) -> Outcome,
    /// Genuine inputs, each of which is accepted.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Longer inputs say nothing new; a little above what the parser takes where that is small.
    pub bytes_max: usize,
    /// How many mutated inputs a test run tries: fewer where each takes long.
    pub quick_inputs: u32,
}

pub use targets::ALL;

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
