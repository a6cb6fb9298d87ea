//! The signed structures around a quote, field by field: a file for each structure, a module for
//! each field under the specification's name.

mod auth_data;
mod extended_report;
mod pck_certificate;
mod qe_identity;
mod tcb_info;

use cloister_attestation::time::UnixTime;

use super::guest::NOW;

/// A time in Intel's form, so many seconds from now.
fn at(offset: i64) -> String {
    UnixTime::from_secs(NOW.as_secs().checked_add_signed(offset).unwrap()).to_string()
}
