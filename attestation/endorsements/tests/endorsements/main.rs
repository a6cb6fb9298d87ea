//! The fetcher against services that the tests start: what is asked, what is believed, what stays.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should stop there"
)]

mod bounds;
mod completion;
mod hosts;
mod kept;
mod trust;
mod world;
