//! Collects Evidence inside a guest: asks the TEE for a report or quote over 64 given bytes.
//!
//! ```text
//!  Choice --open--> Attester --collect(REPORT_DATA)--> Collected
//!                      |
//!                      +-- configfs-tsm       SEV-SNP and TDX, Linux 6.7 and later
//!                      +-- /dev/sev-guest     SEV-SNP on older kernels
//!                      +-- /dev/tpmrm0        both, behind Azure's paravisor
//!                      +-- simulator socket   never found by itself, only when named
//! ```
//!
//! All calls block: a report takes milliseconds, a quote up to seconds. What comes back is what the
//! hardware said, checked only for being an answer to this question: it parses, and it carries the
//! bytes that were asked for.
//!
//! What this crate deliberately does not do: verify signatures, which a guest cannot do for itself;
//! guess (a machine without a TEE is an error with a remedy, and a TEE that was asked for is never
//! replaced by another); take a TPM for a TEE; or hold a key. A binary with this crate inside can talk to a simulator,
//! and what comes out is refused wherever a vendor's root is demanded.
//!
//! Read first: [`Attester`] and [`AttesterError`].
#![deny(unsafe_code)]

mod attester;
mod choice;
pub mod codes;
mod device;
pub mod doctor;
mod error;
mod event_log;
#[expect(unsafe_code, reason = "the one place where the kernel is given addresses")]
mod ioctl;
pub mod limits;
mod machine;
mod platform;
mod simulator;
pub mod tpm;
mod tsm;
mod vtpm;

pub use attester::{Attester, Collected};
pub use choice::{Choice, Interface, Options};
pub use codes::codes;
pub use error::AttesterError;
pub use simulator::SimulatorAnswer;
pub use vtpm::{QuoteService, QuoteServiceAnswer, QuoteServiceError};
