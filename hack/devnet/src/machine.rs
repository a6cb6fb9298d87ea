//! Enclaves as virtual machines: images that `cloister image build` made, booted under QEMU with
//! the simulator as their security processor.
//!
//! The machines are as open as any process: what is real about them is everything that is measured,
//! the guest that starts from it, and the network between them.

mod cloud;
mod measured;

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cloister_boot::accelerator::Accelerator;
use cloister_boot::console::{Finding, Told};
use cloister_boot::machine::{Forward, Happened};
use cloister_boot::node::{CHANNEL_PORT, node_toml};
use cloister_boot::prediction::predict;
use cloister_boot::tee::Vendor;
use cloister_boot::{Comparison, Handed, Machine, Qemu, Running, SoftwareTee, TeeKind, tools};

use crate::enclave::Host;
use crate::image::MachineImage;
use crate::verifier::Verifier;

/// How long a guest may take for each thing that is waited for: in software, beside other tests, on
/// a machine with two processors.
const LIMIT: Duration = Duration::from_secs(150);

/// Where a guest reaches this machine.
const HOST: &str = "10.0.2.2";

/// How a machine is launched.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Which TEE is simulated.
    pub tee: TeeKind,
    /// What the machine is handed: what was built, unless the host is dishonest.
    pub handed: Handed,
    /// Whether the host permits itself to debug the guest.
    pub debuggable: bool,
    /// MiB.
    pub memory_mib: u32,
}

impl Launch {
    /// An honest launch of `image`.
    pub fn of(image: &MachineImage, tee: TeeKind) -> Result<Self> {
        Ok(Self { tee, handed: image.handed(tee)?, debuggable: false, memory_mib: 1024 })
    }
}

/// What a Verifier made of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It has a lease.
    Admitted,
    /// It has none, for these reasons.
    Refused(Vec<Finding>),
}

/// A virtual machine that was started, and what is known of its measurement.
#[derive(Debug)]
pub struct Guest<M = Comparison> {
    name: String,
    running: Running,
    measured: M,
    /// Where peers reach it, through this machine.
    port: u16,
    log: Vec<String>,
}

impl Guest {
    /// Starts a machine from `image`, in the way that `launch` says.
    pub async fn start(
        host: &Host,
        verifier: &Verifier,
        image: &MachineImage,
        launch: &Launch,
    ) -> Result<Self> {
        let port = free_port()?;
        let node = node(verifier, HOST, port, node_toml)?;
        let machine = machine(port, launch.memory_mib, Some(node));
        Self::start_machine(host, image, launch, &machine, port).await
    }

    async fn start_machine(
        host: &Host,
        image: &MachineImage,
        launch: &Launch,
        machine: &Machine,
        port: u16,
    ) -> Result<Self> {
        let Launch { tee, handed, debuggable, .. } = launch;
        let software = SoftwareTee::measuring(
            &Vendor::of(host.pki()),
            *tee,
            &handed.launch(),
            &machine.processors(),
            *debuggable,
        )?;
        let published = image.handed(*tee)?;
        let predict = |image: &Handed| predict(image, *tee, machine.cpus);
        let comparison = Comparison::of(&published, handed, software.measured(), predict)?;
        let running = machine.start(&qemu().await?, handed, &software).await?;
        Ok(Self::new(image, running, comparison, port))
    }

    /// Predicted and measured.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.measured
    }
}

impl<M> Guest<M> {
    fn new(image: &MachineImage, running: Running, measured: M, port: u16) -> Self {
        Self { name: image.name().to_owned(), running, measured, port, log: Vec::new() }
    }

    /// When QEMU was started.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.running.started()
    }

    /// The port of this machine behind which the guest takes channels.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the Verifier's decision.
    pub async fn decision(&mut self) -> Result<Decision> {
        let mut findings = Vec::new();
        loop {
            match self.next("the Verifier's decision").await? {
                None if findings.is_empty() => {
                    bail!("{} ended undecided:\n{}", self.name, self.log())
                }
                None => return Ok(Decision::Refused(findings)),
                Some(line) => match Told::by(&line) {
                    Some(Told::Admitted) => return Ok(Decision::Admitted),
                    Some(Told::Refused(finding)) => findings.push(finding),
                    None => {}
                },
            }
        }
    }

    /// Waits for a line of which `pick` makes something.
    pub async fn until<T>(&mut self, what: &str, pick: impl Fn(&str) -> Option<T>) -> Result<T> {
        loop {
            let line = self.next(what).await?;
            let line = line.with_context(|| format!("{} ended before {what}", self.name))?;
            if let Some(found) = pick(&line) {
                return Ok(found);
            }
        }
    }

    /// The next line of the console; `None` once the machine has ended.
    async fn next(&mut self, what: &str) -> Result<Option<String>> {
        let next = tokio::time::timeout(LIMIT, self.running.next()).await;
        let next = next.with_context(|| {
            format!("{}: {what} did not come within {LIMIT:?}:\n{}", self.name, self.log())
        })?;
        Ok(match next? {
            Happened::Line(line) => {
                self.log.push(line.clone());
                Some(line)
            }
            Happened::Ended(_) => None,
        })
    }

    /// The console so far, and what QEMU said.
    #[must_use]
    pub fn log(&self) -> String {
        format!("{}\n{}", self.log.join("\n"), self.running.complaints())
    }

    /// Ends the machine.
    pub async fn stop(self) -> Result<()> {
        self.running.stop().await
    }
}

/// A machine that peers reach through `port` of this one.
fn machine(port: u16, memory_mib: u32, node: Option<String>) -> Machine {
    Machine {
        accelerator: Accelerator::Tcg,
        memory_mib,
        cpus: 1,
        forwards: vec![Forward { host: port, guest: CHANNEL_PORT }],
        node,
        cloud: None,
    }
}

/// The host's file for a guest that reaches this machine at `host`, and that peers reach through `port`
/// of it, as `write` has it.
fn node(
    verifier: &Verifier,
    host: &str,
    port: u16,
    write: impl Fn(&str, Option<&str>) -> String,
) -> Result<String> {
    let address = verifier.address();
    let (_, verifier_port) = address.rsplit_once(':').context("the Verifier has no port")?;
    Ok(write(&format!("{host}:{verifier_port}"), Some(&format!("{host}:{port}"))))
}

/// A port that was free a moment ago: QEMU cannot tell which one it chose by itself.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The pinned QEMU, which is fetched on first use.
async fn qemu() -> Result<Qemu> {
    tokio::task::spawn_blocking(tools::qemu).await?
}

/// The firmware that measurements begin with; fetched on first use.
pub(crate) fn firmware(tee: TeeKind) -> Result<PathBuf> {
    tools::firmware(tee)
}
