//! A software TEE: signs real SEV-SNP reports and real TDX quotes for a described guest, under a
//! vendor hierarchy of its own.
//!
//! ```text
//!  seed --> Pki --> AMD-like roots, intermediates, VCEK/VLEK, CRL
//!             |     Intel-like root, PCK, TCB info, QE identity, CRLs
//!             v
//!  ProcessImage --measures--> SnpGuest / TdxGuest --sign--> report / quote
//!                                  |--paravisor--> AzureGuest --> HCL report, TPM quote
//!                                  |                   '--> swtpm, which quotes by itself
//!                                  |
//!                                  +--> server (unix socket)   --> cloister-attester
//!                                  +--> tsm_fs (FUSE configfs) --> cloister-attester
//!             |
//!             +--> publisher (HTTP: KDS and PCS) --> cloister-endorsements
//! ```
//!
//! Everything that a vendor would sign is in the vendor's format and everything that a vendor's
//! chip would check is checked by nobody: the point is that a Verifier cannot be fooled by it.
//! Its roots are derived from a seed, so no policy that demands a vendor's root can accept it, and
//! its certificates, chip ids and platform ids say `simulator` to whoever looks.
//!
//! What this crate deliberately does not do: keep anything secret. Whoever knows the seed can sign.
//!
//! Read first: [`Pki`], [`SnpGuest`] and [`TdxGuest`]. Each guest has a hook before every
//! signature, so that a test can sign exactly the wrong thing.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a development tool over values that it made itself: a broken one should stop at once"
)]

pub mod asn1;
pub mod azure;
mod cache;
pub mod ccel;
pub mod certificate;
pub mod crl;
mod guest;
mod hook;
mod image;
mod key;
pub mod launch;
mod name;
mod pki;
mod prime;
pub mod publisher;
pub mod server;
pub mod snp;
mod stream;
pub mod swtpm;
pub mod tdx;
pub mod tsm_fs;

pub use azure::AzureGuest;
pub use ccel::Ccel;
pub use guest::Guest;
pub use image::{ImageFiles, ProcessImage, reference_values};
pub use key::{Algorithm, Salt, SigningKey};
pub use name::{MARKER, Name};
pub use pki::Pki;
pub use snp::SnpGuest;
pub use tdx::TdxGuest;
