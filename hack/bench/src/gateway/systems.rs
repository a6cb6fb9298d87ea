//! Two runtimes with an agent behind them, and other pairs of proxies before the same agent.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_devnet::used::Used;

use super::client::Call;
use super::proxies::Proxies;
use super::{Each, Pair, bare, haproxy};

const CALLER: &str = "caller";
const CALLEE: &str = "callee";

/// Two runtimes that are admitted, of which one may call the other.
#[derive(Debug)]
pub(super) struct Runtimes {
    devnet: Devnet,
    pub(super) caller: Enclave,
    pub(super) callee: Enclave,
}

impl Runtimes {
    pub(super) async fn start(agents: Agents) -> Result<Self> {
        let devnet = Devnet::start(agents).await?;
        let images = (
            devnet.admitted_image(CALLER, &[]).await?,
            devnet.admitted_image(CALLEE, &[CALLER]).await?,
        );
        let (host, verifier) = (&devnet.host, &devnet.verifier);
        let caller = Enclave::boot(host, verifier, &images.0, Hardware::SnpMilan).await?;
        let callee = Enclave::boot(host, verifier, &images.1, Hardware::SnpMilan).await?;
        Ok(Self { devnet, caller, callee })
    }

    /// With the agent that takes next to nothing.
    pub(super) async fn with_least_agent() -> Result<Self> {
        Self::start(Agents::Program(beside("cloister-bench-agent")?)).await
    }

    /// Calls of the one agent to the other, through both runtimes.
    pub(super) fn calls(&self) -> Call {
        Call { at: self.caller.surface(), base: format!("/agents/{CALLEE}") }
    }

    /// Calls to that agent with nothing in between.
    pub(super) fn direct_calls(&self) -> Call {
        Call { at: self.callee.agent(), base: String::new() }
    }

    /// The same two as URLs below which the agent's card is.
    pub(super) fn urls(&self) -> Pair<String> {
        let reference = format!("http://{}/", self.callee.agent());
        Pair { own: self.caller.agent_url(CALLEE), reference }
    }

    /// What both runtimes have used and hold, the one of the caller first.
    pub(super) fn used(&self) -> Result<[Used; 2]> {
        Ok([Used::by(self.caller.process_id()?)?, Used::by(self.callee.process_id()?)?])
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.caller.stop().await?;
        self.callee.stop().await?;
        self.devnet.verifier.stop().await
    }
}

/// What is compared: all systems, in front of the same agent.
#[derive(Debug)]
pub(super) struct Systems {
    runtimes: Runtimes,
    proxies: Proxies,
    bare: Proxies,
}

impl Systems {
    pub(super) async fn start() -> Result<Self> {
        let runtimes = Runtimes::with_least_agent().await?;
        let (folder, agent) = (runtimes.devnet.host.dir().join("haproxy"), runtimes.callee.agent());
        let proxies = haproxy::start(&folder, agent).await?;
        let bare = bare::start(&folder, agent).await?;
        Ok(Self { runtimes, proxies, bare })
    }

    pub(super) fn calls(&self) -> Each<Call> {
        let to = |at| Call { at, base: String::new() };
        Each {
            own: self.runtimes.calls(),
            reference: to(self.proxies.address),
            bare: to(self.bare.address),
        }
    }

    /// Processor time of both processes of each.
    pub(super) fn cpu_ms(&self) -> Result<Each<f64>> {
        let sum = |used: [Used; 2]| used.iter().map(|used| used.cpu_ms).sum();
        Ok(Each {
            own: sum(self.runtimes.used()?),
            reference: sum(self.proxies.used()?),
            bare: sum(self.bare.used()?),
        })
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.bare.stop().await?;
        self.proxies.stop().await?;
        self.runtimes.stop().await
    }
}

/// A program that was built beside this one.
pub(super) fn beside(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program is")?;
    let program = this.with_file_name(name);
    anyhow::ensure!(program.is_file(), "{} is not built", program.display());
    Ok(program)
}
