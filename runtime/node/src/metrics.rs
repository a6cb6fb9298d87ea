//! What is counted, and its Prometheus text form.

use core::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::phase::Phase;

/// Events since the start. Each counts up and never down.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Leases received.
    pub leases: Counter,
    /// Enrolments and renewals that ended without a lease.
    pub lease_failures: Counter,
    /// Handshakes that ended without a verdict in the peer's favour.
    pub handshakes_refused: Counter,
    /// Channels closed because a lease ended or was taken away.
    pub channels_closed: Counter,
}

/// One count.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// `count` more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The count so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a scrape shows beside the counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauges {
    pub(crate) phase: Phase,
    pub(crate) agent_running: bool,
    pub(crate) agent_starts: u64,
    pub(crate) channels_open: u64,
    pub(crate) channels_opened: u64,
    /// Seconds since 1970; zero without a lease.
    pub(crate) lease_expires: u64,
    pub(crate) simulated: bool,
}

/// The text that Prometheus reads.
///
/// SPEC: Prometheus text exposition format 0.0.4.
pub(crate) fn render(counters: &Counters, gauges: &Gauges) -> String {
    let mut text = String::with_capacity(2048);
    // Writing into a String cannot fail.
    let _: fmt::Result = write(&mut text, counters, gauges);
    text
}

fn write(out: &mut String, counters: &Counters, gauges: &Gauges) -> fmt::Result {
    let counts = [
        ("leases_total", "Leases received.", counters.leases.total()),
        (
            "lease_failures_total",
            "Enrolments and renewals without a lease.",
            counters.lease_failures.total(),
        ),
        (
            "handshakes_refused_total",
            "Handshakes without a verdict in the peer's favour.",
            counters.handshakes_refused.total(),
        ),
        (
            "channels_closed_total",
            "Channels closed because a lease ended or was taken away.",
            counters.channels_closed.total(),
        ),
        ("channels_opened_total", "Channels opened.", gauges.channels_opened),
        ("agent_starts_total", "Starts of the agent's program.", gauges.agent_starts),
    ];
    for (name, help, value) in counts {
        metric(out, name, help, "counter", value)?;
    }
    let gauges_now = [
        ("channels_open", "Open channels.", gauges.channels_open),
        (
            "lease_expires_seconds",
            "When the lease ends, in seconds since 1970.",
            gauges.lease_expires,
        ),
        ("agent_running", "Whether the agent runs.", gauges.agent_running.into()),
        ("simulated", "Whether a software TEE signed the Evidence.", gauges.simulated.into()),
    ];
    for (name, help, value) in gauges_now {
        metric(out, name, help, "gauge", value)?;
    }
    writeln!(
        out,
        "# HELP cloisterd_phase Which phase the runtime is in.\n# TYPE cloisterd_phase gauge"
    )?;
    for phase in Phase::ALL {
        writeln!(out, "cloisterd_phase{{phase=\"{phase}\"}} {}", u8::from(phase == gauges.phase))?;
    }
    Ok(())
}

fn metric(out: &mut String, name: &str, help: &str, kind: &str, value: u64) -> fmt::Result {
    writeln!(
        out,
        "# HELP cloisterd_{name} {help}\n# TYPE cloisterd_{name} {kind}\ncloisterd_{name} {value}"
    )
}

#[cfg(test)]
mod tests {
    use super::{Counters, Gauges, render};
    use crate::phase::Phase;

    #[test]
    fn every_sample_has_help_and_type_and_one_phase_is_current() {
        let counters = Counters::default();
        counters.leases.add(3);
        let text = render(
            &counters,
            &Gauges {
                phase: Phase::Admitted,
                agent_running: true,
                agent_starts: 1,
                channels_open: 2,
                channels_opened: 5,
                lease_expires: 1_700_000_000,
                simulated: true,
            },
        );
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap();
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
            assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
        }
        assert!(text.contains("\ncloisterd_leases_total 3\n"));
        assert!(text.contains("\ncloisterd_lease_expires_seconds 1700000000\n"));
        let current: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("cloisterd_phase") && line.ends_with(" 1"))
            .collect();
        assert_eq!(current, ["cloisterd_phase{phase=\"admitted\"} 1"]);
    }
}
