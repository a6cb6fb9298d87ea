//! Whether revocation was checked, and what a policy makes of it where it was not.

use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::code::Code;

/// Whether revocation was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// Fresh CRLs name none of the certificates.
    Checked,
    /// A CRL that it takes was not there.
    Unknown,
}

/// Whether revocation has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevocationDemand {
    /// A fresh CRL has to have been checked.
    Required,
    /// Without a CRL the result says `not_asserted`. A CRL that is there counts in any case.
    AcceptUnknown,
}

impl RevocationDemand {
    /// The demand that is met by what was `known`, and no wider.
    pub(crate) const fn met_by(known: Revocation) -> Self {
        match known {
            Revocation::Checked => Self::Required,
            Revocation::Unknown => Self::AcceptUnknown,
        }
    }

    /// The check's outcome for what is `known`.
    pub(crate) fn check(self, code: &'static Code, known: Revocation) -> Check {
        match (self, known) {
            (_, Revocation::Checked) => Check::decided(code, true, "checked", "checked"),
            (Self::Required, Revocation::Unknown) => {
                Check::decided(code, false, "checked", "no CRL")
            }
            (Self::AcceptUnknown, Revocation::Unknown) => Check::not_asserted(code, "no CRL"),
        }
    }
}
