//! What runtimes have used, as the kernel and they themselves count it.

use crate::enclave::Enclave;
use crate::used::{Used, number};

/// What one or more runtimes have used since they started, and hold now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// Processor time, milliseconds.
    pub(super) cpu_ms: f64,
    /// Resident memory, KiB.
    pub(super) resident_kib: f64,
    /// Renewals of peers that were accepted in band.
    pub(super) renewals: f64,
}

impl Reading {
    pub(super) async fn of(enclave: &Enclave) -> anyhow::Result<Self> {
        let Used { cpu_ms, resident_kib } = Used::by(enclave.process_id()?)?;
        let metrics = enclave.metrics().await?;
        let renewals = number(&metrics, "cloisterd_channel_renewals_total{result=\"accepted\"}");
        Ok(Self { cpu_ms, resident_kib, renewals: renewals.unwrap_or(0.0) })
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cpu_ms += other.cpu_ms;
        self.resident_kib += other.resident_kib;
        self.renewals += other.renewals;
    }

    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            cpu_ms: self.cpu_ms - before.cpu_ms,
            resident_kib: self.resident_kib - before.resident_kib,
            renewals: self.renewals - before.renewals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reading;

    #[test]
    fn what_was_used_before_does_not_count() {
        let reading = |cpu_ms| Reading { cpu_ms, resident_kib: 2.0 * cpu_ms, renewals: cpu_ms };
        let mut sum = reading(1.0);
        sum.add(reading(4.0));
        assert_eq!(sum.since(&reading(2.0)), reading(3.0));
    }
}
