//! The fence around this runtime's agent, from the measured file to a plan.

mod watch;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cloister_gateway::{AgentPorts, ToolPlace};
use cloister_guest::fence::group::{self, Group};
use cloister_guest::fence::{FenceError, Namespace, Plan};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::{AgentConfig, Applies, Place};
use crate::loopback::Loopback;
pub(crate) use watch::watch;

/// The agent's user and group: nobody else's in a guest.
pub(crate) const AGENT_USER: u32 = 1000;

/// Whether the runtime has the guest to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surroundings {
    /// A guest of its own: the fence is always up.
    Guest,
    /// Beside other programs: the fence is up if the measured file says so.
    Machine,
}

impl Surroundings {
    /// The clock to go by.
    pub(crate) fn clock(self) -> Clock {
        match self {
            Self::Guest => Clock::of_guest(),
            Self::Machine => Clock::default(),
        }
    }
}

/// The fence around one agent and its tool servers.
#[derive(Debug)]
pub(crate) struct Fence {
    namespace: Arc<Namespace>,
    group: Option<Group>,
}

impl Fence {
    /// Makes what outlives each process of the agent; `None` where there is to be no fence.
    pub(crate) fn new(
        config: &AgentConfig,
        surroundings: Surroundings,
    ) -> Result<Option<Self>, FenceError> {
        if surroundings == Surroundings::Machine && config.fence.applies == Applies::Guest {
            warn!("no fence around the agent: it may do whatever this runtime's user may");
            return Ok(None);
        }
        let resources = &config.fence.resources;
        let group = match surroundings {
            Surroundings::Guest => Group::new(Path::new(group::MOUNT), resources)?,
            // The hierarchy is another program's to arrange.
            Surroundings::Machine => None,
        };
        let namespace = Arc::new(Namespace::new()?);
        info!(
            control_group = group.is_some(),
            landlock = has_landlock(),
            user = AGENT_USER,
            "the agent is fenced: namespaces, no privileges, a list of system calls"
        );
        if group.is_none() {
            warn!("no control group: memory is limited for each process, not for all together");
        }
        Ok(Some(Self { namespace, group }))
    }

    /// The agent's network.
    pub(crate) fn loopback(&self) -> Loopback {
        Loopback::Fenced(Arc::clone(&self.namespace))
    }

    /// What each of its processes is started with.
    pub(crate) fn plan(
        &self,
        config: &AgentConfig,
        ports: AgentPorts,
    ) -> Result<Arc<str>, FenceError> {
        let plan = Plan {
            user: AGENT_USER,
            network: self.namespace.path().to_owned(),
            group: self.group.as_ref().map(|group| group.path().to_owned()),
            read: shown(config),
            scratch: config.fence.scratch.clone(),
            ports: served(config, ports),
            executable_memory: config.fence.executable_memory,
            directory: config.workload.directory.clone(),
            processes: config.fence.resources.processes,
            memory: config.fence.resources.memory,
        };
        Ok(plan.encode()?.into())
    }
}

/// The program, what is measured with it, and what is declared besides.
fn shown(config: &AgentConfig) -> Vec<PathBuf> {
    let workload = &config.workload;
    let program = workload.command.first().map(PathBuf::from);
    let measured = program.iter().chain(&workload.files).map(|file| workload.base.join(file));
    measured.chain(config.fence.read.iter().cloned()).collect()
}

/// The agent's own ports, those of tool servers beside it, and those that it is notified at.
fn served(config: &AgentConfig, ports: AgentPorts) -> Vec<u16> {
    let tools = config.tools.iter().filter_map(|tool| match &tool.place {
        Place::Elsewhere(ToolPlace::Http { address, .. }) => Some(address.get().port()),
        Place::Elsewhere(_) | Place::Program(_) => None,
    });
    let own = [ports.http, ports.grpc].map(|address| address.get().port());
    let webhooks = config.webhooks.iter().flat_map(|webhooks| webhooks.iter());
    own.into_iter().chain(tools).chain(webhooks).collect()
}

/// As far as the kernel says; one that does not show its modules has it or has it not.
fn has_landlock() -> Option<bool> {
    let list: io::Result<String> = std::fs::read_to_string("/sys/kernel/security/lsm");
    list.ok().map(|list| list.split(',').any(|name| name.trim() == "landlock"))
}
