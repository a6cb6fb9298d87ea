//! The steps of one verification, in order, ending at the first that fails.

use core::fmt;

use crate::check::Check;
use crate::code::{Code, Diagnostic};
use crate::verify::{Missing, VerifyError};
use crate::x509::{Certificate, X509Error};

/// Outcomes so far. None of them failed.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<Check>);

impl Steps {
    /// Continues after `earlier`, none of which failed.
    pub(super) fn after(earlier: &[Check], further: usize) -> Self {
        let mut checks = Vec::with_capacity(earlier.len().saturating_add(further));
        checks.extend_from_slice(earlier);
        Self(checks)
    }

    /// Takes one step; a failed one ends the verification.
    pub(super) fn take(&mut self, check: Check) -> Result<(), VerifyError> {
        if check.failed() {
            return Err(self.refuse(check));
        }
        self.0.push(check);
        Ok(())
    }

    /// Takes a step again that was taken before, at this time.
    pub(super) fn retake(&mut self, check: Check) -> Result<(), VerifyError> {
        self.0.retain(|earlier| earlier.code != check.code);
        self.take(check)
    }

    /// Ends the verification at a check that failed.
    pub(super) fn refuse(&mut self, failed: Check) -> VerifyError {
        VerifyError::refused(core::mem::take(&mut self.0), failed)
    }

    /// Ends the verification at a certificate or CRL that does not read.
    pub(super) fn refuse_x509(&mut self, error: &X509Error) -> VerifyError {
        self.refuse(Check::decided(error.code(), false, "a certificate or CRL that reads", error))
    }

    /// Takes one step that an X.509 operation decided.
    pub(super) fn decide(
        &mut self,
        code: &'static Code,
        outcome: Result<(), X509Error>,
        expected: impl fmt::Display,
    ) -> Result<(), VerifyError> {
        match outcome {
            Ok(()) => self.take(Check::met(code, expected)),
            Err(error) => Err(self.refuse(Check::decided(code, false, expected, error))),
        }
    }

    /// Reads a certificate; one that does not read ends the verification.
    pub(super) fn parse(&mut self, der: &[u8]) -> Result<Certificate, VerifyError> {
        Certificate::parse(der).map_err(|error| self.refuse_x509(&error))
    }

    /// Takes the step that `issuer` signed `certificate`.
    pub(super) fn signed(
        &mut self,
        code: &'static Code,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<(), VerifyError> {
        let expected = format!("{} signed by {}", certificate.subject(), issuer.subject());
        self.decide(code, certificate.verify_signed_by(issuer), expected)
    }

    /// Ends without a conclusion.
    pub(super) fn incomplete(&mut self, missing: Missing) -> VerifyError {
        VerifyError::Incomplete { missing: vec![missing], checks: core::mem::take(&mut self.0) }
    }

    /// Everything that was found. None of it failed.
    pub(super) fn into_checks(self) -> Vec<Check> {
        self.0
    }
}
