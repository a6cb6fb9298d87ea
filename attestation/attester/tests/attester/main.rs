//! The attester against the simulator: over its socket, through a FUSE stand-in for configfs-tsm,
//! and through a real TPM that a simulated paravisor has set up.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be, and says why it was skipped"
)]

mod codes;
mod doctor;
mod paravisor;
mod paravisor_refused;
mod platform;
mod quote_service;
mod simulator_port;
mod simulator_socket;
mod support;
mod swtpm;
mod tsm;
mod tsm_race;
mod tsm_retry;
mod vm;
