//! One boot from start to end, as the command line asks for it.

mod start;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cloister_image::folder::ImageFolder;
use serde::Serialize;

use crate::accelerator::Accelerator;
use crate::arguments::Arguments;
use crate::comparison::Comparison;
use crate::console::{Finding, Told};
use crate::machine::{Happened, Machine, Running};
use crate::node::{node_toml, node_toml_for_vtpm};
use crate::platform::Platform;
use crate::qemu::Qemu;
use crate::tee::Vendor;
use crate::tools;
use crate::vtpm::BootComparison;
use start::Start;

/// What came of a boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Always: nothing here is vouched for by hardware.
    pub simulated: bool,
    /// What is simulated.
    pub tee: Platform,
    /// The QEMU that ran it.
    pub qemu: PathBuf,
    /// What ran the guest's instructions.
    pub accelerator: Accelerator,
    /// Predicted and measured.
    #[serde(flatten)]
    pub comparison: Compared,
    /// From QEMU's start until the guest's runtime said that it was admitted, milliseconds.
    pub admitted_after_ms: Option<u64>,
    /// Why a Verifier refused it.
    pub findings: Vec<Finding>,
    /// How it ended.
    pub end: End,
}

/// Predicted and measured, by whom and whenever it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Compared {
    /// By a security processor, before the machine started.
    Launch(Comparison),
    /// By the machine, while it booted.
    Boot(BootComparison),
}

impl Compared {
    /// Whether every register is as predicted.
    #[must_use]
    pub fn agrees(&self) -> bool {
        match self {
            Self::Launch(comparison) => comparison.agrees(),
            Self::Boot(comparison) => comparison.agrees(),
        }
    }
}

/// How a boot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// As soon as it was admitted, as asked for.
    Admitted,
    /// The guest ended by itself.
    Guest,
    /// After the time that was given.
    Timeout,
    /// Somebody interrupted it.
    Interrupted,
}

impl Outcome {
    /// The exit status, as the command line's other commands have it.
    #[must_use]
    pub fn status(&self) -> u8 {
        if !self.comparison.agrees() || !self.findings.is_empty() {
            2
        } else if self.admitted_after_ms.is_none() && self.end != End::Interrupted {
            3
        } else {
            0
        }
    }
}

/// Everything that is settled before QEMU is started.
#[derive(Debug)]
pub struct Session {
    qemu: Qemu,
    machine: Machine,
    start: Start,
}

impl Session {
    /// Reads, measures what is measured before the start, and finds out what runs here.
    pub async fn prepare(arguments: &Arguments) -> Result<Self> {
        // A folder that is not as it was built is refused here, and named file by file.
        let folder = ImageFolder::open(&arguments.image)?;
        let vendor = Vendor::in_folder(&simulator_folder(arguments)?)?;
        let qemu = arguments.qemu.as_deref().map_or_else(tools::qemu, Qemu::installed)?;
        let machine = Machine {
            accelerator: arguments.accel.chosen(&qemu).await?,
            memory_mib: arguments.memory,
            cpus: arguments.cpus,
            forwards: arguments.forward.clone(),
            node: node(arguments)?,
            cloud: None,
        };
        let start = match arguments.tee.tee() {
            Some(tee) => Start::launched(arguments, &folder, &vendor, tee, &machine)?,
            None => Start::measured(arguments, &folder, vendor)?,
        };
        Ok(Self { qemu, machine, start })
    }

    /// Predicted and measured, where the machine is measured before it starts.
    #[must_use]
    pub const fn comparison(&self) -> Option<&Comparison> {
        self.start.comparison()
    }

    /// The QEMU that runs it.
    #[must_use]
    pub fn qemu(&self) -> &Path {
        self.qemu.program()
    }

    /// What runs the guest's instructions.
    #[must_use]
    pub const fn accelerator(&self) -> Accelerator {
        self.machine.accelerator
    }

    /// Boots, until the guest ends, or whatever else `arguments` ask for, or an interrupt. `show` is
    /// given every line of the console.
    pub async fn run(self, arguments: &Arguments, show: impl FnMut(&str)) -> Result<Outcome> {
        let Self { qemu, machine, start } = self;
        let (mut running, measuring) = start.start(&machine, &qemu).await?;
        let mut decided = Decided::default();
        let end = tokio::select! {
            end = watch(&mut running, &mut decided, arguments.until_admitted, show) => end?,
            () = elapsed(arguments.timeout) => End::Timeout,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                End::Interrupted
            }
        };
        let comparison = measuring.comparison().await?;
        running.stop().await?;
        let Decided { admitted_after_ms, findings } = decided;
        Ok(Outcome {
            simulated: true,
            tee: arguments.tee,
            qemu: qemu.program().to_owned(),
            accelerator: machine.accelerator,
            comparison,
            admitted_after_ms,
            findings,
            end,
        })
    }
}

/// What the guest's runtime said of a Verifier's decision.
#[derive(Debug, Default)]
struct Decided {
    admitted_after_ms: Option<u64>,
    findings: Vec<Finding>,
}

async fn watch(
    running: &mut Running,
    decided: &mut Decided,
    until_admitted: bool,
    mut show: impl FnMut(&str),
) -> Result<End> {
    loop {
        let line = match running.next().await? {
            Happened::Line(line) => line,
            Happened::Ended(status) => {
                ensure!(status.success(), "QEMU ended with {status}: {}", running.complaints());
                return Ok(End::Guest);
            }
        };
        show(&line);
        match Told::by(&line) {
            Some(Told::Admitted) if decided.admitted_after_ms.is_none() => {
                let elapsed = running.started().elapsed().as_millis();
                decided.admitted_after_ms = Some(u64::try_from(elapsed).unwrap_or(u64::MAX));
                if until_admitted {
                    return Ok(End::Admitted);
                }
            }
            Some(Told::Refused(finding)) => decided.findings.push(finding),
            Some(Told::Admitted) | None => {}
        }
    }
}

/// Returns after `limit`; never without one.
async fn elapsed(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => core::future::pending().await,
    }
}

fn node(arguments: &Arguments) -> Result<Option<String>> {
    if let Some(verifier) = &arguments.verifier {
        return Ok(Some(match arguments.tee {
            Platform::Snp | Platform::Tdx => node_toml(verifier, None),
            Platform::Vtpm => node_toml_for_vtpm(verifier, None),
        }));
    }
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    arguments.node.as_ref().map(read).transpose()
}

fn simulator_folder(arguments: &Arguments) -> Result<PathBuf> {
    if let Some(folder) = &arguments.simulator {
        return Ok(folder.clone());
    }
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let data = of("XDG_DATA_HOME").or_else(|| of("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join(Path::new("cloister/software-tee"))).context(
        "neither XDG_DATA_HOME nor HOME says where the software TEE's seed is: --simulator",
    )
}
