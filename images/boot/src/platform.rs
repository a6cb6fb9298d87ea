//! What a machine is simulated on.

use serde::Serialize;

use crate::tee::TeeKind;

/// A kind of machine that can be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// AMD SEV-SNP: the machine is measured before it starts.
    Snp,
    /// Intel TDX: the machine is measured before it starts.
    Tdx,
    /// A paravisor's virtual TPM: the machine measures itself while it boots.
    Vtpm,
}

impl Platform {
    /// The TEE that measures a machine before it starts; `None` where none does.
    #[must_use]
    pub const fn tee(self) -> Option<TeeKind> {
        match self {
            Self::Snp => Some(TeeKind::Snp),
            Self::Tdx => Some(TeeKind::Tdx),
            Self::Vtpm => None,
        }
    }
}
