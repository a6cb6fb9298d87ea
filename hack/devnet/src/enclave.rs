//! The host's part: images on disk, measured as they are launched, and runtimes started from them.
//!
//! [`Host`] is the hypervisor and the security processor of the story in one. For each enclave it
//! measures the very files that it is about to start, and serves a simulator socket that signs for
//! that measurement. A runtime cannot tell it what to sign, only ask for its signature.

mod front;

use std::fmt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_audit::{Frames, Record, Replay, Step};
use cloister_node::config::AgentConfig;
use cloister_node::workload::declare;
use cloister_simulator::server::{Server, serve};
use cloister_simulator::{Guest, ImageFiles, Pki, ProcessImage, reference_values};
use serde::Deserialize;
use tokio::process::Command;

use crate::declaration::{VERSION, identity, policy};
use crate::http;
use crate::process::Process;
use crate::python::Python;
use crate::verifier::Verifier;
use crate::view::{Channel, Lease};
use crate::workspace::{Programs, python_agents};

pub use front::Front;

const BOOT_LIMIT: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which agents run inside the enclaves.
#[derive(Clone, Debug)]
pub enum Agents {
    /// On the official Rust SDK.
    Rust,
    /// On the official Python SDK.
    Python(Python),
    /// This program, which takes `--name` and finds its port in `A2A_PORT`.
    Program(PathBuf),
    /// A script that takes `--name` and serves where `A2A_PORT` and, for gRPC, `A2A_GRPC_PORT` say.
    Script {
        /// What runs it.
        interpreter: PathBuf,
        /// What is measured.
        script: PathBuf,
    },
}

/// What an enclave claims to run on; signed by the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hardware {
    /// AMD SEV-SNP, Milan.
    SnpMilan,
    /// Intel TDX.
    Tdx,
}

impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SnpMilan => "simulated SEV-SNP (Milan)",
            Self::Tdx => "simulated TDX",
        })
    }
}

/// One machine's host: a run folder, a simulator, and the programs that it starts.
#[derive(Debug)]
pub struct Host {
    dir: tempfile::TempDir,
    pki: Pki,
    programs: Programs,
    agents: Agents,
}

impl Host {
    /// A host with a simulator of its own: its roots are made for this run and nowhere else.
    pub async fn start(agents: Agents) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("cloister-devnet-").tempdir()?;
        let programs = Programs::of_this_build()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let issued = UnixTime::from_secs(now).minus(DAY);
        let seed = hex::encode(random()?);
        let pki = tokio::task::spawn_blocking(move || {
            let pki = Pki::for_one_run(&seed, issued);
            // The slow keys are made here, not when the first enclave waits for them.
            let _anchor = pki.anchor();
            pki
        })
        .await?;
        Ok(Self { dir, pki, programs, agents })
    }

    /// The run's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The simulator's vendor hierarchy.
    #[must_use]
    pub fn pki(&self) -> &Pki {
        &self.pki
    }

    /// The programs of this build.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    pub(crate) fn new_folder(&self, prefix: &str) -> anyhow::Result<PathBuf> {
        Ok(tempfile::Builder::new().prefix(&format!("{prefix}-")).tempdir_in(self.dir())?.keep())
    }
}

/// Thirty-two bytes that nobody can guess.
fn random() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut seed)?;
    Ok(seed)
}

/// An image in process mode: the files that would be inside the VM, in a folder.
#[derive(Clone, Debug)]
pub struct Image {
    name: String,
    folder: PathBuf,
    files: ImageFiles,
}

impl Image {
    /// Writes `agent.toml` and the policy beside each other. `callers` may call this agent; it may
    /// call everybody.
    pub fn build(
        host: &Host,
        verifier: &Verifier,
        name: &str,
        callers: &[&str],
    ) -> anyhow::Result<Self> {
        Self::running(&host.agents, host, verifier, name, callers)
    }

    /// The same with another agent than the host's usual one.
    pub fn running(
        agents: &Agents,
        host: &Host,
        verifier: &Verifier,
        name: &str,
        callers: &[&str],
    ) -> anyhow::Result<Self> {
        let folder = host.new_folder(&format!("image-{name}"))?;
        std::fs::copy(verifier.trust_root(), folder.join("trust.pem"))?;
        std::fs::write(folder.join("policy.cedar"), policy(name, callers))?;
        let program = Program::of(agents, &host.programs);
        let agent_toml = agent_toml(name, &program, &host.pki.anchor().fingerprint().to_string());
        std::fs::write(folder.join("agent.toml"), agent_toml)?;
        let files = ImageFiles {
            runtime: host.programs.runtime.clone(),
            agent: program.measured,
            policy: folder.join("policy.cedar"),
            manifest: folder.join("agent.toml"),
        };
        Ok(Self { name: name.to_owned(), folder, files })
    }

    /// The agent's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image's Reference Values, as a file for `cloister image admit`.
    pub fn reference_values(&self) -> anyhow::Result<PathBuf> {
        let manifest = declare(&AgentConfig::load(&self.files.manifest)?)?.digest;
        let measured = ProcessImage::measure(&self.files)?;
        let values = reference_values(&measured, &self.name, "1.0.0", manifest);
        let path = self.folder.join("reference-values.json");
        std::fs::write(&path, serde_json::to_vec_pretty(&values)?)?;
        Ok(path)
    }

    /// The same image with one more byte, a space at the end of the policy.
    pub fn with_one_byte_changed(&self) -> anyhow::Result<Self> {
        let mut policy = std::fs::read(&self.files.policy)?;
        policy.push(b' ');
        std::fs::write(&self.files.policy, policy)?;
        Ok(self.clone())
    }

    /// The same image for visitors as well, who may do everything: in the measured configuration and
    /// in the policy.
    pub fn allowing_visitors(&self) -> anyhow::Result<Self> {
        let manifest = std::fs::read_to_string(&self.files.manifest)?;
        let allowed = manifest.replace("[peers]\n", "[peers]\nvisitors = \"allow\"\n");
        std::fs::write(&self.files.manifest, allowed)?;
        self.welcoming_visitors()
    }

    /// The same image under another version.
    pub fn of_version(&self, version: &str) -> anyhow::Result<Self> {
        let manifest = std::fs::read_to_string(&self.files.manifest)?;
        let named = manifest.replace(VERSION, &format!("version = {version:?}"));
        std::fs::write(&self.files.manifest, named)?;
        Ok(self.clone())
    }

    /// The same image, whose policy the Verifier may change while it runs.
    pub fn taking_policies(&self) -> anyhow::Result<Self> {
        let manifest = std::fs::read_to_string(&self.files.manifest)?;
        let of_image = "policy = \"policy.cedar\"";
        let of_verifier = "policy = { file = \"policy.cedar\", source = \"verifier\" }";
        std::fs::write(&self.files.manifest, manifest.replace(of_image, of_verifier))?;
        Ok(self.clone())
    }

    /// The same image whose policy permits visitors everything.
    pub fn welcoming_visitors(&self) -> anyhow::Result<Self> {
        self.with("", "permit (principal is Visitor, action, resource);\n")
    }

    /// The same image with this at the end of its `agent.toml`, and with these rules too.
    pub fn with(&self, manifest: &str, rules: &str) -> anyhow::Result<Self> {
        for (file, more) in [(&self.files.manifest, manifest), (&self.files.policy, rules)] {
            std::fs::write(file, std::fs::read_to_string(file)? + more)?;
        }
        Ok(self.clone())
    }

    fn guest(&self, pki: &Pki, hardware: Hardware) -> anyhow::Result<Guest> {
        let image = ProcessImage::measure(&self.files)?;
        Ok(match hardware {
            Hardware::SnpMilan => Guest::snp(pki, Product::Milan, &image),
            Hardware::Tdx => Guest::tdx(pki, &image),
        })
    }
}

/// How an agent is started, and which of its files is measured.
struct Program {
    command: Vec<String>,
    measured: PathBuf,
    /// Whether it serves gRPC on a port of its own.
    has_grpc_port: bool,
}

impl Program {
    fn alone(program: &Path) -> Self {
        let command = vec![program.display().to_string()];
        Self { command, measured: program.to_owned(), has_grpc_port: false }
    }

    fn of(agents: &Agents, programs: &Programs) -> Self {
        match agents {
            Agents::Rust => Self::alone(&programs.agent),
            Agents::Program(program) => Self::alone(program),
            Agents::Python(python) => {
                Self::script(python.interpreter(), python_agents().join("shout.py"))
            }
            Agents::Script { interpreter, script } => {
                Self { has_grpc_port: true, ..Self::script(interpreter, script.clone()) }
            }
        }
    }

    fn script(interpreter: &Path, script: PathBuf) -> Self {
        let command = vec![interpreter.display().to_string(), script.display().to_string()];
        Self { command, measured: script, has_grpc_port: false }
    }
}

fn agent_toml(name: &str, program: &Program, simulator: &str) -> String {
    let command: Vec<String> = program.command.iter().map(|word| format!("{word:?}")).collect();
    let grpc_port = if program.has_grpc_port { "grpc_port = 0\n" } else { "" };
    format!(
        r#"{identity}
[workload]
command = [{command}, "--name", "{name}"]
a2a_port = 0
{grpc_port}"#,
        identity = identity(name, simulator),
        command = command.join(", "),
    )
}

/// A running enclave: a `cloisterd` with its agent, and the socket that stands in for its TEE.
#[derive(Debug)]
pub struct Enclave {
    name: String,
    hardware: Hardware,
    process: Process,
    addresses: Addresses,
    admission: Duration,
    _tee: Server,
}

#[derive(Clone, Debug, Deserialize)]
struct Addresses {
    listen: std::net::SocketAddr,
    surface: std::net::SocketAddr,
    operator: std::net::SocketAddr,
    agent: std::net::SocketAddr,
}

/// One reason for a refusal, as the runtime reports it.
#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    /// The stable code.
    #[serde(rename = "finding")]
    pub id: String,
    /// What was there.
    pub observed: String,
    /// What to do.
    pub remedy: String,
}

struct Launch {
    started: Instant,
    process: Process,
    state: PathBuf,
    tee: Server,
}

impl Enclave {
    /// Launches `image` and waits until it is admitted and its agent runs.
    pub async fn boot(
        host: &Host,
        verifier: &Verifier,
        image: &Image,
        hardware: Hardware,
    ) -> anyhow::Result<Self> {
        let launch = launch(host, verifier, image, hardware, &Front::default())?;
        Self::started(launch, image, hardware).await
    }

    /// As [`Self::boot`], with something between the runtime and its peers.
    pub async fn boot_behind(
        host: &Host,
        verifier: &Verifier,
        image: &Image,
        hardware: Hardware,
        front: Front,
    ) -> anyhow::Result<Self> {
        let launch = launch(host, verifier, image, hardware, &front)?;
        Self::started(launch, image, hardware).await
    }

    async fn started(
        mut launch: Launch,
        image: &Image,
        hardware: Hardware,
    ) -> anyhow::Result<Self> {
        let file = launch.state.join("addresses.json");
        let addresses: Addresses = launch
            .process
            .until("its addresses", BOOT_LIMIT, async || {
                serde_json::from_slice(&std::fs::read(&file).ok()?).ok()
            })
            .await?;
        let leased = format!("http://{}/v1/lease", addresses.operator);
        launch
            .process
            .until("its lease", BOOT_LIMIT, async || http::json(&leased).await.ok())
            .await?;
        let admission = launch.started.elapsed();
        let ready = format!("http://{}/readyz", addresses.operator);
        launch
            .process
            .until("its agent", BOOT_LIMIT, async || http::succeeds(&ready).await.then_some(()))
            .await?;
        let Launch { process, tee, .. } = launch;
        Ok(Self { name: image.name.clone(), hardware, process, addresses, admission, _tee: tee })
    }

    /// Launches `image`, which has to be refused, and returns why it was.
    pub async fn boot_expecting_refusal(
        host: &Host,
        verifier: &Verifier,
        image: &Image,
        hardware: Hardware,
    ) -> anyhow::Result<Vec<Finding>> {
        let mut launch = launch(host, verifier, image, hardware, &Front::default())?;
        let status = launch.process.ended(BOOT_LIMIT).await?;
        let output = launch.process.output()?;
        anyhow::ensure!(status.code() == Some(2), "the runtime ended with {status}:\n{output}");
        let findings = findings(&output);
        anyhow::ensure!(!findings.is_empty(), "the runtime named no finding:\n{output}");
        Ok(findings)
    }

    /// The agent's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it claims to run on.
    #[must_use]
    pub const fn hardware(&self) -> Hardware {
        self.hardware
    }

    /// Where peers reach the runtime.
    #[must_use]
    pub const fn listen(&self) -> std::net::SocketAddr {
        self.addresses.listen
    }

    /// From the start of the process to its lease.
    #[must_use]
    pub const fn admission(&self) -> Duration {
        self.admission
    }

    /// Where the agent itself listens, past its runtime.
    #[must_use]
    pub const fn agent(&self) -> std::net::SocketAddr {
        self.addresses.agent
    }

    /// Where the agent of this enclave calls others.
    #[must_use]
    pub const fn surface(&self) -> std::net::SocketAddr {
        self.addresses.surface
    }

    /// Where a client on this side calls the agent `peer`.
    #[must_use]
    pub fn agent_url(&self, peer: &str) -> String {
        format!("http://{}/agents/{peer}/", self.addresses.surface)
    }

    /// Where a client on this side calls the tool server that `agent.toml` names so.
    #[must_use]
    pub fn tool_url(&self, server: &str) -> String {
        format!("http://{}/tools/{server}/mcp", self.addresses.surface)
    }

    /// The runtime's audit log, as it is kept.
    pub async fn audit_log(&self) -> anyhow::Result<Vec<u8>> {
        http::bytes(&format!("http://{}/v1/audit", self.addresses.operator)).await
    }

    /// What is on it, all of it checked.
    pub async fn records(&self) -> anyhow::Result<Vec<Record>> {
        let log = self.audit_log().await?;
        let (mut frames, mut replay) = (Frames::new(log.as_slice()), Replay::new(None));
        let mut records = Vec::new();
        while let Some(frame) = frames.next_frame()? {
            if let Step::Record(record) = replay.take(&frame)? {
                records.push(*record);
            }
        }
        Ok(records)
    }

    /// The runtime's own lease.
    pub async fn lease(&self) -> anyhow::Result<Lease> {
        Ok(serde_json::from_value(self.operator("/v1/lease").await?)?)
    }

    /// The runtime's own lease as a JWT.
    pub async fn lease_jwt(&self) -> anyhow::Result<String> {
        http::text(&format!("http://{}/v1/lease.jwt", self.addresses.operator)).await
    }

    /// The runtime's open channels.
    pub async fn channels(&self) -> anyhow::Result<Vec<Channel>> {
        Ok(serde_json::from_value(self.operator("/v1/channels").await?)?)
    }

    /// What the runtime's operator port says under `path`.
    pub async fn operator(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        http::json(&format!("http://{}{path}", self.addresses.operator)).await
    }

    /// The runtime's counters, as text.
    pub async fn metrics(&self) -> anyhow::Result<String> {
        http::text(&format!("http://{}/metrics", self.addresses.operator)).await
    }

    /// The kernel's number for the runtime.
    pub fn process_id(&self) -> anyhow::Result<u32> {
        self.process.id()
    }

    /// The runtime's log so far.
    pub fn log(&self) -> anyhow::Result<String> {
        self.process.output()
    }

    /// Asks the runtime to stop and waits until it has.
    pub async fn stop(self) -> anyhow::Result<()> {
        let log = self.process.log().to_path_buf();
        let status = self.process.stop().await?;
        anyhow::ensure!(status.success(), "cloisterd ended with {status}; see {}", log.display());
        Ok(())
    }

    /// Ends the runtime as a crash would.
    pub async fn kill(self) -> anyhow::Result<()> {
        self.process.kill().await
    }
}

fn launch(
    host: &Host,
    verifier: &Verifier,
    image: &Image,
    hardware: Hardware,
    front: &Front,
) -> anyhow::Result<Launch> {
    let folder = host.new_folder(&format!("enclave-{}", image.name))?;
    let socket = folder.join("tee.sock");
    let tee = serve(UnixListener::bind(&socket)?, image.guest(&host.pki, hardware)?)?;
    let node_toml = front.toml() + &node_toml(&verifier.address(), &socket);
    std::fs::write(folder.join("node.toml"), node_toml)?;
    let mut command = Command::new(&host.programs.runtime);
    command.arg("--manifest").arg(&image.files.manifest);
    command.arg("--config").arg(folder.join("node.toml"));
    let started = Instant::now();
    let process = Process::start("cloisterd", command, folder.join("cloisterd.log"))?;
    Ok(Launch { started, process, state: folder.join("state"), tee })
}

fn node_toml(verifier: &str, socket: &Path) -> String {
    format!(
        r#"verifier = "{verifier}"
surface = "127.0.0.1:0"
operator = "127.0.0.1:0"
state = "state"

[tee]
kind = "simulator"
simulator_socket = "{socket}"

[log]
format = "json"
"#,
        socket = socket.display()
    )
}

/// The findings in a runtime's JSON log: the events that name one.
fn findings(output: &str) -> Vec<Finding> {
    output
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|event| serde_json::from_value(event.get("fields")?.clone()).ok())
        .collect()
}
