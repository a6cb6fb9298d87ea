//! TPM structures: a file for each field of a quote, and for the structures beside it.

mod attest_type;
mod clock_info;
mod extra_data;
mod firmware_version;
mod magic;
mod pcr_digest;
mod pcr_select;
mod pcr_values;
mod public_area;
mod qualified_signer;
mod recorded;
mod signature;
