//! One broken rule, where, and what to do.

use core::fmt;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(super) struct Finding {
    pub(super) file: String,
    /// Counted from one; one where the whole file is meant.
    pub(super) line: usize,
    pub(super) rule: &'static str,
    pub(super) problem: String,
    /// What to do, as one imperative sentence.
    pub(super) remedy: &'static str,
}

impl Finding {
    pub(super) fn new(
        place: (&str, usize),
        rule: &'static str,
        problem: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { file: place.0.to_owned(), line: place.1, rule, problem: problem.into(), remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {} {}", self.file, self.line, self.rule, self.problem, self.remedy)
    }
}
