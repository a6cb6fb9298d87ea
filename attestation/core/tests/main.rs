//! What this crate promises, by specification field: `snp/`, `tdx/`, `x509/` and `ear/` have
//! the files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

mod ear;
mod event_log;
mod snp;
mod tdx;
mod vectors;
mod x509;
