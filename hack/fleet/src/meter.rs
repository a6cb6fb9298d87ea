//! What this process has used.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};

/// Processor time of the whole process so far.
pub(crate) fn processor() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// Runs `work` and says what it took of the processor.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = processor();
    let done = work();
    (done, processor().saturating_sub(before))
}

/// Resident memory, KiB.
pub(crate) fn resident() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.context("the kernel tells no resident memory")?.parse()?)
}

/// Milliseconds of each of `things` things that took `total` together.
pub(crate) fn each_ms(total: Duration, things: usize) -> f64 {
    total.as_secs_f64() * 1000.0 / number(things)
}

/// A number of things as a divisor: none are counted as one.
pub(crate) fn number(things: usize) -> f64 {
    u32::try_from(things.max(1)).map_or(f64::INFINITY, f64::from)
}
