//! Tests that need more than one crate: the shipped binaries, started as anybody would start them.
//!
//! There is no code here. `end_to_end/` holds one binary with a module for each topic; what the
//! tests share is `cloister-devnet`, which the demo uses too.
#![forbid(unsafe_code)]
