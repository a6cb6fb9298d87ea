//! Stable codes: one table entry per thing that can go wrong, with blame and remedy.
//!
//! An error or a [`crate::check::Check`] points at a [`Code`]; nothing else carries the words that
//! an operator reads. That makes "every code is explained" true by construction.

use core::fmt;

/// Who has to act for the failure to go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The other side of a connection, or the machine that produced the Evidence.
    Peer,
    /// AMD, Intel or a cloud provider: a certificate, a CRL, a signed collateral document.
    Endorser,
    /// Whoever runs this installation: configuration, policy, Reference Values.
    Operator,
    /// Whoever called this function or typed this command.
    Caller,
    /// A defect in Cloister itself.
    Cloister,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "peer",
            Self::Endorser => "endorser",
            Self::Operator => "operator",
            Self::Caller => "caller",
            Self::Cloister => "cloister",
        })
    }
}

/// One stable, dotted code and everything that is said about it.
#[derive(Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Code {
    /// The stable name, for example `snp.tcb.below_floor`. Never reused for another meaning.
    pub id: &'static str,
    /// Who has to act.
    pub fault: Fault,
    /// What to do, as one imperative sentence.
    pub remedy: &'static str,
    /// The long form that `cloister explain` prints: what it means and how it comes about.
    pub explanation: &'static str,
    /// The specification and section that the check comes from; empty where it is our own rule.
    pub spec: &'static str,
}

impl Code {
    /// Makes a table entry. Used through [`crate::codes!`], which also lists it for `explain`.
    #[must_use]
    pub const fn new(
        id: &'static str,
        fault: Fault,
        spec: &'static str,
        remedy: &'static str,
        explanation: &'static str,
    ) -> Self {
        Self { id, fault, remedy, explanation, spec }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// An error that says what happened, whose turn it is, and what to do.
pub trait Diagnostic: std::error::Error {
    /// The table entry behind this error.
    fn code(&self) -> &'static Code;

    /// Who has to act for the failure to go away.
    fn fault(&self) -> Fault {
        self.code().fault
    }

    /// One imperative sentence.
    fn remedy(&self) -> &'static str {
        self.code().remedy
    }
}

/// Declares a module's codes and the slice `CODES` that lists them all.
///
/// ```
/// cloister_attestation::codes! {
///     /// The report is not 1184 bytes long.
///     EXAMPLE_LENGTH = "example.length", Peer, "AMD 56860 Table 23",
///         "Send the report exactly as the firmware returned it.",
///         "An example report has one length. This one has another: it was cut or padded.";
/// }
/// assert_eq!(CODES.len(), 1);
/// assert_eq!(EXAMPLE_LENGTH.id, "example.length");
/// ```
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $fault:ident, $spec:literal, $remedy:literal, $explanation:literal;)+) => {
        $(
            $(#[$doc])*
            pub static $name: $crate::code::Code = $crate::code::Code::new(
                $id, $crate::code::Fault::$fault, $spec, $remedy, $explanation,
            );
        )+
        /// Every code of this module, for `cloister explain`.
        pub static CODES: &[&$crate::code::Code] = &[$(&$name),+];
    };
}

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [
        crate::appraise::codes::CODES,
        crate::azure::codes::CODES,
        crate::azure::codes::policy::CODES,
        crate::binding::CODES,
        crate::corim::codes::CODES,
        crate::ear::codes::CODES,
        crate::bundle::codes::CODES,
        crate::envelope::CODES,
        crate::jwk::CODES,
        crate::key::CODES,
        crate::event_log::codes::CODES,
        crate::forecast::CODES,
        crate::manifest::CODES,
        crate::publication::codes::CODES,
        crate::policy::error::CODES,
        crate::reference::CODES,
        crate::snp::codes::parse::CODES,
        crate::snp::codes::verify::CODES,
        crate::snp::codes::appraise::CODES,
        crate::tdx::codes::CODES,
        crate::tdx::policy::codes::CODES,
        crate::tpm::codes::CODES,
        crate::verify::CODES,
        crate::x509::codes::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
