//! Verified Evidence of each kind.

use cloister_attestation::policy::Policy;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;
use cloister_simulator::tdx::QuoteFormat;
use cloister_simulator::{AzureGuest, SnpGuest};

use crate::{azure, snp, tdx};

/// One machine, and when its Evidence was verified.
pub(super) struct Machine {
    pub(super) name: &'static str,
    pub(super) evidence: VerifiedEvidence,
    pub(super) now: UnixTime,
}

impl Machine {
    fn snp(name: &'static str, guest: &SnpGuest) -> Self {
        let evidence = VerifiedEvidence::Snp(snp::guest::verify(guest).unwrap());
        Self { name, evidence, now: snp::guest::NOW }
    }

    fn tdx(name: &'static str, format: QuoteFormat) -> Self {
        let guest = tdx::guest::guest().with_format(format);
        let evidence = VerifiedEvidence::Tdx(tdx::guest::outcome(&guest).unwrap());
        Self { name, evidence, now: tdx::guest::NOW }
    }

    fn azure(name: &'static str, guest: &AzureGuest) -> Self {
        Self { name, evidence: azure::guest::verified(guest), now: azure::guest::NOW }
    }

    pub(super) fn is_td(&self) -> bool {
        matches!(self.evidence, VerifiedEvidence::Tdx(_))
    }

    /// The template made from it.
    pub(super) fn template(&self) -> Policy {
        Policy::from_evidence(&self.evidence, self.now).unwrap()
    }
}

/// One of each kind behind Azure's paravisor.
pub(super) fn behind_azure() -> Vec<Machine> {
    let [snp, tdx] = azure::guest::both();
    vec![Machine::azure("Azure on Milan", &snp), Machine::azure("Azure on TDX", &tdx)]
}

/// One of each kind that asks the hardware itself.
pub(super) fn all() -> Vec<Machine> {
    vec![
        Machine::snp("Milan", &snp::guest::milan()),
        Machine::snp("Genoa", &snp::guest::on(Product::Genoa)),
        Machine::snp("Turin", &snp::guest::turin()),
        Machine::snp("a provider's key", &snp::guest::vlek()),
        Machine::tdx("TDX 1.0", QuoteFormat::V4),
        Machine::tdx("TDX 1.5", QuoteFormat::V5Td15),
        Machine::tdx("TDX 1.5 extended", QuoteFormat::V5Td15Ex),
    ]
}
