//! Machines under QEMU, without an image: what the crate does by itself. QEMU is the machine's own, or
//! the pinned one, which is fetched on first use.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects has to stop"
)]

mod machine;
mod vtpm;
