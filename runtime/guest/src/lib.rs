//! The first process of a guest, and the fence around the agent.
//!
//! ```text
//!  kernel --> cloisterd (process 1)            --> cloisterd (runtime) --> agent, in its fence
//!             mounts, modules, network,            started and awaited
//!             clock, hardening; reaps, powers off
//! ```
//!
//! A guest has no other program: no shell, no login, nothing that listens but the runtime. Each step
//! is a function here, the order is the runtime's `guest` module. A step that fails ends the
//! guest, unless the kernel lacks what the step would switch off, which is logged.
//!
//! What this crate deliberately does not do: read the measured file, speak to a Verifier, or decide
//! what an agent may do; it is told.
#![forbid(unsafe_code)]

pub mod clock;
pub mod console;
pub mod dhcp;
mod error;
pub mod fence;
pub mod handover;
pub mod hardening;
pub mod metadata;
pub mod modules;
pub mod mounts;
mod netlink;
pub mod network;
pub mod power;

pub use error::{CODES, GuestError};

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static cloister_attestation::code::Code> {
    CODES.iter().chain(fence::CODES).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::codes;

    #[test]
    fn no_two_codes_share_an_id() {
        let ids: BTreeSet<_> = codes().map(|code| code.id).collect();
        assert_eq!(ids.len(), codes().count());
        assert!(ids.iter().all(|id| id.starts_with("guest.")));
    }
}
