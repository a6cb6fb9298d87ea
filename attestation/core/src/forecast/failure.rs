//! One reason for which a machine will fail.

use std::collections::BTreeSet;

use serde::Serialize;

use super::set::Set;
use crate::diagnosis::Shortfall;
use crate::snp::Tcb;
use crate::tdx::TcbStatus;
use crate::time::UnixTime;

/// Why a machine will fail, from when on, and what mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// From when on.
    #[serde(flatten)]
    pub when: When,
    /// Why.
    pub cause: Cause,
    /// What mends it.
    pub mend: Mend,
}

/// From when on a machine fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum When {
    /// From this moment on; a past one means that it fails already.
    From(UnixTime),
    /// On a day that nobody has announced, and not before this moment.
    NotBefore(UnixTime),
}

impl When {
    /// The first moment at which it may fail.
    #[must_use]
    pub const fn from(&self) -> UnixTime {
        match self {
            Self::From(moment) | Self::NotBefore(moment) => *moment,
        }
    }
}

/// Why a machine will fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The policy refuses this TEE or product.
    Policy,
    /// Intel's status for the TCB is not good enough.
    TcbStatus {
        /// By which set.
        set: Set,
        /// Intel's word.
        status: TcbStatus,
        /// The oldest date among the matched levels.
        tcb_date: UnixTime,
        /// What is open.
        advisories: BTreeSet<String>,
    },
    /// The status is good enough, and the policy does not accept these advisories.
    Advisories {
        /// By which set.
        set: Set,
        /// What is open.
        advisories: BTreeSet<String>,
    },
    /// Intel publishes no level that the machine meets.
    NoLevel {
        /// By which set.
        set: Set,
    },
    /// The set is older than the policy demands.
    EvaluationNumber {
        /// The policy's least.
        least: u32,
        /// The set's.
        observed: u32,
    },
    /// An AMD bulletin's minimum takes effect.
    Minimum {
        /// The bulletin.
        bulletin: String,
        /// What it demands.
        least: Tcb,
        /// What the machine reports.
        observed: Tcb,
    },
    /// The policy's own floor.
    Floor {
        /// The field of the report: `reported`, `committed` or `launch`.
        field: &'static str,
        /// The floor.
        least: Tcb,
        /// What the machine reports.
        observed: Tcb,
    },
    /// The collateral ends, and nobody fetched its next issue.
    CollateralEnds,
    /// A certificate of the machine's key, or one above it, ends.
    CertificateEnds,
}

/// What mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mend {
    /// Firmware or microcode that brings these components up.
    Update {
        /// Every component that is short, with how much.
        short: Vec<Shortfall>,
    },
    /// The firmware runs already; the host has to commit it.
    Commit,
    /// The firmware is committed already; the host has to report it and fetch its certificate.
    Report,
    /// The platform was mended after the guest was launched; it has to be launched again.
    Relaunch,
    /// The platform's configuration has to change; the vendor's advisories say how.
    Configure,
    /// The next issue of the collateral.
    Refresh,
    /// A certificate with a later end.
    Certify,
    /// No published level would do: the policy has to change, or the machine.
    NonePublished,
}
