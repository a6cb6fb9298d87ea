//! Process 1 of a guest: the order in which it starts, and the watch over the runtime.
//!
//! The runtime is a second process of the same program, so that reaping whatever the kernel gives to
//! process 1 takes no exit status from under the runtime. When the runtime has ended, so has the
//! guest: nothing is started again, and the machine is powered off.

mod watch;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use cloister_attestation::code::{Code, Diagnostic};
use cloister_guest::metadata::Cloud;
use cloister_guest::network::Network;
use cloister_guest::{GuestError, clock, console, handover, hardening, modules, mounts, network};
use tracing::{error, info, warn};

use crate::config::{ConfigError, LogConfig, LogFormat, NodeConfig};
use crate::limits::CONFIG_BYTES_MAX;
use crate::logging::{self, LogError};
use watch::Ending;

/// The measured file.
const AGENT: &str = "/etc/cloister/agent.toml";
/// Where the host's file is put for the runtime.
const NODE: &str = "/run/cloister/node.toml";

/// The guest did not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Diagnostic for StartError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Guest(error) => error.code(),
            Self::Config(error) => error.code(),
            Self::Log(error) => error.code(),
        }
    }
}

/// Runs a guest from its first process to its end. Returns only where the machine cannot be powered
/// off, whereupon the kernel panics.
#[must_use]
pub fn run() -> ExitCode {
    let ending = start().and_then(|()| live().map_err(StartError::from)).unwrap_or_else(|error| {
        let cause = std::error::Error::source(&error);
        error!(code = error.code().id, %error, cause = ?cause, help = error.remedy(), "the guest cannot start");
        Ending::NOT_STARTED
    });
    info!(reason = ending.reason, status = ending.status, signal = ending.signal, "the guest ends");
    let Err(error) = cloister_guest::power::off();
    error!(%error, "cannot power off");
    ExitCode::FAILURE
}

/// Everything before the runtime, in this order.
fn start() -> Result<(), StartError> {
    logging::init(&LogConfig { format: LogFormat::Json, filter: "info".to_owned() })?;
    mounts::first()?;
    console::take()?;
    modules::load(Path::new(modules::LIST))?;
    mounts::second()?;
    network::loopback()?;
    let text = connect()?;
    clock::raise(Path::new(clock::EPOCH))?;
    mounts::write_private(Path::new(NODE), &text)
        .map_err(|source| GuestError::Runtime { step: "write the host's file for", source })?;
    mounts::seal()?;
    // SECURITY: last. Nothing before it is the agent's doing, and nothing after it needs a module.
    hardening::apply()?;
    Ok(())
}

/// The network up as node.toml says it, and node.toml. Where the machine was handed no such file, it is
/// behind the network.
fn connect() -> Result<String, StartError> {
    let Some(text) = handover::read(CONFIG_BYTES_MAX)? else { return connect_first() };
    match NodeConfig::parse(Path::new(NODE), text.as_str())?.network {
        Some(network) => network::up(&network)?,
        None => warn!("node.toml has no [network]: loopback only"),
    }
    Ok(text)
}

/// The network up by DHCP, and the node.toml that a cloud's metadata service has.
fn connect_first() -> Result<String, StartError> {
    let cloud = Cloud::of_machine().ok_or_else(|| {
        GuestError::Handover(
            "no firmware entry, no disk with its serial number, and no known cloud".to_owned(),
        )
    })?;
    network::up(&Network::Dhcp)?;
    let text = cloud.node_toml(CONFIG_BYTES_MAX)?;
    match NodeConfig::parse(Path::new(NODE), text.as_str())?.network {
        None | Some(Network::Dhcp) => Ok(text),
        Some(_) => Err(GuestError::OtherNetwork.into()),
    }
}

/// The runtime, from its start to its end.
fn live() -> Result<Ending, GuestError> {
    let failed = |step| move |source| GuestError::Runtime { step, source };
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(failed("prepare"))?
        .block_on(async {
            // Before the start, so that no end of it goes unnoticed.
            let signals = watch::Signals::take().map_err(failed("watch"))?;
            let runtime = Command::new("/proc/self/exe")
                .args(["--guest", "--manifest", AGENT, "--config", NODE])
                .env_clear()
                .stdin(Stdio::null())
                .spawn()
                .map_err(failed("start"))?;
            signals.watch(runtime.id()).await.map_err(failed("await"))
        })
}
