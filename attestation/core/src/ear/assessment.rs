//! From the checks of an appraisal to AR4SI's vector.
//!
//! A claim is affirming only where the checks that it stands for were made and passed. What
//! nobody vouches for is no claim, and a simulator's Evidence affirms nothing.

use super::vector::value;
use super::{TrustClaim, TrustVector};
use crate::check::{Check, State};
use crate::result::AttestationResult;
use crate::tdx::TcbStatus;

/// What a claim of the vector rests on, by the ids of checks.
struct Basis {
    claim: TrustClaim,
    /// Every one of these that the appraisal made has to pass, and at least one is made.
    needed: &'static [&'static str],
    /// What the claim says where it holds.
    holds: i8,
    /// What it says where any check fails whose id begins like this; the worst counts.
    contradicted: &'static [(i8, &'static [&'static str])],
}

/// Behind Azure's paravisor, hardware and policy bits are of the partition that the paravisor runs
/// in, and measurement is twofold: the paravisor's counts as firmware of the hardware and decides
/// who else reads the memory; the PCRs are the guest's executables.
const BASES: [Basis; 5] = [
    Basis {
        claim: TrustClaim::InstanceIdentity,
        needed: &["snp.chip_id.allowed", "tdx.policy.ppid", "azure.policy.vm_unique_id"],
        holds: value::AFFIRMING,
        contradicted: &[(
            value::UNKNOWN_INSTANCE,
            &[
                "snp.chip_id.allowed",
                "tdx.policy.ppid",
                "tdx.policy.platform_instance_id",
                "azure.policy.vm_unique_id",
            ],
        )],
    },
    Basis {
        claim: TrustClaim::Configuration,
        needed: &[
            "appraise.tee",
            "snp.policy.debug",
            "snp.policy.migrate_ma",
            "snp.vmpl",
            "tdx.policy.debug",
            "tdx.policy.migratable",
            "tdx.policy.attributes.reserved",
            "tdx.policy.attributes.other",
            "tdx.policy.xfam",
            "azure.policy.section",
            "azure.policy.secure_boot",
        ],
        holds: value::AFFIRMING,
        contradicted: &[(
            value::CONTRAINDICATED,
            &[
                "appraise.tee",
                "snp.policy.",
                "snp.platform_info.",
                "snp.vmpl",
                "tdx.policy.attributes.",
                "tdx.policy.cached_keys",
                "tdx.policy.cur_service_td_attributes",
                "tdx.policy.debug",
                "tdx.policy.dynamic_platform",
                "tdx.policy.init_service_td_",
                "tdx.policy.migratable",
                "tdx.policy.mr_service_td",
                "tdx.policy.perfmon",
                "tdx.policy.pks",
                "tdx.policy.profiling",
                "tdx.policy.sept_ve_disable",
                "tdx.policy.smt_enabled",
                "tdx.policy.xfam",
                "azure.policy.section",
                "azure.policy.secure_boot",
                "azure.policy.console_enabled",
            ],
        )],
    },
    Basis {
        claim: TrustClaim::Executables,
        needed: &[
            "reference.match",
            "azure.policy.section",
            "azure.policy.pcrs",
            "azure.policy.reference_pcrs",
        ],
        holds: value::APPROVED_BOOT,
        contradicted: &[(
            value::UNRECOGNISED,
            &["reference.match", "azure.policy.pcrs", "azure.policy.reference_pcrs"],
        )],
    },
    Basis {
        claim: TrustClaim::Hardware,
        needed: &[
            "appraise.anchor",
            "appraise.tee",
            "snp.tcb.below_floor",
            "snp.revocation.known",
            "tdx.policy.tcb_status",
            "tdx.policy.revocation",
            "azure.paravisor",
        ],
        holds: value::AFFIRMING,
        contradicted: &[
            (
                value::CONTRAINDICATED,
                &[
                    "appraise.anchor",
                    "appraise.tee",
                    "snp.tcb.",
                    "snp.firmware.",
                    "snp.microcode.",
                    "snp.revocation.",
                    "snp.demand.",
                    "snp.current_mit_vector",
                    "snp.launch_mit_vector",
                    "tdx.policy.tcb_",
                    "tdx.policy.advisories",
                    "tdx.policy.revocation",
                    "tdx.policy.collateral_age",
                    "tdx.policy.root_crl_age",
                    "tdx.collateral.",
                ],
            ),
            (value::UNRECOGNISED_HARDWARE, &["azure.paravisor"]),
        ],
    },
    Basis {
        claim: TrustClaim::RuntimeOpaque,
        needed: &["appraise.tee", "snp.policy.debug", "tdx.policy.debug", "azure.paravisor"],
        holds: value::AFFIRMING,
        contradicted: &[(
            value::CONTRAINDICATED,
            &["snp.policy.debug", "tdx.policy.debug", "tdx.policy.profiling"],
        )],
    },
];

impl TrustVector {
    /// What the checks of an appraisal entitle a Verifier to claim. Files, storage and sourced
    /// data are beyond what a report or quote shows: no claim is ever made of them.
    pub(super) fn of(result: &AttestationResult) -> Self {
        let vector = Self::from_checks(result.checks(), result.simulated());
        match (result.simulated(), vector.get(TrustClaim::Hardware)) {
            (true, value::NO_CLAIM) => vector.with(TrustClaim::Hardware, value::SIMULATED),
            (false, value::AFFIRMING)
                if result.tcb_status().is_some_and(|it| it != TcbStatus::UpToDate) =>
            {
                vector.with(TrustClaim::Hardware, value::KNOWN_VULNERABILITIES)
            }
            _ => vector,
        }
    }

    fn from_checks(checks: &[Check], simulated: bool) -> Self {
        BASES.iter().fold(Self::default(), |vector, basis| {
            vector.with(basis.claim, basis.value(checks, simulated))
        })
    }
}

impl Basis {
    fn value(&self, checks: &[Check], simulated: bool) -> i8 {
        if let Some(worst) = self.contradiction(checks) {
            return worst;
        }
        let mut needed =
            checks.iter().filter(|check| self.needed.contains(&check.code.id)).peekable();
        let made = needed.peek().is_some();
        let holds = made && needed.all(|check| check.state == State::Pass);
        if holds && !simulated { self.holds } else { value::NO_CLAIM }
    }

    /// The worst that a failed check says about the claim.
    fn contradiction(&self, checks: &[Check]) -> Option<i8> {
        let failed = |start: &str| {
            checks.iter().any(|check| check.failed() && check.code.id.starts_with(start))
        };
        let said = self.contradicted.iter();
        said.filter(|(_, starts)| starts.iter().any(|it| failed(it))).map(|(value, _)| *value).max()
    }
}

#[cfg(test)]
mod tests;
