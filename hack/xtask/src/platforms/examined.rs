//! What was checked, what could not be, and what is wrong.

use core::fmt;

use crate::ci::Outcome;

/// The result of looking at some files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Examined {
    /// What was checked, a few words each.
    pub(super) checked: Vec<String>,
    /// What could not be checked here, and why.
    pub(super) skipped: Vec<String>,
    pub(super) problems: Vec<String>,
}

impl Examined {
    /// Checked, with what was found wrong.
    pub(super) fn checked(what: impl Into<String>, problems: Vec<String>) -> Self {
        Self { checked: vec![what.into()], skipped: Vec::new(), problems }
    }

    /// Not checked.
    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self { skipped: vec![why.into()], ..Self::default() }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.checked.extend(other.checked);
        self.skipped.extend(other.skipped);
        self.problems.extend(other.problems);
    }

    pub(super) fn into_outcome(self) -> Outcome {
        let skipped = self.skipped.into_iter().map(|why| format!("skipped: {why}"));
        Outcome::of(self.checked.join(", "), self.problems).with_details(skipped)
    }
}

impl fmt::Display for Examined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.iter().try_for_each(|problem| writeln!(f, "problem  {problem}"))?;
        self.checked.iter().try_for_each(|what| writeln!(f, "checked  {what}"))?;
        self.skipped.iter().try_for_each(|why| writeln!(f, "skipped  {why}"))
    }
}
