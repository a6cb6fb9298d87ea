//! A policy that demands of every field exactly what one piece of Evidence has, so that every
//! check compares something and none fails.

use anyhow::{Context as _, Result, bail};
use cloister_attestation::bytes::ChipId;
use cloister_attestation::policy::{AgeLimit, Expect, Policy};
use cloister_attestation::revocation::RevocationDemand;
use cloister_attestation::snp::{
    Bit, Bits, Floor, SnpPolicy, TcbFloors, TcbVersion, Unwanted, VerifiedReport,
};
use cloister_attestation::tdx::{AdvisoryDemand, TdxPolicy, VerifiedQuote};
use cloister_attestation::verify::VerifiedEvidence;

/// Machines that the policy knows.
const CHIPS: u8 = 100;
/// How old a revocation list may be: a year.
const LIST_AGE_SECS: u32 = 365 * 24 * 60 * 60;

pub(super) fn of(evidence: &VerifiedEvidence) -> Result<Policy> {
    let fingerprint = evidence.simulator().context("simulated Evidence")?;
    let mut policy = Policy::strict_for_simulator(*fingerprint);
    match evidence {
        VerifiedEvidence::Snp(report) => policy.snp = Some(snp(report)),
        VerifiedEvidence::Tdx(quote) => policy.tdx = Some(tdx(quote)),
        VerifiedEvidence::Azure(_) | _ => bail!("no demands are known for this Evidence"),
    }
    Ok(policy)
}

fn snp(verified: &VerifiedReport) -> SnpPolicy {
    let report = verified.report();
    let mut policy = SnpPolicy::strict();
    policy.products = Expect::Exactly(verified.product());
    policy.version = Floor::AtLeast(report.version());
    guest(&mut policy, verified);
    platform(&mut policy, verified);
    tcb(&mut policy, verified);
    let launch = &mut policy.launch;
    launch.vmpl = Expect::Exactly(report.vmpl());
    launch.guest_svn = Floor::AtLeast(report.guest_svn());
    launch.family_id = Expect::Exactly(*report.family_id());
    launch.image_id = Expect::Exactly(*report.image_id());
    launch.id_key_digest = Expect::Exactly(*report.id_key_digest());
    launch.author_key_digest = Expect::Exactly(*report.author_key_digest());
    launch.report_id_ma = Expect::Exactly(*report.report_id_ma());
    policy.signer.signing_key = Expect::Exactly(report.signing_key());
    policy.signer.revocation = RevocationDemand::Required;
    policy.signer.crl_age = AgeLimit::AtMostSecs(LIST_AGE_SECS);
    let others = (0..CHIPS).map(|at| ChipId::new([at; 64]));
    policy.signer.chips = Expect::OneOf(others.chain([*report.chip_id()]).collect());
    policy
}

const fn bit(set: bool) -> Bit {
    if set { Bit::Require } else { Bit::Forbid }
}

fn guest(policy: &mut SnpPolicy, verified: &VerifiedReport) {
    let seen = verified.report().policy();
    let guest = &mut policy.guest;
    guest.smt = bit(seen.smt());
    guest.single_socket = bit(seen.single_socket());
    guest.mem_aes_256_xts = bit(seen.mem_aes_256_xts());
    guest.rapl_dis = bit(seen.rapl_dis());
    guest.ciphertext_hiding_dram = bit(seen.ciphertext_hiding_dram());
    guest.page_swap_disable = bit(seen.page_swap_disable());
}

fn platform(policy: &mut SnpPolicy, verified: &VerifiedReport) {
    let seen = verified.report().platform_info();
    let platform = &mut policy.platform;
    platform.smt_en = bit(seen.smt_en());
    platform.tsme_en = bit(seen.tsme_en());
    platform.ecc_en = bit(seen.ecc_en());
    platform.rapl_dis = bit(seen.rapl_dis());
    platform.ciphertext_hiding_dram_en = bit(seen.ciphertext_hiding_dram_en());
    platform.alias_check_complete = bit(seen.alias_check_complete());
    platform.tio_en = bit(seen.tio_en());
    platform.unknown = Unwanted::Forbid;
}

fn tcb(policy: &mut SnpPolicy, verified: &VerifiedReport) {
    let (report, product) = (verified.report(), verified.product());
    let floors = |seen: TcbVersion| {
        let floor = Floor::AtLeast(seen.components(product));
        TcbFloors { milan: floor, genoa: floor, turin: floor }
    };
    let tcb = &mut policy.tcb;
    tcb.reported = floors(report.reported_tcb());
    tcb.committed = floors(report.committed_tcb());
    tcb.launch = floors(report.launch_tcb());
    tcb.firmware = Floor::AtLeast(report.committed_version());
    tcb.provisional_microcode = Unwanted::Forbid;
    tcb.launch_mit_vector = report.launch_mit_vector().map_or(Bits::Any, Bits::AllOf);
    tcb.current_mit_vector = report.current_mit_vector().map_or(Bits::Any, Bits::AllOf);
}

fn tdx(verified: &VerifiedQuote) -> TdxPolicy {
    let pck = verified.pck();
    let mut policy = TdxPolicy::strict();
    policy.pks = Expect::OneOf(vec![false, true]);
    policy.advisories = AdvisoryDemand::Only(verified.advisories().map(str::to_owned).collect());
    policy.ppid = Expect::Exactly(*pck.ppid());
    policy.platform_instance_id =
        pck.platform_instance_id().map_or(Expect::Any, |id| Expect::Exactly(*id));
    policy.dynamic_platform = pck.dynamic_platform().map_or(Expect::Any, Expect::Exactly);
    policy.cached_keys = pck.cached_keys().map_or(Expect::Any, Expect::Exactly);
    policy.smt_enabled = pck.smt_enabled().map_or(Expect::Any, Expect::Exactly);
    policy
}
