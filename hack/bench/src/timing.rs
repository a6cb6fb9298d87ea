//! Timing in pairs: one run of what is measured, one of its reference, and again.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::time::{ClockId, clock_gettime};

/// Pairs that are timed at least, however slow one is.
const PAIRS_MIN: usize = 9;
/// Pairs that are timed at most; more does not move a median.
const PAIRS_MAX: usize = 20_001;
/// Time for one bar, as far as [`PAIRS_MIN`] allows.
const BUDGET: Duration = Duration::from_secs(3);
/// How often something is timed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Pairs that run before the first one counts: caches and branch predictors fill.
    pub(crate) warm_up: usize,
    /// Pairs that are timed, however slow one is.
    pub(crate) pairs_min: usize,
}

/// For what takes milliseconds or less.
pub(crate) const USUAL: Effort = Effort { warm_up: 3, pairs_min: PAIRS_MIN };

/// What was measured, in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// Median time of one run, where the bar is about time.
    pub(crate) micros: Option<f64>,
    /// Median time of one run of the reference, where the bar is a ratio.
    pub(crate) reference_micros: Option<f64>,
    /// The bar's value: the median of the pairs' ratios, [`Self::micros`], or a size.
    pub(crate) value: f64,
    /// Half of the distance between the quartiles of the value: how quiet the machine was.
    pub(crate) spread: f64,
    /// Pairs or runs that were timed.
    pub(crate) samples: usize,
    /// Which Evidence.
    pub(crate) input: String,
}

impl Measured {
    /// A size, in units of `unit` bytes.
    pub(crate) fn size(bytes: f64, unit: f64, input: String) -> Self {
        let value = bytes / unit;
        Self { micros: None, reference_micros: None, value, spread: 0.0, samples: 1, input }
    }
}

/// What one of each took, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) own: f64,
    pub(crate) reference: f64,
}

impl Turn {
    /// How many times the reference's.
    pub(crate) fn ratio(self) -> f64 {
        self.own / self.reference
    }

    /// How much more than the reference's, in milliseconds.
    pub(crate) fn delay_ms(self) -> f64 {
        (self.own - self.reference) / 1e3
    }
}

/// Times `own` and `reference` in turns. Either of them failing ends it: what does not succeed is
/// not measured.
pub(crate) fn pairs(
    input: String,
    mut own: impl FnMut() -> Result<()>,
    mut reference: impl FnMut() -> Result<()>,
) -> Result<Measured> {
    turns(input, || Ok(Turn { own: timed(&mut own)?, reference: timed(&mut reference)? }))
}

/// As [`pairs`], of what does its own timing.
pub(crate) fn turns(input: String, turn: impl FnMut() -> Result<Turn>) -> Result<Measured> {
    turns_of(USUAL, Turn::ratio, input, turn)
}

/// As [`turns`], as often and with what comes of each turn as the caller has it.
pub(crate) fn turns_of(
    effort: Effort,
    value: fn(Turn) -> f64,
    input: String,
    mut turn: impl FnMut() -> Result<Turn>,
) -> Result<Measured> {
    let (mut owns, mut references, mut values) = (Vec::new(), Vec::new(), Vec::new());
    repeat(effort, |counts| {
        let turn = turn()?;
        if counts {
            owns.push(turn.own);
            references.push(turn.reference);
            values.push(value(turn));
        }
        Ok(())
    })?;
    let value = median(&mut values);
    Ok(Measured {
        micros: Some(median(&mut owns)),
        reference_micros: Some(median(&mut references)),
        value,
        spread: spread(&values),
        samples: values.len(),
        input,
    })
}

/// Processor time of this process until now, of all of its threads, in user and in kernel mode, in
/// microseconds.
pub(crate) fn processor_micros() -> Result<f64> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let time = Duration::try_from(time).context("processor time before it began")?;
    Ok(time.as_secs_f64() * 1e6)
}

/// Times `own` alone.
pub(crate) fn alone(input: String, own: impl FnMut() -> Result<()>) -> Result<Measured> {
    at(50, input, own)
}

/// Times `own` alone; the value is the 99th percentile, which is what a caller sees now and then.
pub(crate) fn tail(input: String, own: impl FnMut() -> Result<()>) -> Result<Measured> {
    at(99, input, own)
}

fn at(percent: usize, input: String, mut own: impl FnMut() -> Result<()>) -> Result<Measured> {
    let mut owns = Vec::new();
    repeat(USUAL, |counts| {
        let time = timed(&mut own)?;
        if counts {
            owns.push(time);
        }
        Ok(())
    })?;
    Ok(Measured {
        micros: Some(median(&mut owns)),
        reference_micros: None,
        value: at_percent(&owns, percent),
        spread: spread(&owns),
        samples: owns.len(),
        input,
    })
}

/// Runs `round` a few times without counting, then until budget or maximum are reached.
fn repeat(effort: Effort, mut round: impl FnMut(bool) -> Result<()>) -> Result<()> {
    for _ in 0..effort.warm_up {
        round(false)?;
    }
    let begin = Instant::now();
    for done in 0..PAIRS_MAX {
        if done >= effort.pairs_min && begin.elapsed() > BUDGET {
            break;
        }
        round(true)?;
    }
    Ok(())
}

/// One run in microseconds.
pub(crate) fn timed(run: &mut impl FnMut() -> Result<()>) -> Result<f64> {
    let begin = Instant::now();
    black_box(run())?;
    let micros = begin.elapsed().as_secs_f64() * 1e6;
    ensure!(micros > 0.0, "the clock stood still");
    Ok(micros)
}

/// Sorts, and returns the middle.
pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    at_quarter(samples, 2)
}

pub(crate) fn spread(sorted: &[f64]) -> f64 {
    (at_quarter(sorted, 3) - at_quarter(sorted, 1)) / 2.0
}

fn at_quarter(sorted: &[f64], quarter: usize) -> f64 {
    at_percent(sorted, quarter.saturating_mul(25))
}

pub(crate) fn at_percent(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last.saturating_mul(percent) / 100).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::{PAIRS_MIN, alone, median, pairs, spread};

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(&mut [9.0, 1.0, 5.0]), 5.0);
        let mut samples = [5.0, 1.0, 2.0, 4.0, 3.0];
        assert_eq!(median(&mut samples), 3.0);
        assert_eq!(spread(&samples), 1.0);
    }

    #[test]
    fn own_and_reference_run_in_turns_and_often_enough() {
        let turns = std::cell::RefCell::new(Vec::new());
        let note = |what| {
            turns.borrow_mut().push(what);
            Ok(())
        };
        let measured = pairs(String::new(), || note('a'), || note('b')).unwrap();
        assert!(measured.samples >= PAIRS_MIN);
        assert!(turns.borrow().chunks(2).all(|pair| pair == ['a', 'b']));
    }

    #[test]
    fn what_fails_is_not_measured() {
        assert!(pairs(String::new(), || Ok(()), || bail!("no")).is_err());
        assert!(pairs(String::new(), || bail!("no"), || Ok(())).is_err());
        assert!(alone(String::new(), || bail!("no")).is_err());
    }
}
