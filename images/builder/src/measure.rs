//! What each platform will measure of an image: pure functions from bytes to digests.
//!
//! ```text
//!  firmware -- Firmware::parse --+--> snp::Launched -- digest(vCPUs, CPU, features) --> launch digest
//!  kernel, initrd, command line -+--> tdx::mr_td, tdx::rtmr: MRTD, RTMR0 to RTMR2
//!  UKI -- Pe::parse -------------+--> vtpm::Values: PCR 4, 9, 11
//!  shapes (TOML) -- Shapes::parse --> predict: one Prediction for each launch shape
//! ```
//!
//! A prediction is what a machine will report if it launches exactly these bytes in this shape.
//! Whatever a calculator does not know of (a section, an attribute, an event) is refused and never
//! skipped: a digest of less than what is launched would match nothing, and say nothing of why.
//!
//! What this module deliberately does not do: read files, ask the machine that it runs on, or
//! sign. An RTMR, a PCR and a launch digest are types of their own.
//!
//! Read first: [`predict`] and [`Shapes`].

pub mod codes;
mod error;
pub mod event;
pub mod firmware;
mod gpt;
mod hash;
pub mod limits;
mod pe;
mod prediction;
pub mod shape;
pub mod snp;
mod stub;
pub mod tdx;
pub mod vtpm;

pub use error::MeasureError;
pub use gpt::partition_event;
pub use pe::{Pe, Section};
pub use prediction::{Files, Image, Prediction, Value, predict, reference_values};
pub use shape::Shapes;
