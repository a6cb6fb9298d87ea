//! A policy that demands of every field exactly what one piece of Evidence has, so that every
//! check compares something and none fails: the template for it, and what that leaves open.

use anyhow::{Context as _, Result, bail};
use cloister_attestation::bytes::ChipId;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp::{Bit, SnpPolicy, Unwanted, VerifiedReport};
use cloister_attestation::tdx::{TdxPolicy, VerifiedQuote};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;

/// Machines that the policy knows.
const CHIPS: u8 = 100;

pub(super) fn of(evidence: &VerifiedEvidence, now: UnixTime) -> Result<Policy> {
    let mut policy = Policy::from_evidence(evidence, now)?;
    match evidence {
        VerifiedEvidence::Snp(report) => snp(policy.snp.as_mut().context("demands")?, report),
        VerifiedEvidence::Tdx(quote) => tdx(policy.tdx.as_mut().context("demands")?, quote),
        VerifiedEvidence::Azure(_) | _ => bail!("no demands are known for this Evidence"),
    }
    Ok(policy)
}

fn snp(policy: &mut SnpPolicy, verified: &VerifiedReport) {
    guest(policy, verified);
    platform(policy, verified);
    let others = (0..CHIPS).map(|at| ChipId::new([at; 64]));
    policy.signer.chips = Expect::OneOf(others.chain([*verified.report().chip_id()]).collect());
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

fn tdx(policy: &mut TdxPolicy, verified: &VerifiedQuote) {
    let pck = verified.pck();
    policy.pks = Expect::OneOf(vec![false, true]);
    policy.dynamic_platform = pck.dynamic_platform().map_or(Expect::Any, Expect::Exactly);
    policy.cached_keys = pck.cached_keys().map_or(Expect::Any, Expect::Exactly);
    policy.smt_enabled = pck.smt_enabled().map_or(Expect::Any, Expect::Exactly);
}
