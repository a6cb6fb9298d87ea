//! A TCB that is short: which component, by how much, and what carries the update.

use core::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::snp::Tcb;
use crate::tdx::TcbStatus;
use crate::time::UnixTime;

/// One component below what is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// Which.
    pub component: Component,
    /// Its security version now.
    pub have: u16,
    /// The least that is enough.
    pub need: u16,
}

/// A part of a TCB with a security version of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Component {
    /// One of SEV-SNP.
    Snp(SnpComponent),
    /// An SGX TCB component, 0 to 15.
    Sgx {
        /// Which.
        index: usize,
        /// What Intel calls it.
        label: Label,
    },
    /// A TDX TCB component, 0 to 15.
    Tdx {
        /// Which.
        index: usize,
        /// What Intel calls it.
        label: Label,
    },
    /// The provisioning certification enclave.
    Pce,
    /// The TDX module of this version, `TEE_TCB_SVN[1]`.
    TdxModule(u8),
    /// The TD quoting enclave.
    QuotingEnclave,
}

/// A component of SEV-SNP's TCB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SnpComponent {
    /// `FMC`: the firmware of the platform's memory controller, on Turin and later.
    Fmc,
    /// `BOOT_LOADER` of the secure processor.
    BootLoader,
    /// `TEE`: the secure processor's operating system.
    Tee,
    /// `SNP`: the SEV-SNP firmware.
    Snp,
    /// `MICROCODE` of the cores.
    Microcode,
}

/// What Intel's TCB info says about a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Label {
    /// What it is: `Early Microcode Update`.
    pub name: Option<String>,
    /// Who updates it: `BIOS`, `OS/VMM`.
    pub category: Option<String>,
}

impl Shortfall {
    /// The component, if it is short.
    #[must_use]
    pub fn of(component: Component, have: u16, need: u16) -> Option<Self> {
        (have < need).then_some(Self { component, have, need })
    }

    /// By how many security versions.
    #[must_use]
    pub const fn by(&self) -> u16 {
        self.need.saturating_sub(self.have)
    }
}

impl Serialize for Shortfall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("Shortfall", 4)?;
        s.serialize_field("component", &self.component.to_string())?;
        s.serialize_field("have", &self.have)?;
        s.serialize_field("need", &self.need)?;
        s.serialize_field("carried_by", &self.component.carried_by())?;
        s.end()
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (family, index, label) = match self {
            Self::Snp(component) => return f.write_str(component.name()),
            Self::Pce => return f.write_str("PCESVN"),
            Self::TdxModule(version) => return write!(f, "TDX module {version}.x ISVSVN"),
            Self::QuotingEnclave => return f.write_str("TD quoting enclave ISVSVN"),
            Self::Sgx { index, label } => ("SGX", index, label),
            Self::Tdx { index, label } => ("TDX", index, label),
        };
        write!(f, "{family} TCB component {index}")?;
        label.name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

impl Component {
    /// What brings the update.
    // SPEC: AMD SEV firmware notes; Intel Trusted Services API, Get TDX TCB Info V4, `category`.
    #[must_use]
    pub fn carried_by(&self) -> String {
        match self {
            Self::Snp(component) => component.carried_by().to_owned(),
            Self::Pce => "an update of Intel's SGX software (PCE) on the host".to_owned(),
            Self::TdxModule(_) => {
                "an update of the TDX module, with the BIOS or the host's system".to_owned()
            }
            Self::QuotingEnclave => {
                "an update of Intel's TD quoting enclave on the host".to_owned()
            }
            Self::Sgx { label, .. } | Self::Tdx { label, .. } => match label.category.as_deref() {
                Some("BIOS") => "a BIOS update".to_owned(),
                Some(category) => format!("an update of the host's {category}"),
                None => "a platform update; Intel does not name the part".to_owned(),
            },
        }
    }
}

impl SnpComponent {
    const fn name(self) -> &'static str {
        match self {
            Self::Fmc => "FMC",
            Self::BootLoader => "BOOT_LOADER",
            Self::Tee => "TEE",
            Self::Snp => "SNP",
            Self::Microcode => "MICROCODE",
        }
    }

    /// The secure processor's own firmware comes with the platform's.
    const fn carried_by(self) -> &'static str {
        match self {
            Self::Fmc | Self::BootLoader | Self::Tee => "a BIOS update with a newer AGESA",
            Self::Snp => "an SEV firmware update by the host's system, or a BIOS update",
            Self::Microcode => "a microcode update by the host's system, or a BIOS update",
        }
    }
}

/// How far a TDX platform is from the newest level that Intel calls up to date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TcbGap {
    /// Intel's word for the platform's own level; `None` if it meets no published level.
    pub status: Option<TcbStatus>,
    /// The date of the level that is needed: firmware released since then carries it.
    #[serde(serialize_with = "as_text")]
    pub needed_tcb_date: UnixTime,
    /// Advisories that apply now and no longer apply at the level that is needed.
    pub advisories: Vec<String>,
    /// What is short. Empty where the configuration, and no version, is what Intel minds.
    pub components: Vec<Shortfall>,
}

fn as_text<S: Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

impl Tcb {
    /// The components that are below `floor`'s.
    // SPEC: AMD 56860 section 2.2.
    #[must_use]
    pub fn shortfalls(&self, floor: &Self) -> Vec<Shortfall> {
        let fmc = self.fmc.zip(floor.fmc).map(|(have, need)| (SnpComponent::Fmc, have, need));
        let others = [
            (SnpComponent::BootLoader, self.boot_loader, floor.boot_loader),
            (SnpComponent::Tee, self.tee, floor.tee),
            (SnpComponent::Snp, self.snp, floor.snp),
            (SnpComponent::Microcode, self.microcode, floor.microcode),
        ];
        fmc.into_iter()
            .chain(others)
            .filter_map(|(component, have, need)| {
                Shortfall::of(Component::Snp(component), have.into(), need.into())
            })
            .collect()
    }
}
