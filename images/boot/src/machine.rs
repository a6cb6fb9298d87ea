//! A virtual machine: what it has, and QEMU running it.

use std::fs::File;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use cloister_simulator::launch::Processors;
use cloister_simulator::server::{Line, serve_line};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::process::{Child, ChildStdout, Command};

use crate::accelerator::Accelerator;
use crate::console::Console;
use crate::handed::Handed;
use crate::qemu::Qemu;
use crate::sealed::Sealed;
use crate::tee::SoftwareTee;
use crate::vtpm::{Bootable, Relay, Vtpm};

/// The name of the serial port behind which the software TEE is.
pub const TEE_PORT: &str = "org.cloister.tee";

/// What QEMU calls its connection to the security processor.
const PROCESSOR_LINE: &str = "processor";

/// Where the guest finds the host's file among the firmware's.
const NODE_ENTRY: &str = "opt/org.cloister/node.toml";

/// QEMU's model of the processor, and its `CPUID` signature: family 25, model 1, stepping 1.
pub(crate) const PROCESSOR: &str = "EPYC-Milan";
const SIGNATURE: u32 = 0x00a0_0f11;

/// `SNPActive`: the one feature of a save area that every SNP guest has.
const SNP_ACTIVE: u64 = 1;

/// How long QEMU may take until it has connected its security processor.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long QEMU may take to end when asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A port of this machine that leads to one of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// On this machine's loopback address.
    pub host: u16,
    /// In the guest.
    pub guest: u16,
}

impl core::str::FromStr for Forward {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let both = text.split_once(':').and_then(|(host, guest)| {
            Some(Self { host: host.parse().ok()?, guest: guest.parse().ok()? })
        });
        both.ok_or_else(|| "write HOST:GUEST, two port numbers".to_owned())
    }
}

/// What a machine has besides what it boots.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What runs its instructions; one that works.
    pub accelerator: Accelerator,
    /// MiB.
    pub memory_mib: u32,
    /// Virtual processors.
    pub cpus: u32,
    /// Ports that lead into it.
    pub forwards: Vec<Forward>,
    /// The host's file for the runtime, if it is handed over with the machine.
    pub node: Option<String>,
    /// The cloud that the machine believes itself in.
    pub cloud: Option<Cloud>,
}

/// What makes a machine believe itself in a cloud: its vendor, and who answers at the address of the
/// metadata service. The guest has to ask for its own address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Manufacturer of the machine, in SMBIOS.
    pub vendor: &'static str,
    /// Port of this machine's loopback address, which QEMU connects once: every request of the
    /// guest is written into this one connection.
    pub metadata: u16,
}

impl Machine {
    /// The processors as the security processor sees them.
    #[must_use]
    pub const fn processors(&self) -> Processors {
        Processors { count: self.cpus, signature: SIGNATURE, features: SNP_ACTIVE }
    }

    /// Starts it from the bytes of `handed`, which `tee` has to have measured, and signs for it.
    ///
    /// QEMU's own firmware starts the kernel: the measured firmware runs only where there is the
    /// hardware that it is made for.
    pub async fn start(&self, qemu: &Qemu, handed: &Handed, tee: &SoftwareTee) -> Result<Running> {
        let kernel = Sealed::new("kernel", &handed.kernel)?;
        let initrd = Sealed::new("initrd", &handed.initrd)?;
        let node = self.sealed_node()?;
        let mut command = self.hardware(qemu, node.as_ref());
        command.args(["-kernel", &kernel.path(), "-initrd", &initrd.path()]);
        command.args(["-append", &handed.cmdline, "-device", "virtio-serial-pci"]);
        command
            .args(["-device", &format!("virtserialport,chardev={PROCESSOR_LINE},name={TEE_PORT}")]);
        launch(qemu, command, |stream| Ok(Processor::Line(serve_line(stream, tee.guest())?))).await
    }

    /// Starts it with the firmware and the disk of `bootable`, in front of `vtpm`.
    pub async fn start_measured(
        &self,
        qemu: &Qemu,
        bootable: &Bootable,
        vtpm: &Vtpm,
    ) -> Result<Running> {
        let firmware = Sealed::new("firmware", &bootable.firmware)?;
        let disk = Sealed::new("disk", &bootable.disk()?)?;
        let node = self.sealed_node()?;
        let mut command = self.hardware(qemu, node.as_ref());
        command.args(["-bios", &firmware.path()]);
        let file = format!("driver=file,filename={},node-name=file", disk.path());
        for block in [&file, "driver=raw,file=file,node-name=disk"] {
            command.args(["-blockdev", &format!("{block},read-only=on")]);
        }
        command.args(["-device", "virtio-blk-pci,drive=disk,bootindex=0"]);
        command.args(["-tpmdev", &format!("emulator,id=tpm,chardev={PROCESSOR_LINE}")]);
        command.args(["-device", "tpm-crb,tpmdev=tpm"]);
        launch(qemu, command, |stream| Ok(Processor::Relay(vtpm.relay(stream)?))).await
    }

    /// What every machine has.
    fn hardware(&self, qemu: &Qemu, node: Option<&Sealed>) -> Command {
        let mut command = qemu.command();
        command.args(["-machine", "q35", "-cpu", PROCESSOR, "-accel", self.accelerator.name()]);
        command.args(["-m", &format!("{}M", self.memory_mib), "-smp", &self.cpus.to_string()]);
        command.args(["-no-reboot", "-monitor", "none"]);
        command.args(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]);
        if let Some(node) = node {
            command.args(["-fw_cfg", &format!("name={NODE_ENTRY},file={}", node.path())]);
        }
        command.args(["-netdev", &network(&self.forwards, self.cloud.as_ref())]);
        if let Some(cloud) = &self.cloud {
            command.args(["-smbios", &format!("type=1,manufacturer={}", cloud.vendor)]);
        }
        command.args(["-device", "virtio-net-pci,netdev=network,romfile="]);
        command.args(["-device", "virtio-rng-pci"]);
        command
    }

    /// The host's file, in memory that nobody changes.
    fn sealed_node(&self) -> Result<Option<Sealed>> {
        let sealed = |text: &String| Sealed::new("node.toml", text.as_bytes());
        self.node.as_ref().map(sealed).transpose()
    }
}

/// Starts QEMU, and has `answer` serve what it connects in place of a security processor.
async fn launch(
    qemu: &Qemu,
    mut command: Command,
    answer: impl FnOnce(StdUnixStream) -> Result<Processor>,
) -> Result<Running> {
    let folder = tempfile::Builder::new().prefix("cloister-boot-").tempdir()?;
    let socket = folder.path().join("processor.sock");
    let listener = UnixListener::bind(&socket).context("cannot make a socket for QEMU")?;
    command.arg("-chardev").arg(chardev(&socket)?);
    command.stdout(Stdio::piped()).stderr(File::create(folder.path().join(COMPLAINTS))?);
    let started = Instant::now();
    let mut child = command
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", qemu.program().display()))?;
    let stream = tokio::select! {
        stream = connected(&listener) => stream?,
        status = child.wait() => {
            let told = complaints(folder.path());
            return Err(anyhow!("QEMU ended with {}: {told}", status?));
        }
    };
    let processor = answer(stream)?;
    let console = Console::new(child.stdout.take().context("QEMU has no console")?);
    Ok(Running { child, console, started, folder, _processor: processor })
}

/// What is behind the socket that QEMU connects.
#[derive(Debug)]
#[expect(dead_code, reason = "what is in them works until it is dropped")]
enum Processor {
    /// A simulated security processor, at the end of a serial port.
    Line(Line),
    /// The way to a virtual TPM.
    Relay(Relay),
}

/// Where a guest in a cloud reaches this machine.
pub const CLOUD_HOST: &str = "169.254.0.2";

/// User networking: the guest reaches this machine at 10.0.2.2. In a cloud it does so at
/// [`CLOUD_HOST`]: QEMU forwards nothing for addresses outside of the network that it gives out.
fn network(forwards: &[Forward], cloud: Option<&Cloud>) -> String {
    let forwards = forwards
        .iter()
        .map(|Forward { host, guest }| format!(",hostfwd=tcp:127.0.0.1:{host}-:{guest}"));
    let link_local = cloud.map(|Cloud { metadata, .. }| {
        format!(
            ",net=169.254.0.0/16,host={CLOUD_HOST},dns=169.254.0.3,dhcpstart=169.254.10.15,\
             guestfwd=tcp:169.254.169.254:80-tcp:127.0.0.1:{metadata}"
        )
    });
    ["user,id=network".to_owned()].into_iter().chain(link_local).chain(forwards).collect()
}

fn chardev(socket: &Path) -> Result<String> {
    let socket = socket.to_str().context("the folder for temporary files is not UTF-8")?;
    // A comma in a value is doubled.
    Ok(format!("socket,id={PROCESSOR_LINE},path={}", socket.replace(',', ",,")))
}

/// Waits for QEMU's end of the socket.
async fn connected(listener: &UnixListener) -> Result<StdUnixStream> {
    let accepted = tokio::time::timeout(CONNECT_LIMIT, listener.accept()).await;
    let (stream, _) = accepted.context("QEMU did not connect its security processor")??;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// The file that QEMU's own complaints go to.
const COMPLAINTS: &str = "qemu.log";

fn complaints(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(COMPLAINTS)).unwrap_or_else(|error| error.to_string())
}

/// A machine that was started. Dropping it ends it the hard way.
#[derive(Debug)]
pub struct Running {
    child: Child,
    console: Console<ChildStdout>,
    started: Instant,
    folder: TempDir,
    _processor: Processor,
}

/// What became of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The guest wrote a line.
    Line(String),
    /// QEMU ended.
    Ended(ExitStatus),
}

impl Running {
    /// When QEMU was started.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// The kernel's number for QEMU; `None` once it has ended.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The next thing that happens. Nothing is lost if the returned future is dropped.
    pub async fn next(&mut self) -> Result<Happened> {
        Ok(match self.console.line().await? {
            Some(line) => Happened::Line(line),
            None => Happened::Ended(self.child.wait().await?),
        })
    }

    /// What QEMU said about itself.
    #[must_use]
    pub fn complaints(&self) -> String {
        complaints(self.folder.path())
    }

    /// Asks QEMU to end the machine, and waits.
    pub async fn stop(mut self) -> Result<()> {
        let process = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(process) = process {
            kill_process(process, Signal::TERM)?;
        }
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}
