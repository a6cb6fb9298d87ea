//! Launch shapes: in which ways an image is offered, as a TOML document.
//!
//! Every field says something that the measurement depends on. What is not said is refused and
//! never guessed; only what is zero on every machine that has no use for it may be left out.

use std::collections::BTreeSet;

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::reference::LaunchShape;
use cloister_attestation::tpm::HashAlgorithm;
use serde::Deserialize;

use super::error::MeasureError;
use super::limits::{SHAPES_BYTES_MAX, SHAPES_MAX};
use super::snp::{Cpu, GuestFeatures, Vmm};
use super::tdx::{AcpiDigests, Passes, ReadySeparator, SecureBoot};

/// `format` of every shapes document.
pub const FORMAT: &str = "cloister/shapes/1";

/// A shapes document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shapes {
    format: String,
    /// Shapes on AMD SEV-SNP.
    #[serde(default)]
    pub snp: Vec<SnpShapes>,
    /// Shapes on Intel TDX.
    #[serde(default)]
    pub tdx: Vec<TdxShape>,
    /// Shapes with a virtual TPM.
    #[serde(default)]
    pub vtpm: Vec<VtpmShape>,
}

/// Shapes on SEV-SNP: one for each number of processors, with each type, with each feature set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnpShapes {
    /// What people call it.
    pub name: String,
    /// The firmware's file, beside the document.
    pub firmware: String,
    /// Whether the VMM hands kernel, initrd and command line over (`direct`), or the firmware finds
    /// them on a disk and the launch digest says nothing of them (`disk`).
    pub boot: BootKind,
    /// Who launches.
    pub vmm: Vmm,
    /// Numbers of processors.
    pub vcpus: Vec<u32>,
    /// Types of processors, by QEMU's names.
    pub cpus: Vec<Cpu>,
    /// `SEV_FEATURES`, as numbers. Bit 0, SEV-SNP itself, is always set.
    pub guest_features: Vec<u64>,
    /// `HOST_DATA`; zero where it is left out.
    #[serde(default = "no_host_data")]
    pub host_data: HostData,
}

/// How the image gets into the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BootKind {
    /// The VMM hands kernel, initrd and command line over.
    Direct,
    /// The firmware finds the UKI on a disk.
    Disk,
}

/// One shape on TDX.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdxShape {
    /// What people call it.
    pub name: String,
    /// The firmware, and what RTMR0 is taken from.
    pub platform: TdxPlatform,
    /// How the image gets into the TD.
    pub boot: BootKind,
    /// Whether the VMM writes into a kernel that it hands over: true for QEMU before 10.
    #[serde(default)]
    pub patches_kernel: Option<bool>,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Where the firmware draws the line before what it boots.
    pub ready_separator: ReadySeparator,
}

/// The platform of a TDX shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdxPlatform {
    /// The firmware's file, beside the document; with `passes`.
    pub firmware: Option<String>,
    /// In which order the VMM adds the firmware.
    pub passes: Option<Passes>,
    /// MRTD where the firmware is the provider's.
    pub mr_td: Option<Digest48>,
    /// What the firmware says of Secure Boot; with `acpi`.
    pub secure_boot: Option<SecureBoot>,
    /// The ACPI tables of this shape.
    pub acpi: Option<AcpiDigests>,
    /// The event log (CCEL) of a launch in this shape, beside the document; instead of the two.
    pub event_log: Option<String>,
}

/// One shape with a virtual TPM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VtpmShape {
    /// What people call it.
    pub name: String,
    /// The bank whose values are quoted.
    pub bank: HashAlgorithm,
    /// What the hardware measures of the paravisor that runs the TPM. Without it the values are
    /// told, and no Reference Value is made: nothing would say that the TPM is one.
    pub paravisor: Option<LaunchShape>,
}

const fn no_host_data() -> HostData {
    HostData::new([0; HostData::LEN])
}

impl Shapes {
    /// Reads a document.
    ///
    /// # Errors
    /// [`MeasureError::Shape`] with the field and the reason.
    pub fn parse(text: &str) -> Result<Self, MeasureError> {
        if text.len() > SHAPES_BYTES_MAX {
            return Err(MeasureError::shape("the document is longer than 64 KiB"));
        }
        let shapes: Self = toml::from_str(text)
            .map_err(|error| MeasureError::shape(error.to_string().trim_end().to_owned()))?;
        shapes.check()?;
        Ok(shapes)
    }

    /// How many shapes it names.
    #[must_use]
    pub fn count(&self) -> usize {
        let snp = self.snp.iter().map(SnpShapes::count);
        snp.fold(self.tdx.len().saturating_add(self.vtpm.len()), usize::saturating_add)
    }

    /// The firmware files that it names, each once.
    #[must_use]
    pub fn firmware(&self) -> BTreeSet<&str> {
        let tdx = self.tdx.iter().filter_map(|it| it.platform.firmware.as_deref());
        self.snp.iter().map(|it| it.firmware.as_str()).chain(tdx).collect()
    }

    /// The recorded event logs that it names, each once.
    #[must_use]
    pub fn event_logs(&self) -> BTreeSet<&str> {
        self.tdx.iter().filter_map(|it| it.platform.event_log.as_deref()).collect()
    }

    /// Whether a shape boots from the image's disk, whose partitions are measured.
    #[must_use]
    pub fn needs_disk(&self) -> bool {
        self.tdx.iter().any(|it| it.boot == BootKind::Disk)
    }

    fn check(&self) -> Result<(), MeasureError> {
        if self.format != FORMAT {
            return Err(MeasureError::shape(format!("format is not `{FORMAT}`")));
        }
        if self.count() == 0 || self.count() > SHAPES_MAX {
            return Err(MeasureError::shape(format!(
                "it names {} shapes, at least 1 and at most {SHAPES_MAX} are read",
                self.count()
            )));
        }
        self.snp.iter().try_for_each(SnpShapes::check)?;
        self.tdx.iter().try_for_each(TdxShape::check)?;
        self.vtpm.iter().try_for_each(VtpmShape::check)
    }
}

impl SnpShapes {
    fn count(&self) -> usize {
        let per_cpu = self.vcpus.len().saturating_mul(self.guest_features.len());
        per_cpu.saturating_mul(self.cpus.len())
    }

    fn check(&self) -> Result<(), MeasureError> {
        if self.count() == 0 {
            return Err(MeasureError::shape(format!("{} names no processors", self.name)));
        }
        if self.guest_features.iter().any(|bits| GuestFeatures::new(*bits).is_none()) {
            return Err(MeasureError::shape(format!(
                "{} has guest_features without bit 0, which is SEV-SNP itself",
                self.name
            )));
        }
        Ok(())
    }
}

impl TdxShape {
    fn check(&self) -> Result<(), MeasureError> {
        let refuse = |what: &str| Err(MeasureError::shape(format!("{}: {what}", self.name)));
        let TdxPlatform { firmware, passes, mr_td, secure_boot, acpi, event_log } = &self.platform;
        match (firmware, passes, mr_td) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => return refuse("state firmware and passes, or else mr_td"),
        }
        match (secure_boot, acpi, event_log) {
            (Some(_), Some(_), None) if firmware.is_some() && self.boot == BootKind::Direct => {}
            (None, None, Some(_)) => {}
            _ => {
                return refuse(
                    "RTMR0 is of secure_boot and acpi (with firmware, boot = \"direct\"), or else of event_log",
                );
            }
        }
        match (self.boot, self.patches_kernel) {
            (BootKind::Direct, Some(_)) | (BootKind::Disk, None) => Ok(()),
            _ => refuse("patches_kernel is stated for boot = \"direct\", and for no other"),
        }
    }
}

impl VtpmShape {
    fn check(&self) -> Result<(), MeasureError> {
        match &self.paravisor {
            Some(LaunchShape::Snp { .. } | LaunchShape::Tdx { .. }) | None => Ok(()),
            Some(_) => Err(MeasureError::shape(format!(
                "{}: a paravisor is of shape snp or tdx",
                self.name
            ))),
        }
    }
}
