//! Boots a measured image under QEMU. The simulator is the guest's security processor: it measures
//! what QEMU is handed, and signs for that and for nothing else.
//!
//! ```text
//!  image folder --read once--> Handed --+-- sealed memory --> QEMU: kernel, initrd, command line
//!                                       |                      |
//!                                       +--> SoftwareTee ------+ serial port org.cloister.tee
//!                                              | measured
//!  image folder + shape --calculators--> Comparison --> a row for each register
//!                          predicted
//! ```
//!
//! A machine with a virtual TPM is handed nothing but firmware and a disk, and measures itself: see
//! [`vtpm`].
//!
//! The two sides of a comparison share no code: what is predicted comes from `cloister-image`, and
//! what is measured from `cloister_simulator::launch`, which works as the hardware does.
//!
//! What this crate deliberately does not do: protect anything. The guest's memory is as open to
//! this machine as that of any process, its reports are signed under a root that everybody can
//! make, and a Verifier refuses them unless it names that root.
//!
//! Read first: [`Handed`], [`SoftwareTee`] and [`Running`].
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_errors_doc,
    reason = "every function here fails with an anyhow error for a person to read"
)]

pub mod accelerator;
pub mod arguments;
pub mod comparison;
pub mod component;
pub mod console;
pub mod handed;
pub mod machine;
pub mod node;
pub mod platform;
pub mod prediction;
pub mod qemu;
mod sealed;
pub mod session;
pub mod tee;
pub mod tools;
mod tree;
pub mod vtpm;

pub use comparison::Comparison;
pub use handed::Handed;
pub use machine::{Machine, Running};
pub use platform::Platform;
pub use qemu::Qemu;
pub use tee::{SoftwareTee, TeeKind};
pub use vtpm::{BootComparison, Bootable, Vtpm};
