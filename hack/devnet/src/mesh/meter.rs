//! What runtimes have used, as the kernel and they themselves count it.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::enclave::Enclave;

/// How finely the kernel tells processor time: its clock has 100 ticks a second on every platform
/// that a runtime is built for.
const TICK_MS: f64 = 10.0;

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
        let process = PathBuf::from("/proc").join(enclave.process_id()?.to_string());
        let stat = fs::read_to_string(process.join("stat"))?;
        let status = fs::read_to_string(process.join("status"))?;
        let metrics = enclave.metrics().await?;
        Ok(Self {
            cpu_ms: ticks(&stat)? * TICK_MS,
            resident_kib: number(&status, "VmRSS:")?,
            renewals: number(&metrics, "cloisterd_channel_renewals_total{result=\"accepted\"}")
                .unwrap_or(0.0),
        })
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

/// The user and system time in `/proc/PID/stat`, threads that ended included.
// SPEC: proc(5): utime and stime are the 12th and 13th field behind the name in parentheses.
fn ticks(stat: &str) -> anyhow::Result<f64> {
    let (_, fields) = stat.rsplit_once(')').context("the kernel names no process")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next =
        || fields.next().context("the kernel tells no times")?.parse().map_err(anyhow::Error::from);
    let (user, system): (f64, f64) = (next()?, next()?);
    Ok(user + system)
}

/// The number that follows `name` on the line that begins with it.
fn number(text: &str, name: &str) -> anyhow::Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    Ok(word.with_context(|| format!("{name} is not there"))?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::{Reading, number, ticks};

    #[test]
    fn times_are_behind_the_name_whatever_it_holds() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 9 0 0 0 7 5 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat).unwrap(), 12.0);
        assert!(ticks("42 (a) S 1").is_err());
    }

    #[test]
    fn a_number_stands_behind_its_name() {
        let status = "VmPeak:\t  20 kB\nVmRSS:\t  17408 kB\n";
        assert_eq!(number(status, "VmRSS:").unwrap(), 17_408.0);
        assert!(number(status, "VmSwap:").is_err());
    }

    #[test]
    fn what_was_used_before_does_not_count() {
        let reading = |cpu_ms| Reading { cpu_ms, resident_kib: 2.0 * cpu_ms, renewals: cpu_ms };
        let mut sum = reading(1.0);
        sum.add(reading(4.0));
        assert_eq!(sum.since(&reading(2.0)), reading(3.0));
    }
}
