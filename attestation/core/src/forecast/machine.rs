//! A machine as it last attested.

use serde::{Deserialize, Serialize};

use crate::bytes::Fmspc;
use crate::result::PlatformIdentity;
use crate::snp::{Product, SigningKey, Tcb, VerifiedReport};
use crate::tdx::TdxTcb;
use crate::time::UnixTime;
use crate::verify::VerifiedEvidence;

/// What has to be remembered about a machine to forecast how it will be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Which machine, as far as its Evidence says.
    pub platform: PlatformIdentity,
    /// Its TCB.
    pub tcb: MachineTcb,
    /// When the first of the certificates ends that vouch for its key.
    pub certified_until: UnixTime,
    /// When it attested last.
    pub last_seen: UnixTime,
}

/// The TCB of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tee", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum MachineTcb {
    /// SEV-SNP.
    Snp {
        /// The processor generation.
        product: Product,
        /// VCEK or VLEK.
        signing_key: SigningKey,
        /// `REPORTED_TCB`.
        reported: Tcb,
        /// `COMMITTED_TCB`.
        committed: Tcb,
        /// `CURRENT_TCB`.
        current: Tcb,
        /// `LAUNCH_TCB`.
        launch: Tcb,
    },
    /// TDX.
    Tdx {
        /// The processor family.
        fmspc: Fmspc,
        /// Its security version numbers.
        tcb: TdxTcb,
    },
}

impl Machine {
    /// The machine that `verified` comes from; `None` for hardware that this version cannot
    /// forecast.
    #[must_use]
    pub fn of(verified: &VerifiedEvidence, seen: UnixTime) -> Option<Self> {
        let (tcb, certified_until) = match verified.hardware() {
            VerifiedEvidence::Snp(report) => (snp(report), report.certified_until()),
            VerifiedEvidence::Tdx(quote) => {
                let tcb = MachineTcb::Tdx { fmspc: *quote.pck().fmspc(), tcb: TdxTcb::of(quote) };
                (tcb, quote.certified_until())
            }
            // The hardware behind a paravisor is one of the two above.
            VerifiedEvidence::Azure(_) => return None,
        };
        Some(Self { platform: verified.platform(), tcb, certified_until, last_seen: seen })
    }

    /// Names the machine in a fleet. Machines that their Evidence does not tell apart, such as
    /// those of a provider's VLEK, are one for each TCB.
    #[must_use]
    pub fn id(&self) -> String {
        match (&self.platform, &self.tcb) {
            (PlatformIdentity::Chip(id), _) => format!("chip {id}"),
            (PlatformIdentity::Ppid(id), _) => format!("ppid {id}"),
            (PlatformIdentity::Provider(name), MachineTcb::Snp { product, reported, .. }) => {
                format!("provider {name}: {product} {reported}")
            }
            (PlatformIdentity::Provider(name), MachineTcb::Tdx { fmspc, .. }) => {
                format!("provider {name}: fmspc {fmspc}")
            }
            (PlatformIdentity::NotAsserted, MachineTcb::Snp { product, reported, .. }) => {
                format!("unnamed: {product} {reported}")
            }
            (PlatformIdentity::NotAsserted, MachineTcb::Tdx { fmspc, .. }) => {
                format!("unnamed: fmspc {fmspc}")
            }
        }
    }

    /// The processor generation or family, for people.
    #[must_use]
    pub fn product(&self) -> String {
        match &self.tcb {
            MachineTcb::Snp { product, .. } => product.to_string(),
            MachineTcb::Tdx { fmspc, .. } => format!("fmspc {fmspc}"),
        }
    }
}

fn snp(verified: &VerifiedReport) -> MachineTcb {
    let (report, product) = (verified.report(), verified.product());
    MachineTcb::Snp {
        product,
        signing_key: report.signing_key(),
        reported: report.reported_tcb().components(product),
        committed: report.committed_tcb().components(product),
        current: report.current_tcb().components(product),
        launch: report.launch_tcb().components(product),
    }
}
