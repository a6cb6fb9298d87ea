//! `node.toml`: supplied by the host; can cost availability and nothing else.

use core::time::Duration;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cloister_guest::network::Network;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use toml::Spanned;

use super::error::{ConfigError, EXPOSED};
use super::root::Root;
use super::source::Source;
use crate::limits;

/// What the host says, checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeConfig {
    /// Where to listen for channels. Port 0 takes any.
    pub listen: SocketAddr,
    /// `host:port` that peers dial; the bound address where absent.
    pub advertise: Option<String>,
    /// `host:port` of the Verifier. A hint: its certificate is pinned by `agent.toml`.
    pub verifier: String,
    /// The host in `verifier`, as TLS names it.
    pub verifier_name: ServerName<'static>,
    /// The agent's surface, on loopback.
    pub surface: SocketAddr,
    /// Health, readiness, metrics, on loopback.
    pub operator: SocketAddr,
    /// A folder for `addresses.json`.
    pub state: Option<PathBuf>,
    /// A folder for the audit log; kept in memory where absent.
    pub audit: Option<PathBuf>,
    /// Which TEE to collect Evidence from.
    pub tee: TeeConfig,
    /// What to do when the Verifier refuses.
    pub on_refusal: OnRefusal,
    /// Worker threads of the runtime.
    pub worker_threads: usize,
    /// What to log and how.
    pub log: LogConfig,
    /// Counts and times.
    pub limits: Limits,
    /// The guest's address; for the first process of a guest only.
    pub network: Option<Network>,
}

/// What to do when the Verifier refuses admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnRefusal {
    /// Print the findings and end with status 2.
    #[default]
    Exit,
    /// Print the findings and ask again, more and more slowly.
    Retry,
}

/// What to log and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LogConfig {
    /// One line of text, or one JSON object, for each event.
    pub format: LogFormat,
    /// `tracing` filter directives, as in `info,cloister_node=debug`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// The form of a log event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogFormat {
    /// A line of text.
    Text,
    /// A line of JSON.
    Json,
}

/// Counts and times that bound what strangers and peers can make the runtime spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Channels at a time, both directions together.
    pub channels_max: usize,
    /// Handshakes at a time.
    pub handshakes_max: usize,
    /// From the accepted connection to the verdict.
    pub handshake_timeout: Duration,
    /// An unused channel is closed after this.
    pub idle_timeout: Duration,
    /// How long a shutdown waits for streams to end.
    pub drain_timeout: Duration,
    /// How often a silent channel is probed.
    pub keepalive: Duration,
    /// Requests of the agent that wait for a channel to one peer.
    pub waiting_per_peer_max: usize,
    /// Requests of the agent that wait for a channel to any peer.
    pub waiting_max: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: SocketAddr,
    advertise: Option<Spanned<String>>,
    verifier: Spanned<String>,
    #[serde(default = "surface")]
    surface: Spanned<SocketAddr>,
    #[serde(default = "operator")]
    operator: Spanned<SocketAddr>,
    state: Option<PathBuf>,
    audit: Option<PathBuf>,
    #[serde(default)]
    on_refusal: OnRefusal,
    #[serde(default = "worker_threads")]
    worker_threads: Spanned<usize>,
    #[serde(default = "tee")]
    tee: Spanned<TeeConfig>,
    #[serde(default)]
    log: LogConfig,
    #[serde(default = "limits_section")]
    limits: Spanned<LimitsSection>,
    network: Option<Network>,
}

/// Which TEE to collect Evidence from. A wrong word here means no Evidence, or Evidence that the
/// Verifier refuses: the hardware's signature decides, not this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TeeConfig {
    /// Which TEE.
    #[serde(default)]
    pub kind: TeeKind,
    /// How to reach it; not for the simulator, nor behind a paravisor.
    #[serde(default)]
    pub interface: TeeInterface,
    /// The simulator's Unix socket; with `kind = "simulator"` only.
    #[serde(default)]
    pub simulator_socket: Option<PathBuf>,
    /// Where configfs-tsm is mounted, if not at its usual place.
    #[serde(default)]
    pub tsm_root: Option<PathBuf>,
    /// The VMPL to ask SNP Evidence for.
    #[serde(default)]
    pub privilege_level: Option<u8>,
}

/// The ways to reach a TEE that can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TeeInterface {
    /// configfs-tsm where the kernel has it, else the device.
    #[default]
    Auto,
    /// configfs-tsm.
    Configfs,
    /// The vendor's device.
    Device,
}

/// The kinds of TEE that can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TeeKind {
    /// The one that the guest has; none is an error, and the simulator is never chosen.
    #[default]
    Auto,
    /// AMD SEV-SNP.
    Snp,
    /// Intel TDX.
    Tdx,
    /// Either of them behind Azure's paravisor, through its virtual TPM.
    AzureVtpm,
    /// The software TEE. Only a Verifier that names its root admits it.
    Simulator,
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&LimitsSection::default())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsSection {
    channels_max: usize,
    handshakes_max: usize,
    handshake_timeout_ms: u64,
    idle_timeout_secs: u64,
    drain_timeout_secs: u64,
    keepalive_ms: u64,
    waiting_per_peer_max: usize,
    waiting_max: usize,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            channels_max: limits::CHANNELS_DEFAULT,
            handshakes_max: limits::HANDSHAKES_DEFAULT,
            handshake_timeout_ms: millis(limits::HANDSHAKE_TIMEOUT_DEFAULT),
            idle_timeout_secs: limits::IDLE_TIMEOUT_DEFAULT.as_secs(),
            drain_timeout_secs: limits::DRAIN_TIMEOUT_DEFAULT.as_secs(),
            keepalive_ms: millis(limits::KEEPALIVE_DEFAULT),
            waiting_per_peer_max: limits::WAITING_PER_PEER_DEFAULT,
            waiting_max: limits::WAITING_DEFAULT,
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl NodeConfig {
    /// Reads the file, and checks it as [`Self::parse`] does.
    ///
    /// # Errors
    /// [`ConfigError`] with the place in the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::check(&Source::read(&Root::own(), path)?)
    }

    /// Checks the text of the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`] with the place in the text.
    pub fn parse(path: &Path, text: impl Into<String>) -> Result<Self, ConfigError> {
        Self::check(&Source::new(path, text.into()))
    }

    fn check(source: &Source) -> Result<Self, ConfigError> {
        let file: File = source.parse()?;
        for address in [&file.surface, &file.operator] {
            check_loopback(source, address)?;
        }
        for authority in file.advertise.iter().chain([&file.verifier]) {
            check_authority(source, authority)?;
        }
        check_tee(source, &file.tee)?;
        let verifier_name = host(file.verifier.get_ref()).ok_or_else(|| {
            source.refuse(&file.verifier, "the host is neither a DNS name nor an IP address")
        })?;
        if !(1..=64).contains(file.worker_threads.get_ref()) {
            return Err(source.refuse(&file.worker_threads, "worker_threads is 1 to 64"));
        }
        Ok(Self {
            limits: limits(source, &file.limits)?,
            listen: file.listen,
            advertise: file.advertise.map(Spanned::into_inner),
            verifier: file.verifier.into_inner(),
            verifier_name,
            surface: file.surface.into_inner(),
            operator: file.operator.into_inner(),
            state: file.state.map(|path| source.resolve(&path)),
            audit: file.audit.map(|path| source.resolve(&path)),
            tee: tee_paths(source, file.tee.into_inner()),
            on_refusal: file.on_refusal,
            worker_threads: file.worker_threads.into_inner(),
            log: file.log,
            network: file.network,
        })
    }
}

// SECURITY: whoever reaches the surface speaks as the agent, and node.toml is the host's.
fn check_loopback(source: &Source, address: &Spanned<SocketAddr>) -> Result<(), ConfigError> {
    if address.get_ref().ip().is_loopback() {
        return Ok(());
    }
    let reason = format_args!("{} is not a loopback address", address.get_ref()).to_string();
    Err(source.refuse_as(&EXPOSED, address.span(), reason))
}

fn check_authority(source: &Source, authority: &Spanned<String>) -> Result<(), ConfigError> {
    let parsed: Result<http::uri::Authority, _> = authority.get_ref().parse();
    match parsed {
        Ok(parsed) if parsed.port_u16().is_some() && !parsed.as_str().contains('@') => Ok(()),
        _ => Err(source.refuse(authority, "write host:port")),
    }
}

/// The host of an authority whose form was checked.
fn host(authority: &str) -> Option<ServerName<'static>> {
    let host = authority.rsplit_once(':')?.0;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.to_owned()).ok()
}

fn check_tee(source: &Source, tee: &Spanned<TeeConfig>) -> Result<(), ConfigError> {
    match (tee.get_ref().kind, &tee.get_ref().simulator_socket) {
        (TeeKind::Simulator, None) => {
            Err(source.refuse(tee, "the simulator needs simulator_socket"))
        }
        (TeeKind::Auto | TeeKind::Snp | TeeKind::Tdx | TeeKind::AzureVtpm, Some(_)) => {
            Err(source.refuse(tee, "simulator_socket is for kind = \"simulator\""))
        }
        _ => Ok(()),
    }
}

fn tee_paths(source: &Source, tee: TeeConfig) -> TeeConfig {
    let resolved = |path: Option<PathBuf>| path.map(|path| source.resolve(&path));
    TeeConfig {
        simulator_socket: resolved(tee.simulator_socket),
        tsm_root: resolved(tee.tsm_root),
        ..tee
    }
}

fn limits(source: &Source, section: &Spanned<LimitsSection>) -> Result<Limits, ConfigError> {
    let given = section.get_ref();
    let zero = given.channels_max == 0
        || given.handshakes_max == 0
        || given.handshake_timeout_ms == 0
        || given.idle_timeout_secs == 0
        || given.keepalive_ms == 0
        || given.waiting_per_peer_max == 0
        || given.waiting_max == 0;
    if zero {
        return Err(source.refuse(section, "only drain_timeout_secs may be 0"));
    }
    Ok(Limits::from(given))
}

impl From<&LimitsSection> for Limits {
    fn from(given: &LimitsSection) -> Self {
        Self {
            channels_max: given.channels_max,
            handshakes_max: given.handshakes_max,
            handshake_timeout: Duration::from_millis(given.handshake_timeout_ms),
            idle_timeout: Duration::from_secs(given.idle_timeout_secs),
            drain_timeout: Duration::from_secs(given.drain_timeout_secs),
            keepalive: Duration::from_millis(given.keepalive_ms),
            waiting_per_peer_max: given.waiting_per_peer_max,
            waiting_max: given.waiting_max,
        }
    }
}

fn surface() -> Spanned<SocketAddr> {
    Spanned::new(0..0, SocketAddr::from(([127, 0, 0, 1], 4600)))
}

fn operator() -> Spanned<SocketAddr> {
    Spanned::new(0..0, SocketAddr::from(([127, 0, 0, 1], 4601)))
}

/// One agent's traffic is small next to what TLS needs of one core; two threads keep the memory low.
fn worker_threads() -> Spanned<usize> {
    Spanned::new(0..0, 2)
}

fn tee() -> Spanned<TeeConfig> {
    Spanned::new(0..0, TeeConfig::default())
}

fn limits_section() -> Spanned<LimitsSection> {
    Spanned::new(0..0, LimitsSection::default())
}

#[cfg(test)]
mod tests;
