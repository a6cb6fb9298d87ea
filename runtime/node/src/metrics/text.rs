//! The text that Prometheus reads.
//!
//! SPEC: Prometheus text exposition format 0.0.4.

use core::fmt::{self, Write as _};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Goes up and never down.
    Counter,
    /// What is so at the moment.
    Gauge,
}

/// Metrics, one after the other.
#[derive(Debug)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn new() -> Self {
        Self(String::with_capacity(8 * 1024))
    }

    /// One number.
    pub(super) fn one(&mut self, kind: Kind, name: &str, help: &str, value: u64) {
        self.family(kind, name, help, |text| writeln!(text, "cloisterd_{name} {value}"));
    }

    /// One number for each value of the label `label`.
    pub(super) fn by<'a>(
        &mut self,
        kind: Kind,
        (name, label): (&str, &str),
        help: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        self.family(kind, name, help, |text| {
            values.into_iter().try_for_each(|(of, value)| {
                writeln!(text, "cloisterd_{name}{{{label}=\"{of}\"}} {value}")
            })
        });
    }

    /// A metric's head, and the samples that `write` writes.
    pub(super) fn family(
        &mut self,
        kind: Kind,
        name: &str,
        help: &str,
        write: impl FnOnce(&mut String) -> fmt::Result,
    ) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing into a String cannot fail.
        let _: fmt::Result =
            writeln!(self.0, "# HELP cloisterd_{name} {help}\n# TYPE cloisterd_{name} {kind}");
        let _: fmt::Result = write(&mut self.0);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
