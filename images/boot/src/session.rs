//! One boot from start to end, as the command line asks for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cloister_image::folder::ImageFolder;
use serde::Serialize;

use crate::accelerator::Accelerator;
use crate::arguments::Arguments;
use crate::comparison::Comparison;
use crate::console::{Finding, Told};
use crate::handed::Handed;
use crate::machine::{Happened, Machine, Running};
use crate::node::node_toml;
use crate::prediction::predict;
use crate::qemu::Qemu;
use crate::tee::{SoftwareTee, TeeKind, Vendor};
use crate::tools;

/// What came of a boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Always: nothing here is vouched for by hardware.
    pub simulated: bool,
    /// What is simulated.
    pub tee: TeeKind,
    /// The QEMU that ran it.
    pub qemu: PathBuf,
    /// What ran the guest's instructions.
    pub accelerator: Accelerator,
    /// Predicted and measured.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// From QEMU's start until the guest's runtime said that it was admitted, milliseconds.
    pub admitted_after_ms: Option<u64>,
    /// Why a Verifier refused it.
    pub findings: Vec<Finding>,
    /// How it ended.
    pub end: End,
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
    handed: Handed,
    tee: SoftwareTee,
    comparison: Comparison,
}

impl Session {
    /// Reads, measures, compares, and finds out what runs here.
    pub async fn prepare(arguments: &Arguments) -> Result<Self> {
        // A folder that is not as it was built is refused here, and named file by file.
        let folder = ImageFolder::open(&arguments.image)?;
        let firmware = match &arguments.firmware {
            Some(firmware) => firmware.clone(),
            None => tools::firmware(arguments.tee)?,
        };
        let image = Handed::read(&folder, &firmware)?;
        let mut handed = image.clone();
        for replacement in &arguments.replace {
            handed.replace(replacement.component, &replacement.file)?;
        }
        let qemu = arguments.qemu.as_deref().map_or_else(tools::qemu, Qemu::installed)?;
        let machine = Machine {
            accelerator: arguments.accel.chosen(&qemu).await?,
            memory_mib: arguments.memory,
            cpus: arguments.cpus,
            forwards: arguments.forward.clone(),
            node: node(arguments)?,
        };
        let vendor = Vendor::in_folder(&simulator_folder(arguments)?)?;
        let (launch, processors) = (handed.launch(), machine.processors());
        let tee = SoftwareTee::measuring(
            &vendor,
            arguments.tee,
            &launch,
            &processors,
            arguments.debuggable,
        )?;
        let predict = |image: &Handed| predict(image, arguments.tee, arguments.cpus);
        let comparison = Comparison::of(&image, &handed, tee.measured(), predict)?;
        Ok(Self { qemu, machine, handed, tee, comparison })
    }

    /// Predicted and measured.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.comparison
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
        let mut running = self.machine.start(&self.qemu, &self.handed, &self.tee).await?;
        let mut outcome = Outcome {
            simulated: true,
            tee: arguments.tee,
            qemu: self.qemu.program().to_owned(),
            accelerator: self.machine.accelerator,
            comparison: self.comparison,
            admitted_after_ms: None,
            findings: Vec::new(),
            end: End::Interrupted,
        };
        outcome.end = tokio::select! {
            end = watch(&mut running, &mut outcome, arguments.until_admitted, show) => end?,
            () = elapsed(arguments.timeout) => End::Timeout,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                End::Interrupted
            }
        };
        running.stop().await?;
        Ok(outcome)
    }
}

async fn watch(
    running: &mut Running,
    outcome: &mut Outcome,
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
            Some(Told::Admitted) if outcome.admitted_after_ms.is_none() => {
                let elapsed = running.started().elapsed().as_millis();
                outcome.admitted_after_ms = Some(u64::try_from(elapsed).unwrap_or(u64::MAX));
                if until_admitted {
                    return Ok(End::Admitted);
                }
            }
            Some(Told::Refused(finding)) => outcome.findings.push(finding),
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
        return Ok(Some(node_toml(verifier, None)));
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
