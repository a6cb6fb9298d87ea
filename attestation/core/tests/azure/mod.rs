//! Evidence through Azure's paravisor and virtual TPM: a file for each field of an HCL report and
//! for each thing that ties its parts together.

mod ak_certificate;
mod attestation_key;
mod binding;
mod every_bit;
pub(crate) mod guest;
mod hardware_report;
mod hash_type;
mod header;
mod missing_collateral;
mod policy;
pub(crate) mod recorded;
mod reference;
mod report_data;
mod report_type;
mod runtime_data;
mod td_report;
