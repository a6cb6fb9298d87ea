//! What one process has used, as the kernel counts it.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

/// How finely the kernel tells processor time: its clock has 100 ticks a second on every platform
/// that a runtime is built for.
const TICK_MS: f64 = 10.0;

/// What a process has used since it started, and holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Processor time of all of its threads, milliseconds.
    pub cpu_ms: f64,
    /// Resident memory, KiB.
    pub resident_kib: f64,
}

impl Used {
    /// Reads it for the process with this number.
    pub fn by(process: u32) -> anyhow::Result<Self> {
        let process = PathBuf::from("/proc").join(process.to_string());
        let stat = fs::read_to_string(process.join("stat"))?;
        let status = fs::read_to_string(process.join("status"))?;
        Ok(Self { cpu_ms: ticks(&stat)? * TICK_MS, resident_kib: number(&status, "VmRSS:")? })
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
pub(crate) fn number(text: &str, name: &str) -> anyhow::Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    Ok(word.with_context(|| format!("{name} is not there"))?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::{number, ticks};

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
}
