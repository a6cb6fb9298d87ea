//! A measured image on a machine without the hardware, against the same kernel with nothing in it.

mod empty;

use anyhow::{Context as _, Result, ensure};
use cloister_boot::accelerator::Accelerator;
use cloister_boot::machine::Happened;
use cloister_boot::{Handed, Machine, Running, SoftwareTee, TeeKind, tools};
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::Agents;
use cloister_devnet::image::{AgentFolder, MachineImage, Workload};
use cloister_devnet::machine::{Decision, Guest, Launch};
use cloister_devnet::workspace;
use tokio::runtime::Runtime;

use crate::timing::{Effort, Measured, Turn, turns_of};

/// A boot takes seconds.
const EFFORT: Effort = Effort { warm_up: 1, pairs_min: 5 };

/// MiB of every machine here.
const MEMORY_MIB: u32 = 512;

/// What the small agent prints before the memory in use, once it has been idle for a while.
const USED_KIB: &str = "used-kib: ";

/// From QEMU's start until the Verifier has admitted the guest, over QEMU's start until the first
/// line of a process that does nothing.
pub(crate) fn boot() -> Result<Measured> {
    let runtime = runtime()?;
    let bench = runtime.block_on(Bench::start())?;
    let input = "small agent, SNP, in software".to_owned();
    turns_of(EFFORT, Turn::ratio, input, || {
        runtime.block_on(async {
            let own = bench.admission_micros().await?;
            let (mut empty, started) = bench.empty().await?;
            line(&mut empty, |line| line.contains(empty::FIRST_LINE).then_some(())).await?;
            let reference = started.elapsed().as_secs_f64() * 1e6;
            empty.stop().await?;
            Ok(Turn { own, reference })
        })
    })
}

/// Memory in use in a guest whose agent is idle, beyond what is in use without runtime and agent.
pub(crate) fn memory() -> Result<Measured> {
    let runtime = runtime()?;
    let (own, reference) = runtime.block_on(async {
        let bench = Bench::start().await?;
        let mut guest = bench.guest().await?;
        ensure!(guest.decision().await? == Decision::Admitted, "{}", guest.log());
        let own = guest.until("its memory", used_kib).await?;
        guest.stop().await?;
        let (mut empty, _) = bench.empty().await?;
        let reference = line(&mut empty, empty::used_kib).await?;
        empty.stop().await?;
        anyhow::Ok((own, reference))
    })?;
    let input = format!("{own:.0} KiB in use, {reference:.0} without");
    Ok(Measured::size((own - reference) * 1024.0, 1024.0 * 1024.0, input))
}

/// What the small agent printed, out of the runtime's log.
fn used_kib(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once(USED_KIB)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A Verifier, and an image that it admits.
struct Bench {
    devnet: Devnet,
    image: MachineImage,
}

impl Bench {
    async fn start() -> Result<Self> {
        let devnet = Devnet::start(Agents::Rust).await?;
        let agent = workspace::guest_programs()?.join("cloister-small-agent");
        let Devnet { host, verifier } = &devnet;
        let workload = Workload::Static { program: &agent, options: &["--tell-memory"] };
        let folder = AgentFolder::write(host, verifier, "sample", &[], workload).await?;
        let image = folder.build(host).await?;
        let values = image.reference_values(host.dir(), &[TeeKind::Snp])?;
        let values = values.to_str().context("the run's folder is not UTF-8")?;
        verifier.cli(&["image", "admit", values]).await?;
        Ok(Self { devnet, image })
    }

    async fn guest(&self) -> Result<Guest> {
        let mut launch = Launch::of(&self.image, TeeKind::Snp)?;
        launch.memory_mib = MEMORY_MIB;
        Guest::start(&self.devnet.host, &self.devnet.verifier, &self.image, &launch).await
    }

    async fn admission_micros(&self) -> Result<f64> {
        let mut guest = self.guest().await?;
        ensure!(guest.decision().await? == Decision::Admitted, "{}", guest.log());
        let micros = guest.started().elapsed().as_secs_f64() * 1e6;
        guest.stop().await?;
        Ok(micros)
    }

    /// The same machine with the same kernel and command line, and the empty process.
    async fn empty(&self) -> Result<(Running, std::time::Instant)> {
        let handed = Handed { initrd: empty::initrd(), ..self.image.handed(TeeKind::Snp)? };
        let machine = Machine {
            accelerator: Accelerator::Tcg,
            memory_mib: MEMORY_MIB,
            cpus: 1,
            forwards: Vec::new(),
            node: None,
            cloud: None,
        };
        let vendor = cloister_boot::tee::Vendor::of(self.devnet.host.pki());
        let processors = machine.processors();
        let tee =
            SoftwareTee::measuring(&vendor, TeeKind::Snp, &handed.launch(), &processors, false)?;
        let qemu = tokio::task::spawn_blocking(tools::qemu).await??;
        let running = machine.start(&qemu, &handed, &tee).await?;
        let started = running.started();
        Ok((running, started))
    }
}

async fn line<T>(running: &mut Running, pick: impl Fn(&str) -> Option<T>) -> Result<T> {
    loop {
        match running.next().await? {
            Happened::Line(line) => {
                if let Some(found) = pick(&line) {
                    return Ok(found);
                }
            }
            Happened::Ended(status) => {
                anyhow::bail!("QEMU ended with {status}: {}", running.complaints())
            }
        }
    }
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
