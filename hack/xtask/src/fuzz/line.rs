//! What one search found, out of libFuzzer's log.

use core::fmt;
use std::path::Path;

/// One line of the outcome.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Line {
    target: String,
    /// Whether no input broke a promise.
    pub(super) holds: bool,
    /// Inputs tried.
    executions: u64,
    /// Branches that were taken.
    coverage: u64,
    /// Branches with how often they were taken.
    features: u64,
    /// Where to look if it does not hold.
    log: String,
}

impl Line {
    /// Reads a log. A number that is not there is 0.
    pub(super) fn read(target: &str, holds: bool, text: &str, log: &Path) -> Self {
        Self {
            target: target.to_owned(),
            holds,
            executions: last(text, "stat::number_of_executed_units: "),
            coverage: last(text, " cov: "),
            features: last(text, " ft: "),
            log: log.display().to_string(),
        }
    }
}

/// The number behind the last occurrence of `mark`.
fn last(text: &str, mark: &str) -> u64 {
    let behind = text.rfind(mark).and_then(|at| text.get(at.saturating_add(mark.len())..));
    let digits = behind.unwrap_or_default().trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, holds, executions, coverage, features, log } = self;
        write!(
            f,
            "{target:24} {executions:>10} inputs  {coverage:>6} branches  {features:>6} features  "
        )?;
        if *holds { f.write_str("holds") } else { write!(f, "BROKEN, see {log}") }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Line;

    const LOG: &str = "#2\tINITED cov: 7 ft: 8 corp: 1/1b\n\
        #900\tDONE   cov: 1234 ft: 5678 corp: 90/12Kb lim: 4096 exec/s: 15\n\
        stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     15\n";

    #[test]
    fn the_last_numbers_count() {
        let line = Line::read("a", true, LOG, Path::new("a.log"));
        assert_eq!((line.executions, line.coverage, line.features), (900, 1234, 5678));
    }

    #[test]
    fn a_log_without_numbers_reads_as_none() {
        let line = Line::read("a", false, "killed cov: ", Path::new("a.log"));
        assert_eq!((line.executions, line.coverage, line.features), (0, 0, 0));
        assert!(line.to_string().ends_with("BROKEN, see a.log"));
    }
}
