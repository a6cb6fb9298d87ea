//! The steps of one verification, in order, up to the first that fails.

use core::fmt;

use crate::check::Check;
use crate::code::Code;
use crate::verify::VerifyError;

/// Collects checks; the first failed one ends the verification.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    checks: Vec<Check>,
}

impl Trail {
    /// Continues after checks that were taken earlier.
    pub(crate) fn after(checks: &[Check]) -> Self {
        Self { checks: checks.to_vec() }
    }

    /// Records `check`, or ends here if it failed.
    pub(crate) fn require(&mut self, check: Check) -> Result<(), VerifyError> {
        if check.failed() {
            return Err(VerifyError::refused(core::mem::take(&mut self.checks), check));
        }
        self.checks.push(check);
        Ok(())
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
            Err(error) => {
                let failed = Check::decided(code, false, expected, error);
                Err(VerifyError::refused(core::mem::take(&mut self.checks), failed))
            }
        }
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
