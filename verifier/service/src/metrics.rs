//! Counts, in Prometheus' text form. They name codes and surfaces, never agents or keys.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cloister_endorsements::Tally;

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Leases issued.
    pub admissions: Counter,
    /// Findings that spoke against a lease, by code.
    pub refusals: Family,
    /// Checkpoints of audit logs that runtimes showed and that extend what was shown before.
    pub checkpoints: Counter,
    /// Those that do not, by code.
    pub checkpoint_conflicts: Family,
    /// Published authorization policies that a runtime did not put in force, by code.
    pub publications_refused: Family,
    /// Requests, by surface and outcome.
    pub requests: Family,
    /// From request to decision.
    pub admission_seconds: Histogram,
    /// Connections accepted.
    pub connections: Counter,
    /// Connections that did not get through the TLS handshake.
    pub handshake_failures: Counter,
}

/// What is read at the time of asking.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// Instances that hold a lease.
    pub leases_live: u64,
    /// What happened when endorsements were looked for.
    pub fetching: Tally,
    /// Verified endorsements that were used again.
    pub reuses: u64,
    /// Runtimes' audit logs that do not fit together, as on record.
    pub conflicts: u64,
}

/// A number that grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters by a label. Labels are literals of this program, so their number is bounded.
#[derive(Debug, Default)]
pub struct Family(Mutex<BTreeMap<&'static str, u64>>);

impl Family {
    /// Adds one under `label`.
    pub fn increment(&self, label: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(label).or_insert(0);
        *count = count.saturating_add(1);
    }

    fn values(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Durations in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_MICROS.len()],
    count: AtomicU64,
    sum_micros: AtomicU64,
}

/// Verification takes about a millisecond; a queue takes up to seconds.
const BOUNDS_MICROS: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

impl Histogram {
    /// Adds one duration.
    pub fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS_MICROS) {
            if micros <= bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Metrics {
    /// The text form.
    #[must_use]
    pub fn render(&self, readings: &Readings) -> String {
        let mut text = String::with_capacity(2048);
        // INVARIANT: writing into a String does not fail.
        let _ = self.write(&mut text, readings);
        text
    }

    fn write(&self, out: &mut String, readings: &Readings) -> fmt::Result {
        counter(out, "admissions", "Leases issued.", self.admissions.value())?;
        let help = "Findings that spoke against a lease.";
        family(out, "refusals", help, "code", &self.refusals.values())?;
        let help = "Published policies that a runtime did not put in force.";
        let refused = self.publications_refused.values();
        family(out, "publications_refused", help, "code", &refused)?;
        family(out, "requests", "Requests by surface.", "surface", &self.requests.values())?;
        counter(out, "connections", "Connections accepted.", self.connections.value())?;
        let help = "Connections that failed in the TLS handshake.";
        counter(out, "handshake_failures", help, self.handshake_failures.value())?;
        header(out, "leases_live", "gauge", "Instances that hold a lease.")?;
        writeln!(out, "cloister_verifier_leases_live {}", readings.leases_live)?;
        self.logs(out, readings.conflicts)?;
        fetching(out, &readings.fetching)?;
        let help = "Verified endorsements that were used again.";
        counter(out, "endorsement_reuses", help, readings.reuses)?;
        histogram(out, &self.admission_seconds)
    }

    fn logs(&self, out: &mut String, conflicts: u64) -> fmt::Result {
        let help = "Checkpoints of audit logs that extend what was shown before.";
        counter(out, "audit_checkpoints", help, self.checkpoints.value())?;
        let help = "Checkpoints of audit logs that do not.";
        let counts = self.checkpoint_conflicts.values();
        family(out, "audit_checkpoints_refused", help, "code", &counts)?;
        let help = "Audit logs on record that do not fit together. Alert on any.";
        header(out, "audit_conflicts", "gauge", help)?;
        writeln!(out, "cloister_verifier_audit_conflicts {conflicts}")
    }
}

fn header(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP cloister_verifier_{name} {help}")?;
    writeln!(out, "# TYPE cloister_verifier_{name} {kind}")
}

fn counter(out: &mut String, name: &str, help: &str, count: u64) -> fmt::Result {
    header(out, &format!("{name}_total"), "counter", help)?;
    writeln!(out, "cloister_verifier_{name}_total {count}")
}

fn family(
    out: &mut String,
    name: &str,
    help: &str,
    label: &str,
    counts: &BTreeMap<&'static str, u64>,
) -> fmt::Result {
    header(out, &format!("{name}_total"), "counter", help)?;
    counts.iter().try_for_each(|(value, count)| {
        writeln!(out, "cloister_verifier_{name}_total{{{label}=\"{value}\"}} {count}")
    })
}

fn fetching(out: &mut String, tally: &Tally) -> fmt::Result {
    let help = "Endorsements that were at hand.";
    counter(out, "endorsement_hits", help, tally.hits)?;
    let help = "Endorsements that were not at hand, or due for a newer issue.";
    counter(out, "endorsement_misses", help, tally.misses)?;
    let help = "Endorsements that were fetched and verified.";
    counter(out, "endorsement_fetches", help, tally.fetched)?;
    let help = "Endorsements that could not be fetched.";
    family(out, "endorsement_failures", help, "code", &tally.failures)
}

fn histogram(out: &mut String, histogram: &Histogram) -> fmt::Result {
    let name = "admission_seconds";
    header(out, name, "histogram", "From a lease request to its decision.")?;
    for (bucket, bound) in histogram.buckets.iter().zip(BOUNDS_MICROS) {
        let (bound, count) = (seconds(bound), bucket.load(Ordering::Relaxed));
        writeln!(out, "cloister_verifier_{name}_bucket{{le=\"{bound}\"}} {count}")?;
    }
    let count = histogram.count.load(Ordering::Relaxed);
    let sum = seconds(histogram.sum_micros.load(Ordering::Relaxed));
    writeln!(out, "cloister_verifier_{name}_bucket{{le=\"+Inf\"}} {count}")?;
    writeln!(out, "cloister_verifier_{name}_sum {sum}")?;
    writeln!(out, "cloister_verifier_{name}_count {count}")
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloister_endorsements::Tally;

    use super::{Metrics, Readings};

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        let metrics = Metrics::default();
        metrics.admissions.increment();
        metrics.refusals.increment("reference.match");
        metrics.refusals.increment("reference.match");
        metrics.admission_seconds.observe(Duration::from_millis(3));
        let failures = [("fetch.timeout", 2)].into();
        let fetching = Tally { hits: 5, misses: 3, fetched: 1, failures };
        metrics.checkpoint_conflicts.increment("audit.fork");
        let readings = Readings { leases_live: 7, fetching, reuses: 4, conflicts: 1 };
        let text = metrics.render(&readings);
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("cloister_verifier_"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
        for sample in [
            "cloister_verifier_admissions_total 1",
            "cloister_verifier_refusals_total{code=\"reference.match\"} 2",
            "cloister_verifier_leases_live 7",
            "cloister_verifier_audit_checkpoints_total 0",
            "cloister_verifier_audit_checkpoints_refused_total{code=\"audit.fork\"} 1",
            "cloister_verifier_audit_conflicts 1",
            "cloister_verifier_endorsement_hits_total 5",
            "cloister_verifier_endorsement_misses_total 3",
            "cloister_verifier_endorsement_fetches_total 1",
            "cloister_verifier_endorsement_reuses_total 4",
            "cloister_verifier_endorsement_failures_total{code=\"fetch.timeout\"} 2",
            "cloister_verifier_admission_seconds_bucket{le=\"0.0025\"} 0",
            "cloister_verifier_admission_seconds_bucket{le=\"0.005\"} 1",
            "cloister_verifier_admission_seconds_bucket{le=\"+Inf\"} 1",
            "cloister_verifier_admission_seconds_sum 0.003",
        ] {
            assert!(text.lines().any(|line| line == sample), "{sample} in\n{text}");
        }
    }
}
