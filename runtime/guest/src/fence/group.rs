//! The agent's control group: how much memory, how many processes, how much of the processor.
//!
//! SPEC: Linux, Documentation/admin-guide/cgroup-v2.rst.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FenceError;

/// Where a guest has its control groups.
pub const MOUNT: &str = "/sys/fs/cgroup";

/// The length of time over which the processor is shared out, in microseconds.
const PERIOD_MICROS: u64 = 100_000;

/// How much an agent may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Bytes of memory.
    pub memory: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Hundredths of one processor; all of them, where nothing is said.
    pub processor: Option<u32>,
}

/// A control group with its limits set.
#[derive(Clone, Debug)]
pub struct Group {
    path: PathBuf,
}

/// How often the agent met its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Processes that could not be made.
    pub processes: u64,
    /// Processes that were ended for want of memory.
    pub memory: u64,
}

impl Group {
    /// Makes the agent's group beneath `mount`; `None` where that is no hierarchy of version 2 with
    /// these controllers.
    ///
    /// # Errors
    /// [`FenceError`] if the kernel has it and refuses.
    pub fn new(mount: &Path, resources: &Resources) -> Result<Option<Self>, FenceError> {
        let has = fs::read_to_string(mount.join("cgroup.controllers")).unwrap_or_default();
        let has: Vec<_> = has.split_ascii_whitespace().collect();
        if !["memory", "pids", "cpu"].iter().all(|controller| has.contains(controller)) {
            return Ok(None);
        }
        let group = Self { path: mount.join("agent") };
        group.limit(mount, resources).map_err(FenceError::at("make its control group"))?;
        Ok(Some(group))
    }

    fn limit(&self, mount: &Path, resources: &Resources) -> io::Result<()> {
        fs::write(mount.join("cgroup.subtree_control"), "+memory +pids +cpu")?;
        fs::create_dir_all(&self.path)?;
        let quota = |percent| u64::from(percent).saturating_mul(PERIOD_MICROS / 100).to_string();
        let quota = resources.processor.map_or_else(|| "max".to_owned(), quota);
        let limits = [
            ("memory.max", resources.memory.to_string()),
            ("memory.oom.group", "1".to_owned()),
            ("pids.max", resources.processes.to_string()),
            ("cpu.max", format!("{quota} {PERIOD_MICROS}")),
        ];
        limits.iter().try_for_each(|(name, value)| fs::write(self.path.join(name), value))?;
        // A kernel without swap has no such limit.
        let swap = self.path.join("memory.swap.max");
        if swap.exists() { fs::write(swap, "0") } else { Ok(()) }
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How often the agent met its limits since the group was made.
    ///
    /// # Errors
    /// The kernel's reason.
    pub fn refusals(&self) -> io::Result<Refusals> {
        let processes = fs::read_to_string(self.path.join("pids.events"))?;
        let memory = fs::read_to_string(self.path.join("memory.events"))?;
        Ok(Refusals { processes: count(&processes, "max"), memory: count(&memory, "oom_kill") })
    }
}

fn count(events: &str, name: &str) -> u64 {
    let mut pairs = events.lines().filter_map(|line| line.split_once(' '));
    pairs.find(|(known, _)| *known == name).and_then(|(_, count)| count.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Group, Refusals, Resources};

    const RESOURCES: Resources = Resources { memory: 1 << 26, processes: 64, processor: Some(150) };

    #[test]
    fn without_the_controllers_there_is_no_group() {
        let mount = tempfile::tempdir().unwrap();
        assert!(Group::new(mount.path(), &RESOURCES).unwrap().is_none());
        fs::write(mount.path().join("cgroup.controllers"), "cpu pids\n").unwrap();
        assert!(Group::new(mount.path(), &RESOURCES).unwrap().is_none());
    }

    #[test]
    fn each_limit_is_written_and_what_met_one_is_counted() {
        let mount = tempfile::tempdir().unwrap();
        fs::write(mount.path().join("cgroup.controllers"), "cpuset cpu io memory pids\n").unwrap();
        let group = Group::new(mount.path(), &RESOURCES).unwrap().unwrap();
        let read = |name: &str| fs::read_to_string(group.path().join(name)).unwrap();
        assert_eq!(read("memory.max"), "67108864");
        assert_eq!(read("pids.max"), "64");
        assert_eq!(read("cpu.max"), "150000 100000");
        fs::write(group.path().join("pids.events"), "max 3\n").unwrap();
        fs::write(group.path().join("memory.events"), "low 0\nmax 9\noom 2\noom_kill 2\n").unwrap();
        assert_eq!(group.refusals().unwrap(), Refusals { processes: 3, memory: 2 });
    }
}
