//! The simulator against Cloister's own verifier, against independent readers, and against the
//! recorded certificates of real machines.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first thing that is not as it should be, and says why it was skipped"
)]

mod determinism;
mod launch;
mod process_image;
mod real_shape;
mod snp;
mod support;
mod tdx;
