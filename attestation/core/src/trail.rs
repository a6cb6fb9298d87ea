//! The steps of one verification, in order, up to the first that fails.

use core::fmt;

use crate::check::Check;
use crate::code::{Code, Diagnostic};
use crate::verify::{Missing, VerifyError};
use crate::x509::{Certificate, X509Error};

/// Collects checks; the first failed one ends the verification.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    checks: Vec<Check>,
}

impl Trail {
    /// Continues after checks that were taken earlier, none of which failed, with room for more.
    pub(crate) fn after(earlier: &[Check], further: usize) -> Self {
        let mut checks = Vec::with_capacity(earlier.len().saturating_add(further));
        checks.extend_from_slice(earlier);
        Self { checks }
    }

    /// Records `check`, or ends here if it failed.
    pub(crate) fn require(&mut self, check: Check) -> Result<(), VerifyError> {
        if check.failed() {
            return Err(self.refuse(check));
        }
        self.checks.push(check);
        Ok(())
    }

    /// Takes a step again that was taken before, at this time.
    pub(crate) fn retake(&mut self, check: Check) -> Result<(), VerifyError> {
        self.checks.retain(|earlier| earlier.code != check.code);
        self.require(check)
    }

    /// Records that `outcome` succeeded and returns what it holds, or ends here with its error.
    pub(crate) fn holds<T, E: fmt::Display>(
        &mut self,
        code: &'static Code,
        expected: impl fmt::Display,
        outcome: Result<T, E>,
    ) -> Result<T, VerifyError> {
        match outcome {
            Ok(value) => {
                self.require(Check::met(code, expected))?;
                Ok(value)
            }
            Err(error) => Err(self.refuse(Check::decided(code, false, expected, error))),
        }
    }

    /// Requires that `issuer` signed `certificate` and may do so.
    pub(crate) fn signed(
        &mut self,
        code: &'static Code,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<(), VerifyError> {
        let (subject, issued_by) = (certificate.subject(), issuer.subject());
        let outcome = certificate.verify_signed_by(issuer);
        self.holds(code, format_args!("{subject} signed by {issued_by}"), outcome)
    }

    /// Reads a certificate; one that does not read ends the verification.
    pub(crate) fn certificate(&mut self, der: &[u8]) -> Result<Certificate, VerifyError> {
        Certificate::parse(der).map_err(|error| self.refuse_x509(&error))
    }

    /// Ends the verification at a check that failed.
    pub(crate) fn refuse(&mut self, failed: Check) -> VerifyError {
        VerifyError::refused(core::mem::take(&mut self.checks), failed)
    }

    /// Ends the verification at a certificate or CRL that does not read.
    pub(crate) fn refuse_x509(&mut self, error: &X509Error) -> VerifyError {
        self.refuse(Check::decided(error.code(), false, "a certificate or CRL that reads", error))
    }

    /// Ends without a conclusion.
    pub(crate) fn incomplete(&mut self, missing: Missing) -> VerifyError {
        let checks = core::mem::take(&mut self.checks);
        VerifyError::Incomplete { missing: vec![missing], checks }
    }

    /// How many steps were taken.
    pub(crate) const fn len(&self) -> usize {
        self.checks.len()
    }

    /// The steps after the first `taken`.
    pub(crate) fn since(&self, taken: usize) -> &[Check] {
        self.checks.get(taken..).unwrap_or_default()
    }

    /// Records steps once more that were taken before, for the same content at the same time.
    pub(crate) fn repeat(&mut self, checks: &[Check]) {
        self.checks.extend_from_slice(checks);
    }

    /// Records that a check could not be taken, and why.
    pub(crate) fn not_asserted(&mut self, code: &'static Code, why: impl fmt::Display) {
        self.checks.push(Check::not_asserted(code, why));
    }

    /// Records that a check has no meaning here, and why.
    pub(crate) fn not_applicable(&mut self, code: &'static Code, why: impl fmt::Display) {
        self.checks.push(Check::not_applicable(code, why));
    }

    /// Every check, none of them failed.
    pub(crate) fn into_checks(self) -> Vec<Check> {
        self.checks
    }
}
