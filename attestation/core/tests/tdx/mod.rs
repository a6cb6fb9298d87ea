//! TDX: every field by itself on a simulated guest, recorded evidence, and an independent
//! implementation as oracle.

mod certificates;
mod collateral_age;
pub(crate) mod corpus;
mod every_bit;
mod fields;
pub(crate) mod guest;
mod header;
mod local_report;
mod measurements;
mod missing_collateral;
mod module_identity;
mod mr_service_td;
mod oracle;
mod policy;
mod properties;
mod qe_identity;
mod qe_report;
mod reuse;
mod signature;
mod synthetic_pki;
mod tcb_info;
mod tcb_svn;
mod td_attributes;
mod vectors;
mod xfam;
