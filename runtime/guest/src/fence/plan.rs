//! What one agent's fence is like.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::FenceError;

/// What one agent's fence is like: passed from the runtime to the steps that put it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The agent's user and group. Never 0.
    pub user: u32,
    /// The network namespace: a link beneath `/proc`.
    pub network: PathBuf,
    /// The control group's folder, where there is one.
    pub group: Option<PathBuf>,
    /// Files, and folders with all that is in them, that the agent may read and execute.
    pub read: Vec<PathBuf>,
    /// Folders that it may write to, empty at first.
    pub scratch: Vec<Scratch>,
    /// TCP ports that it may serve.
    pub ports: Vec<u16>,
    /// Whether it may make machine code in memory, and execute it.
    pub executable_memory: bool,
    /// Its working folder; made if nothing else brings it.
    pub directory: PathBuf,
    /// Processes and threads.
    pub processes: u32,
    /// Bytes of memory; of each process, where there is no control group.
    pub memory: u64,
}

/// A folder in memory that the agent may write to, and not execute from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scratch {
    /// Where the agent finds it.
    pub path: PathBuf,
    /// How much fits.
    pub bytes: u64,
}

impl Plan {
    /// As one argument.
    ///
    /// # Errors
    /// [`FenceError`] for a path that is not UTF-8.
    pub fn encode(&self) -> Result<String, FenceError> {
        serde_json::to_string(self).map_err(|error| FenceError::other("write the plan", error))
    }

    pub(super) fn decode(text: &str) -> Result<Self, FenceError> {
        let plan: Self = serde_json::from_str(text)
            .map_err(|error| FenceError::other("read the plan", error))?;
        // SECURITY: 0 is root, and everything else rests on its not being that.
        if plan.user == 0 {
            return Err(FenceError::other("read the plan", "the agent would be root"));
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Scratch};

    fn plan() -> Plan {
        Plan {
            user: 1000,
            network: "/proc/1/task/1/ns/net".into(),
            group: None,
            read: vec!["/usr/bin/agent".into()],
            scratch: vec![Scratch { path: "/tmp".into(), bytes: 4096 }],
            ports: vec![9000],
            executable_memory: false,
            directory: "/".into(),
            processes: 16,
            memory: 1 << 20,
        }
    }

    #[test]
    fn a_plan_survives_the_way_and_never_makes_root() {
        let plan = plan();
        assert_eq!(Plan::decode(&plan.encode().unwrap()).unwrap(), plan);
        let root = Plan { user: 0, ..plan };
        assert!(Plan::decode(&root.encode().unwrap()).is_err());
        assert!(Plan::decode("{}").is_err());
    }
}
