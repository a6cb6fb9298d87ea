//! What this crate promises, by specification field: `bundle/`, `ear/`, `snp/`, `tdx/` and `x509/`
//! have the files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

mod attacks;
mod bundle;
mod ear;
mod event_log;
mod malleability;
mod snp;
mod tdx;
mod vectors;
mod x509;
