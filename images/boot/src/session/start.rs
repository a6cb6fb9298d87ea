//! The two ways in which a machine starts and is measured.

use std::sync::Arc;

use anyhow::{Result, ensure};
use cloister_image::folder::ImageFolder;
use cloister_image::measure::vtpm::Events;

use super::Compared;
use crate::arguments::Arguments;
use crate::comparison::Comparison;
use crate::handed::Handed;
use crate::machine::{Machine, Running};
use crate::prediction::predict;
use crate::qemu::Qemu;
use crate::tee::{SoftwareTee, TeeKind, Vendor};
use crate::tools;
use crate::vtpm::{BootComparison, Bootable, Vtpm};

/// What a machine starts from.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
pub(super) enum Start {
    /// Handed over by QEMU, measured by then.
    Launched { handed: Handed, tee: SoftwareTee, comparison: Comparison },
    /// Found by the firmware, which measures it.
    Measured { published: Bootable, handed: Bootable, vendor: Vendor },
}

impl Start {
    pub(super) fn launched(
        arguments: &Arguments,
        folder: &ImageFolder,
        vendor: &Vendor,
        kind: TeeKind,
        machine: &Machine,
    ) -> Result<Self> {
        let firmware = match &arguments.firmware {
            Some(firmware) => firmware.clone(),
            None => tools::firmware(kind)?,
        };
        let image = Handed::read(folder, &firmware)?;
        let mut handed = image.clone();
        for replacement in &arguments.replace {
            handed.replace(replacement.component, &replacement.file)?;
        }
        let (launch, processors) = (handed.launch(), machine.processors());
        let tee = SoftwareTee::measuring(vendor, kind, &launch, &processors, arguments.debuggable)?;
        let predict = |image: &Handed| predict(image, kind, arguments.cpus);
        let comparison = Comparison::of(&image, &handed, tee.measured(), predict)?;
        Ok(Self::Launched { handed, tee, comparison })
    }

    pub(super) fn measured(
        arguments: &Arguments,
        folder: &ImageFolder,
        vendor: Vendor,
    ) -> Result<Self> {
        ensure!(!arguments.debuggable, "--debuggable is of a launch: --tee snp or tdx");
        let firmware = match &arguments.firmware {
            Some(firmware) => firmware.clone(),
            None => tools::generic_firmware()?,
        };
        let published = Bootable::read(folder, &firmware)?;
        // What nobody can predict is not booted for a comparison.
        Events::of(&published.uki)?;
        let mut handed = published.clone();
        for replacement in &arguments.replace {
            handed.replace(replacement, tools::stub)?;
        }
        Ok(Self::Measured { published, handed, vendor })
    }

    /// Predicted and measured, where that is settled.
    pub(super) const fn comparison(&self) -> Option<&Comparison> {
        match self {
            Self::Launched { comparison, .. } => Some(comparison),
            Self::Measured { .. } => None,
        }
    }

    /// Starts the machine.
    pub(super) async fn start(
        self,
        machine: &Machine,
        qemu: &Qemu,
    ) -> Result<(Running, Measuring)> {
        match self {
            Self::Launched { handed, tee, comparison } => {
                let running = machine.start(qemu, &handed, &tee).await?;
                Ok((running, Measuring::Done(comparison)))
            }
            Self::Measured { published, handed, vendor } => {
                let start = move || Vtpm::start(tools::swtpm()?, &vendor);
                let vtpm = Arc::new(tokio::task::spawn_blocking(start).await??);
                let running = machine.start_measured(qemu, &handed, &vtpm).await?;
                Ok((running, Measuring::Running { published, vtpm }))
            }
        }
    }
}

/// How far measuring has come once a machine runs.
pub(super) enum Measuring {
    /// It was done before.
    Done(Comparison),
    /// The machine does it, into this TPM.
    Running { published: Bootable, vtpm: Arc<Vtpm> },
}

impl Measuring {
    /// What has been measured so far, beside what was predicted.
    pub(super) async fn comparison(&self) -> Result<Compared> {
        Ok(match self {
            Self::Done(comparison) => Compared::Launch(comparison.clone()),
            Self::Running { published, vtpm } => {
                Compared::Boot(BootComparison::of_machine(published, vtpm).await?)
            }
        })
    }
}
