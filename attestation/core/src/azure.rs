//! Azure confidential VMs: Evidence that comes through Azure's paravisor and its virtual TPM.
//!
//! ```text
//!  hardware report or quote --signs--> REPORT_DATA = hash of the runtime data
//!                                        |
//!                             runtime data (JSON) --names--> attestation key of the vTPM
//!                                                              |
//!                                      TPM quote <--signed by--'
//!                                        |--> qualifying data: what the guest is bound to
//!                                        '--> PCRs: what the guest booted
//! ```
//!
//! The guest cannot ask the hardware for a report of its own: the paravisor (HCL) does, before the
//! guest starts, and the guest gets a virtual TPM inside the paravisor. So two things are measured
//! and stay apart: the hardware's measurement is of the paravisor, the PCRs are of the guest. On
//! TDX the quote describes the partition that the paravisor runs in.
//!
//! The key that signs quotes is read from the runtime data that the hardware vouches for, and from
//! nowhere else. Azure's certificate for that key is an optional second voice.
//!
//! What this module deliberately does not do: believe the label under which a report travels,
//! re-encode the JSON before hashing it, or look at the event log.
//!
//! SPEC: Microsoft Learn, "Confidential VM guest attestation" and "Virtual TPMs in Azure
//! confidential VMs"; the structures are those of OpenHCL's `openhcl_attestation_protocol`, `igvm_attest`.

mod ak;
mod ak_chain;
pub mod codes;
mod error;
mod evidence;
mod hcl;
mod json;
mod policy;
pub mod roots;
mod runtime;
mod verify;

pub use error::ParseError;
pub use evidence::{AzureEvidence, Parts};
pub use hcl::{HclHardware, HclReport};
pub use policy::{AkCertificateDemand, AzurePolicy};
pub use runtime::{RuntimeData, VmConfiguration};
pub use verify::{AkCertificate, VerifiedAzure, verify_with};
