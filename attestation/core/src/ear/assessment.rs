//! From the checks of an appraisal to AR4SI's vector.
//!
//! A claim is affirming only where the checks that it stands for were made and passed. What
//! nobody vouches for is no claim, and a simulator's Evidence affirms nothing.

use super::vector::value;
use super::{TrustClaim, TrustVector};
use crate::check::{Check, State};
use crate::result::AttestationResult;

/// What a claim of the vector rests on, by the ids of checks.
struct Basis {
    claim: TrustClaim,
    /// Every one of these that the appraisal made has to pass, and at least one is made.
    needed: &'static [&'static str],
    /// A failure of any check whose id begins like this contradicts the claim.
    contradicted: &'static [&'static str],
    /// What the claim says where it holds, and where it is contradicted.
    holds: i8,
    broken: i8,
}

const BASES: [Basis; 5] = [
    Basis {
        claim: TrustClaim::InstanceIdentity,
        needed: &["snp.chip_id.allowed", "tdx.policy.ppid"],
        contradicted: &[
            "snp.chip_id.allowed",
            "tdx.policy.ppid",
            "tdx.policy.platform_instance_id",
        ],
        holds: value::AFFIRMING,
        broken: value::UNKNOWN_INSTANCE,
    },
    Basis {
        claim: TrustClaim::Configuration,
        needed: &[
            "snp.policy.debug",
            "snp.policy.migrate_ma",
            "snp.vmpl",
            "tdx.policy.debug",
            "tdx.policy.migratable",
            "tdx.policy.attributes.reserved",
            "tdx.policy.attributes.other",
            "tdx.policy.xfam",
        ],
        contradicted: &[
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
        ],
        holds: value::AFFIRMING,
        broken: value::CONTRAINDICATED,
    },
    Basis {
        claim: TrustClaim::Executables,
        needed: &["reference.match"],
        contradicted: &["reference.match"],
        holds: value::APPROVED_BOOT,
        broken: value::UNRECOGNISED,
    },
    Basis {
        claim: TrustClaim::Hardware,
        needed: &[
            "appraise.anchor",
            "snp.tcb.below_floor",
            "snp.revocation.known",
            "tdx.policy.tcb_status",
        ],
        contradicted: &[
            "appraise.anchor",
            "snp.tcb.",
            "snp.firmware.",
            "snp.microcode.",
            "snp.revocation.",
            "snp.demand.",
            "snp.current_mit_vector",
            "snp.launch_mit_vector",
            "tdx.policy.tcb_",
            "tdx.policy.advisories",
            "tdx.collateral.",
        ],
        holds: value::AFFIRMING,
        broken: value::CONTRAINDICATED,
    },
    Basis {
        claim: TrustClaim::RuntimeOpaque,
        needed: &["snp.policy.debug", "tdx.policy.debug"],
        contradicted: &["snp.policy.debug", "tdx.policy.debug", "tdx.policy.profiling"],
        holds: value::AFFIRMING,
        broken: value::CONTRAINDICATED,
    },
];

impl TrustVector {
    /// What the checks of an appraisal entitle a Verifier to claim. Files, storage and sourced
    /// data are beyond what a report or quote shows: no claim is ever made of them.
    pub(super) fn of(result: &AttestationResult) -> Self {
        let vector = BASES.iter().fold(Self::default(), |vector, basis| {
            vector.with(basis.claim, basis.value(result.checks(), result.simulated()))
        });
        match (result.simulated(), vector.get(TrustClaim::Hardware)) {
            (true, value::NO_CLAIM) => vector.with(TrustClaim::Hardware, value::SIMULATED),
            (false, value::AFFIRMING) if result.tcb_status().is_some_and(|it| it != UP_TO_DATE) => {
                vector.with(TrustClaim::Hardware, value::KNOWN_VULNERABILITIES)
            }
            _ => vector,
        }
    }
}

/// Intel's word for a TCB without known vulnerabilities.
const UP_TO_DATE: &str = "UpToDate";

impl Basis {
    fn value(&self, checks: &[Check], simulated: bool) -> i8 {
        let about =
            |check: &&Check| self.contradicted.iter().any(|id| check.code.id.starts_with(id));
        if checks.iter().filter(about).any(Check::failed) {
            return self.broken;
        }
        let mut needed =
            checks.iter().filter(|check| self.needed.contains(&check.code.id)).peekable();
        let made = needed.peek().is_some();
        let holds = made && needed.all(|check| check.state == State::Pass);
        if holds && !simulated { self.holds } else { value::NO_CLAIM }
    }
}

#[cfg(test)]
mod tests {
    use super::BASES;

    #[test]
    fn every_id_that_a_claim_rests_on_is_one_that_checks_have() {
        let known: Vec<&str> = crate::code::codes().map(|code| code.id).collect();
        for basis in &BASES {
            for id in basis.needed {
                assert!(known.contains(id), "{id}");
                assert!(basis.contradicted.iter().any(|start| id.starts_with(start)), "{id}");
            }
            for start in basis.contradicted {
                assert!(known.iter().any(|id| id.starts_with(start)), "{start}");
            }
        }
    }
}
