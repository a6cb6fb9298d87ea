//! AMD SEV-SNP: attestation reports, AMD's certificate chain, and what a policy may demand.
//!
//! ```text
//!  1184 bytes --Report::parse--> Report ---------------------.
//!                                                            v
//!  VCEK/VLEK, ASK/ASVK, ARK, CRL --verify_chain--> VerifiedChain --verify_report--> VerifiedReport
//!                                 pinned ARK key,                 signature, product,      |
//!                                 time, revocation                chip, TCB                v
//!                                                                        SnpPolicy::appraise --> checks
//! ```
//!
//! What each stage refuses:
//! - *parse*: what is no report of a known version. Length, version, fields that must be zero,
//!   values that the specification reserves. Nothing is believed yet.
//! - *verify*: what AMD's key did not sign, or what contradicts itself or its endorsements. No
//!   policy: a report of a debugged guest at an old TCB verifies.
//! - *appraise*: what the Relying Party does not want. Every demand is one check, and a field
//!   without a demand shows as `not_asserted`.
//!
//! SPEC: AMD 56860 (SEV-SNP Firmware ABI) and AMD 57230 (VCEK certificate and KDS interface),
//! by table, in the comments.

mod appraise;
mod certificate_table;
mod chain;
pub mod codes;
mod consistency;
mod demand;
mod endorsements;
mod error;
mod firmware;
mod guest_policy;
mod kds;
mod platform_info;
mod policy;
mod product;
mod report;
pub mod roots;
mod signature;
mod signing_key;
mod tcb;
mod vek;
mod verify;

pub use certificate_table::{CertificateTable, CertificateTableError};
pub use chain::{VerifiedChain, verify_chain};
pub(crate) use chain::{named, verify_authorities, verify_crl};
pub use demand::{Bit, Bits, Floor, Unwanted};
pub use endorsements::Endorsements;
pub use error::ParseError;
pub use firmware::{AbiVersion, Cpuid, FirmwareVersion};
pub use guest_policy::GuestPolicy;
pub(crate) use kds::vek as vek_missing;
pub use platform_info::PlatformInfo;
pub use policy::{
    GuestDemands, LaunchDemands, PlatformDemands, SignerDemands, SnpPolicy, TcbDemands, TcbFloors,
};
pub use product::Product;
pub use report::Report;
pub use signing_key::SigningKey;
pub use tcb::{Tcb, TcbVersion};
pub(crate) use vek::VekExtensions;
pub use vek::VekOwner;
pub use verify::{VerifiedReport, verify, verify_report};
