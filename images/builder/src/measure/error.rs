//! Why nothing can be predicted.

use cloister_attestation::code::{Code, Diagnostic};

use super::codes;

/// Nothing can be predicted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The firmware does not read.
    #[error("firmware: {reason}")]
    Firmware {
        /// What is wrong with it.
        reason: String,
    },
    /// The firmware has no page for the hashes of a kernel.
    #[error("firmware: it does not measure kernel, initrd and command line")]
    KernelHashes,
    /// A PE image does not read.
    #[error("PE image: {reason}")]
    Pe {
        /// What is wrong with it.
        reason: String,
    },
    /// A kernel has no setup header that is understood.
    #[error("kernel: {reason}")]
    Kernel {
        /// What is wrong with it.
        reason: String,
    },
    /// A shapes document does not read.
    #[error("shapes: {reason}")]
    Shape {
        /// The field and what is wrong with it.
        reason: String,
    },
    /// An input is missing or too large.
    #[error("{what}: {reason}")]
    Input {
        /// Which input.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A recorded event log does not do.
    #[error("event log: {reason}")]
    Log {
        /// The event and what is wrong with it.
        reason: String,
    },
    /// No shape predicts a whole tuple.
    #[error("no shape predicts everything that a platform measures")]
    Tuples,
}

impl MeasureError {
    pub(super) fn firmware(reason: impl Into<String>) -> Self {
        Self::Firmware { reason: reason.into() }
    }

    pub(super) fn pe(reason: impl Into<String>) -> Self {
        Self::Pe { reason: reason.into() }
    }

    pub(super) fn kernel(reason: impl Into<String>) -> Self {
        Self::Kernel { reason: reason.into() }
    }

    pub(super) fn shape(reason: impl Into<String>) -> Self {
        Self::Shape { reason: reason.into() }
    }

    pub(super) fn log(reason: impl Into<String>) -> Self {
        Self::Log { reason: reason.into() }
    }

    pub(super) fn input(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Input { what: what.into(), reason: reason.into() }
    }
}

impl Diagnostic for MeasureError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Firmware { .. } => &codes::FIRMWARE,
            Self::KernelHashes => &codes::KERNEL_HASHES,
            Self::Pe { .. } => &codes::PE,
            Self::Kernel { .. } => &codes::KERNEL,
            Self::Shape { .. } => &codes::SHAPE,
            Self::Input { .. } => &codes::INPUT,
            Self::Log { .. } => &codes::LOG,
            Self::Tuples => &codes::TUPLES,
        }
    }
}
