//! What this crate promises, by specification field: `azure/`, `bundle/`, `corim/`, `ear/`,
//! `policy/`, `snp/`, `tdx/`, `tpm/` and `x509/` have the files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::as_conversions,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod attacks;
mod azure;
mod bundle;
mod cache;
mod cmw;
mod corim;
mod diagnosis;
mod ear;
mod event_log;
mod forecast;
mod malleability;
mod policy;
mod publication;
mod snp;
mod tdx;
mod tpm;
mod vectors;
mod x509;
