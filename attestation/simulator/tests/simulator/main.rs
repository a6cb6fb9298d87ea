//! The simulator against Cloister's own verifier, against independent readers, and against the
//! recorded certificates of real machines.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one outcome and fail on every other"
)]

mod determinism;
mod process_image;
mod real_shape;
mod snp;
mod support;
mod tdx;
