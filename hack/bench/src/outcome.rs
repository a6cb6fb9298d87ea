//! What is printed of one bar.

use core::fmt;

use anyhow::Result;
use serde::Serialize;

use crate::bar::{Bar, Unit};
use crate::timing::Measured;

/// The first line of the table. Times are medians, in microseconds.
pub(crate) const HEADING: &str =
    "bar                      value limit holds      us  ref us evidence";

/// One bar and what came of it. Without a value it does not hold.
#[derive(Debug)]
pub(crate) struct Outcome {
    bar: &'static str,
    limit: f64,
    unit: Unit,
    measured: Result<Measured>,
}

/// The form of one line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    bar: &'a str,
    /// `null` where it could not be measured.
    value: Option<f64>,
    limit: f64,
    unit: Unit,
    holds: bool,
    #[serde(flatten)]
    details: Details<'a>,
}

/// What explains the value: times in microseconds, or why there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Measured {
        #[serde(skip_serializing_if = "Option::is_none")]
        micros: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reference_micros: Option<f64>,
        spread: f64,
        samples: usize,
        input: &'a str,
    },
    Failed {
        error: String,
    },
}

impl Outcome {
    /// Judges what measuring `bar` gave.
    pub(crate) const fn of(bar: &Bar, measured: Result<Measured>) -> Self {
        Self { bar: bar.name, limit: bar.limit, unit: bar.unit, measured }
    }

    /// Whether there is a value, and it is not above the limit.
    pub(crate) fn holds(&self) -> bool {
        self.measured.as_ref().is_ok_and(|measured| measured.value <= self.limit)
    }

    /// Why it could not be measured.
    pub(crate) fn failure(&self) -> Option<String> {
        self.measured.as_ref().err().map(|error| format!("{error:#}"))
    }

    /// One line of `--json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        let details = match &self.measured {
            Ok(measured) => Details::Measured {
                micros: measured.micros.map(rounded),
                reference_micros: measured.reference_micros.map(rounded),
                spread: rounded(measured.spread),
                samples: measured.samples,
                input: &measured.input,
            },
            Err(error) => Details::Failed { error: format!("{error:#}") },
        };
        let value = self.measured.as_ref().ok().map(|measured| rounded(measured.value));
        let (bar, limit, unit) = (self.bar, self.limit, self.unit);
        // INVARIANT: strings and finite numbers always serialize.
        serde_json::to_value(Line { bar, value, limit, unit, holds: self.holds(), details })
            .unwrap_or_default()
    }
}

/// To three digits behind the point, as printed and as judged by whoever reads the line.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bar, limit, .. } = self;
        let holds = if self.holds() { "yes" } else { "NO" };
        let Ok(measured) = &self.measured else {
            return write!(f, "{bar:22} {:>7} {limit:5.2} {holds:5} not measured", "-");
        };
        let Measured { value, micros, input, .. } = measured;
        let text = |time: &Option<f64>| time.map_or_else(|| "-".to_owned(), |t| format!("{t:.1}"));
        let (micros, reference) = (text(micros), text(&measured.reference_micros));
        write!(f, "{bar:22} {value:7.3} {limit:5.2} {holds:5} {micros:>7} {reference:>7} {input}")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::Outcome;
    use crate::bar::{BARS, Bar};
    use crate::timing::Measured;

    const BAR: &Bar = &BARS[0];

    fn measured(value: f64) -> Measured {
        Measured {
            micros: Some(230.0),
            reference_micros: Some(200.0),
            value,
            spread: 0.01,
            samples: 9,
            input: "snp/milan-v3-ms-teeav".to_owned(),
        }
    }

    #[test]
    fn a_bar_holds_at_its_limit_and_not_above() {
        assert!(Outcome::of(BAR, Ok(measured(1.25))).holds());
        assert!(!Outcome::of(BAR, Ok(measured(1.2501))).holds());
        assert!(!Outcome::of(BAR, Ok(measured(f64::NAN))).holds());
    }

    #[test]
    fn every_line_of_json_has_the_agreed_form() {
        let line = Outcome::of(BAR, Ok(measured(1.15))).json();
        assert_eq!(line["bar"], "snp.verify.warm");
        assert_eq!((&line["value"], &line["limit"]), (&1.15.into(), &1.25.into()));
        assert_eq!((&line["unit"], &line["holds"]), (&"ratio".into(), &true.into()));
        assert_eq!(line["input"], "snp/milan-v3-ms-teeav");
        assert!(!line.to_string().contains('\n'));
    }

    #[test]
    fn a_reference_that_cannot_run_is_a_failure_and_never_a_hold() {
        let outcome = Outcome::of(BAR, Err(anyhow!("the reference refuses the report")));
        let line = outcome.json();
        assert_eq!((&line["holds"], &line["value"]), (&false.into(), &serde_json::Value::Null));
        assert_eq!(line["error"], "the reference refuses the report");
        assert!(outcome.to_string().contains(" NO "));
    }

    #[test]
    fn the_table_is_at_most_80_columns_wide() {
        assert!(super::HEADING.len() <= 80);
        for outcome in [Ok(measured(1.0)), Ok(measured(1.3)), Err(anyhow!("a long reason"))] {
            let row = Outcome::of(BAR, outcome).to_string();
            assert!(row.len() <= 80, "{} columns: {row}", row.len());
        }
    }
}
