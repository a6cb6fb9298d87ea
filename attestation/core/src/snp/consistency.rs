//! What a report says about itself, and must not contradict.

use super::codes::verify as codes;
use super::policy::NO_MIGRATION_AGENT;
use super::report::Report;
use super::signing_key::SigningKey;
use crate::check::Check;
use crate::code::Code;
use crate::trail::Trail;
use crate::verify::VerifyError;

/// What the report says about itself, without any certificate.
pub(super) fn own_consistency(trail: &mut Trail, report: &Report) -> Result<(), VerifyError> {
    trail.require(Check::equal(
        &codes::SIGNATURE_ALGO,
        ECDSA_P384_SHA384,
        report.signature_algo(),
    ))?;
    trail.require(Check::decided(
        &codes::MASK_CHIP_KEY,
        !report.mask_chip_key(),
        "not masked",
        if report.mask_chip_key() { "masked" } else { "not masked" },
    ))?;
    if report.signing_key() == SigningKey::None {
        return Err(trail.refuse(Check::decided(
            &codes::SIGNING_KEY,
            false,
            "VCEK or VLEK",
            "none",
        )));
    }
    let (committed, current) = (report.committed_version(), report.current_version());
    trail.require(Check::decided(
        &codes::VERSION_ORDER,
        committed <= current,
        format!("at most {current}"),
        committed,
    ))?;
    trail.require(policy_abi(report))?;
    trail.require(policy_platform(report))?;
    trail.require(migration_agent(report))?;
    trail.require(id_block(report))?;
    trail.require(match report.platform_info().unknown() {
        0 => Check::decided(&codes::PLATFORM_UNKNOWN, true, "0x0", "0x0"),
        unknown => Check::not_asserted(&codes::PLATFORM_UNKNOWN, format!("{unknown:#x}")),
    })
}

/// SPEC: AMD 56860 table 139.
const ECDSA_P384_SHA384: u32 = 1;

fn policy_abi(report: &Report) -> Check {
    let (major, minor) = report.policy().abi();
    let current = report.current_version();
    Check::decided(
        &codes::POLICY_ABI,
        (major, minor) <= (current.major, current.minor),
        format!("at least {major}.{minor}"),
        current,
    )
}

/// Where the guest policy demands something that PLATFORM_INFO also reports, both agree.
fn policy_platform(report: &Report) -> Check {
    let (policy, info) = (report.policy(), report.platform_info());
    let contradictions = [
        (!policy.smt() && info.smt_en(), "policy forbids SMT, SMT_EN is set"),
        (policy.rapl_dis() && !info.rapl_dis(), "policy demands RAPL off, RAPL_DIS is clear"),
        (
            policy.ciphertext_hiding_dram() && !info.ciphertext_hiding_dram_en(),
            "policy demands ciphertext hiding, CIPHERTEXT_HIDING_DRAM_EN is clear",
        ),
    ];
    free_of(&codes::POLICY_PLATFORM, &contradictions)
}

/// A guest whose policy permits no migration agent has none.
fn migration_agent(report: &Report) -> Check {
    let expected = if report.policy().migrate_ma() { "any: MIGRATE_MA is set" } else { "all ones" };
    let agent = report.report_id_ma();
    let ok = report.policy().migrate_ma() || *agent == NO_MIGRATION_AGENT;
    Check::decided(&codes::MIGRATION_AGENT, ok, expected, agent)
}

/// What only an ID block can set is zero where no ID key signed one.
///
/// SPEC: AMD 56860 SNP_LAUNCH_FINISH and table 23.
fn id_block(report: &Report) -> Check {
    if !is_zero(report.id_key_digest().as_bytes()) {
        return Check::not_applicable(&codes::ID_BLOCK, "there is an ID block");
    }
    let contradictions = [
        (report.guest_svn() != 0, "no ID key, GUEST_SVN is set"),
        (!is_zero(report.family_id().as_bytes()), "no ID key, FAMILY_ID is set"),
        (!is_zero(report.image_id().as_bytes()), "no ID key, IMAGE_ID is set"),
        (report.author_key_en(), "no ID key, AUTHOR_KEY_EN is set"),
        (!is_zero(report.author_key_digest().as_bytes()), "no ID key, AUTHOR_KEY_DIGEST is set"),
    ];
    free_of(&codes::ID_BLOCK, &contradictions)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Passes if none of the contradictions is there, and names the first that is.
fn free_of(code: &'static Code, contradictions: &[(bool, &str)]) -> Check {
    let found = contradictions.iter().find(|(contradicts, _)| *contradicts);
    let observed = found.map_or("no contradiction", |(_, what)| what);
    Check::decided(code, found.is_none(), "no contradiction", observed)
}
