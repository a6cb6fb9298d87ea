//! Progress bars, with sizes and rates, where a person watches.

use core::time::Duration;
use std::io::{IsTerminal as _, stderr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloister_image::progress::{Progress, Step};
use indicatif::{ProgressBar, ProgressStyle};

/// Within 80 columns: step, bar, sizes, rate, time left.
const SIZED: &str = "{msg:14} {wide_bar:.cyan} {binary_bytes:>10}/{binary_total_bytes:10} {binary_bytes_per_sec:>12} {eta:>4}";
const UNSIZED: &str = "{msg:14} {spinner} {elapsed}";

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// One bar at a time, on standard error. Without a terminal, none.
#[derive(Debug)]
pub(crate) struct Bars {
    current: Mutex<Option<ProgressBar>>,
    shown: bool,
}

impl Bars {
    pub(crate) fn new() -> Self {
        Self { current: Mutex::new(None), shown: stderr().is_terminal() }
    }

    fn current(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn begin(&self, step: Step, bytes: Option<u64>) {
        if !self.shown {
            return;
        }
        let (bar, template) = match bytes {
            Some(bytes) => (ProgressBar::new(bytes), SIZED),
            None => (ProgressBar::new_spinner(), UNSIZED),
        };
        // A template that did not read would leave indicatif's own style, which serves as well.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(step.words());
        bar.enable_steady_tick(TICK);
        *self.current() = Some(bar);
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.current() {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.current().take() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::{SIZED, UNSIZED};

    #[test]
    fn the_templates_read() {
        assert!(ProgressStyle::with_template(SIZED).is_ok());
        assert!(ProgressStyle::with_template(UNSIZED).is_ok());
    }
}
