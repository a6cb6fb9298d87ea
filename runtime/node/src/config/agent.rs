//! `agent.toml`: measured with the image; everything that trust depends on.

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::limits::{NAME_BYTES_MAX, SCOPES_MAX};
use cloister_attestation::manifest::{PolicySource, is_agent_name};
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::name::TrustDomain;
use cloister_gateway::{OriginPolicy, WebhookPorts};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::card::{CardSection, card};
use super::error::ConfigError;
use super::fence::{EgressSection, FenceDemands, FenceSection, ResourcesSection, Sections};
use super::push::{PushSection, push};
use super::root::Root;
use super::source::Source;
use super::tools::{Place, Tool, ToolSections, tools};
use crate::limits::{ENVIRONMENT_MAX, STOP_GRACE_SECS_MAX, WORKLOAD_FILES_MAX};

/// What the measured file says, checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentConfig {
    /// Where the files that it names are.
    pub root: Root,
    /// The trust domain that this runtime belongs to; leases of others are refused.
    pub trust_domain: TrustDomain,
    /// What the runtime declares about the agent.
    pub agent: Declaration,
    /// The image's name and version, as Reference Values have to call it.
    pub image: ImageName,
    /// The image's Cedar policy bundle.
    pub policy: PathBuf,
    /// Whether it is all that counts, or until the Verifier publishes another.
    pub policy_source: PolicySource,
    /// Which Verifier to believe.
    pub verifier: VerifierPin,
    /// What every peer has to show, whatever the policy bundle says.
    pub peers: PeerDemands,
    /// What the agent's own card has to be before peers are shown it.
    pub card: OriginPolicy,
    /// What the audit log has to survive.
    pub audit: AuditDemands,
    /// What to run.
    pub workload: Workload,
    /// The tool servers that the agent, and where they are exposed its peers, may be let use.
    pub tools: Vec<Tool>,
    /// The loopback ports that the agent may be notified at; its own, where nothing is said.
    pub webhooks: Option<WebhookPorts>,
    /// What the agent may see, use and reach.
    pub fence: FenceDemands,
}

/// What the manifest declares about the agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Declaration {
    /// A DNS label.
    pub name: String,
    /// Who answers for the agent.
    pub principal: String,
    /// What the agent is for.
    #[serde(default)]
    pub scope: Vec<String>,
    /// Where the operator says that the image runs.
    #[serde(default)]
    pub region: Option<String>,
}

/// How the image is called where it is admitted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ImageName {
    /// For example `translator`.
    pub name: String,
    /// For example `1.4.0`.
    pub version: String,
}

/// The Verifier, pinned: whoever shows another certificate is not asked for anything.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifierPin {
    /// The issuing CA certificates that its certificate may chain to. Never empty.
    pub roots: Vec<CertificateDer<'static>>,
    /// The name that its certificate has to carry; the host that is dialled where absent. Either
    /// way it is a host name or an address, which no runtime's certificate carries.
    pub server_name: Option<ServerName<'static>>,
}

/// What every lease, the runtime's own among them, and every channel has to show.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PeerDemands {
    /// Whose root leases have to rest on: the vendors' hardware, or one simulator's.
    pub anchors: AnchorPolicy,
    /// How recent the Evidence behind a peer has to be. A lease's, where nothing is said.
    #[serde(default)]
    pub freshness: Freshness,
    /// Whether a channel needs a post-quantum key exchange.
    #[serde(default = "require_post_quantum")]
    pub require_post_quantum: bool,
    /// What becomes of callers of whom nothing is attested.
    #[serde(default)]
    pub visitors: Visitors,
}

/// What becomes of callers of whom nothing is attested: people's machines, which have no TEE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Visitors {
    /// There is nothing to dial for them.
    #[default]
    Refuse,
    /// The policy bundle decides, by what it says about visitors.
    Allow,
}

/// How recent the Evidence behind a peer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Freshness {
    /// As recent as its lease: minutes old.
    #[default]
    Lease,
    /// Made for each session, by both ends, and appraised by the Verifier before policy is obeyed.
    Session,
}

const fn require_post_quantum() -> bool {
    true
}

/// What the audit log has to survive. There is always one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditDemands {
    /// Where a record has to be before what it speaks of happens. In memory, where nothing is said.
    #[serde(default)]
    pub demand: Durability,
}

/// What a record has to survive before what it speaks of happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: it is in guest memory, and on a disk where the host gives one.
    #[default]
    Memory,
    /// The end of the runtime, at any instant: it is on a disk.
    Durable,
}

/// The agent process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Workload {
    /// Program and arguments; never empty.
    pub command: Vec<String>,
    /// Files that are measured beside the program, as written in the file.
    pub files: Vec<PathBuf>,
    /// Where relative paths of this section start: the folder of `agent.toml`.
    pub base: PathBuf,
    /// The process's working folder.
    pub directory: PathBuf,
    /// Loopback port of the agent's A2A server; 0 lets the runtime choose one.
    pub a2a_port: u16,
    /// Loopback port of the agent's gRPC server, if it is another; 0 lets the runtime choose one.
    pub grpc_port: Option<u16>,
    /// The whole environment, but for what the runtime adds.
    pub environment: BTreeMap<String, String>,
    /// How long the agent may take to end by itself.
    pub stop_grace: Duration,
    /// What happens to what the agent prints.
    pub output: Output,
}

/// What happens to an agent's standard output and error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Output {
    /// Each line becomes a log event of the runtime. The host may read the log.
    #[default]
    Log,
    /// Nothing leaves the guest.
    Discard,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    trust_domain: Spanned<String>,
    policy: PolicySection,
    agent: Spanned<Declaration>,
    image: Spanned<ImageName>,
    verifier: Spanned<PinSection>,
    peers: PeerDemands,
    card: Option<CardSection>,
    #[serde(default)]
    audit: AuditDemands,
    workload: Spanned<WorkloadSection>,
    #[serde(default)]
    tools: ToolSections,
    push: Option<PushSection>,
    #[serde(default)]
    fence: FenceSection,
    resources: Option<Spanned<ResourcesSection>>,
    #[serde(default)]
    scratch: BTreeMap<String, Spanned<u32>>,
    #[serde(default)]
    egress: EgressSection,
    /// How the image was built: for `cloister image build`, and of no consequence afterwards.
    #[serde(rename = "build")]
    _build: Option<IgnoredAny>,
}

/// `policy = "FILE"`, or a table that also says whose policy counts.
#[derive(Deserialize)]
#[serde(untagged)]
enum PolicySection {
    File(PathBuf),
    Table(PolicyTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    file: PathBuf,
    source: PolicySource,
}

impl PolicySection {
    fn file(&self) -> &Path {
        match self {
            Self::File(file) | Self::Table(PolicyTable { file, .. }) => file,
        }
    }

    const fn source(&self) -> PolicySource {
        match self {
            Self::File(_) => PolicySource::Image,
            Self::Table(table) => table.source,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinSection {
    trust_root: Option<PathBuf>,
    trust_root_pem: Option<String>,
    server_name: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkloadSection {
    command: Spanned<Vec<String>>,
    #[serde(default)]
    files: Vec<PathBuf>,
    directory: Option<PathBuf>,
    a2a_port: u16,
    grpc_port: Option<u16>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default = "stop_grace_secs")]
    stop_grace_secs: u64,
    #[serde(default)]
    output: Output,
}

const fn stop_grace_secs() -> u64 {
    10
}

impl AgentConfig {
    /// Reads the file, and checks it as [`Self::parse`] does.
    ///
    /// # Errors
    /// [`ConfigError`] with the place in the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_below(Root::own(), path)
    }

    /// Reads the file that has this path below `root`, and checks it as [`Self::parse`] does. Every
    /// path in it, too, is one below `root`.
    ///
    /// # Errors
    /// [`ConfigError`] with the place in the file.
    pub fn load_below(root: Root, path: &Path) -> Result<Self, ConfigError> {
        let source = Source::read(&root, path)?;
        Self::check(root, &source)
    }

    /// Checks the text of the file at `path`, and reads the trust root that it names.
    ///
    /// # Errors
    /// [`ConfigError`] with the place in the text.
    pub fn parse(path: &Path, text: impl Into<String>) -> Result<Self, ConfigError> {
        Self::check(Root::own(), &Source::new(path, text.into()))
    }

    fn check(root: Root, source: &Source) -> Result<Self, ConfigError> {
        let file: File = source.parse()?;
        let trust_domain = TrustDomain::new(file.trust_domain.get_ref())
            .map_err(|error| source.refuse(&file.trust_domain, error.remedy()))?;
        check_declaration(source, &file.agent)?;
        check_image(source, &file.image)?;
        let tools = tools(source, file.tools)?;
        let mut workload = workload(source, file.workload)?;
        workload.files.extend(programs(&tools));
        let fence = Sections {
            fence: file.fence,
            resources: file.resources,
            scratch: file.scratch,
            egress: file.egress,
        };
        let fence = fence.check(source)?;
        Ok(Self {
            root,
            verifier: pin(source, file.verifier)?,
            workload,
            tools,
            webhooks: push(source, file.push)?,
            fence,
            policy: source.resolve(file.policy.file()),
            policy_source: file.policy.source(),
            agent: file.agent.into_inner(),
            peers: file.peers,
            card: card(source, file.card)?,
            audit: file.audit,
            image: file.image.into_inner(),
            trust_domain,
        })
    }
}

/// The programs of tool servers, which are measured like every other file of the workload.
fn programs(tools: &[Tool]) -> impl Iterator<Item = PathBuf> {
    tools.iter().filter_map(|tool| match &tool.place {
        Place::Program(program) => program.command.first().map(PathBuf::from),
        Place::Elsewhere(_) => None,
    })
}

fn check_declaration(source: &Source, agent: &Spanned<Declaration>) -> Result<(), ConfigError> {
    let declared = agent.get_ref();
    if !is_agent_name(&declared.name) {
        return Err(source
            .refuse(agent, "name is not 1 to 63 lower-case letters, digits and inner hyphens"));
    }
    if declared.scope.len() > SCOPES_MAX {
        return Err(source.refuse(agent, format_args!("scope has more than {SCOPES_MAX} entries")));
    }
    let mut texts = declared.scope.iter().chain([&declared.principal]).chain(&declared.region);
    if texts.all(|text| is_text(text)) {
        return Ok(());
    }
    Err(source
        .refuse(agent, "principal, scope and region are 1 to 128 bytes without control characters"))
}

fn check_image(source: &Source, image: &Spanned<ImageName>) -> Result<(), ConfigError> {
    if is_text(&image.get_ref().name) && is_text(&image.get_ref().version) {
        return Ok(());
    }
    Err(source.refuse(image, "name and version are 1 to 128 bytes without control characters"))
}

fn is_text(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn pin(source: &Source, section: Spanned<PinSection>) -> Result<VerifierPin, ConfigError> {
    let span = section.span();
    let refuse = |reason: &str| source.refuse_as(&super::VALUE, span.clone(), reason);
    let section = section.into_inner();
    let pem = match (section.trust_root, section.trust_root_pem) {
        (Some(path), None) => source.named(&path)?,
        (None, Some(pem)) => pem,
        _ => return Err(refuse("give exactly one of trust_root and trust_root_pem")),
    };
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(&format!("the trust root is not PEM: {error}")))?;
    if roots.is_empty() {
        return Err(refuse("the trust root holds no certificate"));
    }
    let server_name = section.server_name.map(|name| server_name(source, &name)).transpose()?;
    Ok(VerifierPin { roots, server_name })
}

fn server_name(
    source: &Source,
    name: &Spanned<String>,
) -> Result<ServerName<'static>, ConfigError> {
    ServerName::try_from(name.get_ref().clone())
        .map_err(|_| source.refuse(name, "server_name is neither a DNS name nor an IP address"))
}

fn workload(source: &Source, section: Spanned<WorkloadSection>) -> Result<Workload, ConfigError> {
    let span = section.span();
    let refuse = |reason: String| source.refuse_as(&super::VALUE, span.clone(), reason);
    let section = section.into_inner();
    if section.command.get_ref().first().is_none_or(String::is_empty) {
        return Err(source.refuse(&section.command, "command has no program"));
    }
    if section.files.len() > WORKLOAD_FILES_MAX {
        return Err(refuse(format!("files has more than {WORKLOAD_FILES_MAX} entries")));
    }
    if section.stop_grace_secs > STOP_GRACE_SECS_MAX {
        return Err(refuse(format!("stop_grace_secs is at most {STOP_GRACE_SECS_MAX}")));
    }
    check_environment(&section.environment).map_err(refuse)?;
    let base = source.resolve(Path::new(""));
    Ok(Workload {
        directory: section.directory.map_or_else(|| base.clone(), |path| source.resolve(&path)),
        base,
        command: section.command.into_inner(),
        files: section.files,
        a2a_port: section.a2a_port,
        grpc_port: section.grpc_port,
        environment: section.environment,
        stop_grace: Duration::from_secs(section.stop_grace_secs),
        output: section.output,
    })
}

/// Names that the runtime sets itself cannot be declared; NUL and `=` would split a variable.
pub(super) fn check_environment(environment: &BTreeMap<String, String>) -> Result<(), String> {
    if environment.len() > ENVIRONMENT_MAX {
        return Err(format!("environment has more than {ENVIRONMENT_MAX} entries"));
    }
    let broken = |(name, value): &(&String, &String)| {
        name.is_empty()
            || name.contains(['=', '\0'])
            || value.contains('\0')
            || RESERVED.contains(&name.as_str())
    };
    match environment.iter().find(broken) {
        Some((name, _)) => Err(format!("environment variable {name:?} is reserved or malformed")),
        None => Ok(()),
    }
}

/// The loopback port that the agent has to serve A2A on.
pub(crate) const A2A_PORT: &str = "A2A_PORT";
/// The loopback port that it has to serve gRPC on, where that is another.
pub(crate) const GRPC_PORT: &str = "A2A_GRPC_PORT";
/// The base URL of the local surface.
pub(crate) const SURFACE: &str = "CLOISTER_SURFACE";
/// The agent's own name.
pub(crate) const AGENT: &str = "CLOISTER_AGENT";

/// Where declared destinations are reached, for programs that know proxies.
pub(crate) const PROXY: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// What they reach without it: everything that is theirs to reach by itself.
pub(crate) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

const RESERVED: [&str; 8] =
    [A2A_PORT, GRPC_PORT, SURFACE, AGENT, "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];

#[cfg(test)]
mod tests;
