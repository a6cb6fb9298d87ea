//! Platforms without a mitigation that the policy demands: what is demanded is a minimum, what is
//! forbidden a maximum, and neither reads the other's way round.

use cloister_attestation::snp::{Bit, SnpPolicy};
use cloister_simulator::SnpGuest;

use super::victim::{Attempt, snp, snp_guest};

const ALIAS_CHECK_COMPLETE: u64 = 1 << 5;

fn under(guest: &SnpGuest, change: impl FnOnce(&mut SnpPolicy)) -> Attempt {
    let mut attempt = snp(guest);
    change(attempt.policy.snp.as_mut().unwrap());
    attempt
}

/// CVE-2024-21944: memory modules that lie about their size alias the guest's memory.
#[test]
fn a_platform_whose_memory_was_not_checked_for_aliases_is_refused() {
    let require = |policy: &mut SnpPolicy| policy.platform.alias_check_complete = Bit::Require;
    let unchecked = snp_guest().with_fields(|r| r.platform_info &= !ALIAS_CHECK_COMPLETE);
    under(&unchecked, require).refused("snp.platform_info.alias_check_complete");
    under(&snp_guest(), require).admitted();
}

/// Swapping and moving pages lets the host match ciphertexts.
#[test]
fn a_guest_whose_pages_may_be_swapped_is_refused() {
    let require = |policy: &mut SnpPolicy| policy.guest.page_swap_disable = Bit::Require;
    under(&snp_guest(), require).refused("snp.policy.page_swap_disable");
    let disabled = snp_guest().with_fields(|report| report.policy |= 1 << 25);
    under(&disabled, require).admitted();
}

#[test]
fn a_platform_without_ciphertext_hiding_or_with_power_measurement_is_refused() {
    let hiding = |policy: &mut SnpPolicy| policy.platform.ciphertext_hiding_dram_en = Bit::Require;
    under(&snp_guest(), hiding).refused("snp.platform_info.ciphertext_hiding_dram_en");
    let rapl = |policy: &mut SnpPolicy| policy.platform.rapl_dis = Bit::Require;
    under(&snp_guest(), rapl).refused("snp.platform_info.rapl_dis");
    let both = snp_guest().with_fields(|report| report.platform_info |= 1 << 3 | 1 << 4);
    under(&both, hiding).admitted();
    under(&both, rapl).admitted();
}

/// A bit that is required is not met by its absence, one that is forbidden not by its presence.
#[test]
fn required_and_forbidden_are_not_mistaken_for_each_other() {
    let smt = |demand| move |policy: &mut SnpPolicy| policy.platform.smt_en = demand;
    let without = snp_guest().with_fields(|report| report.platform_info &= !1);
    under(&snp_guest(), smt(Bit::Require)).admitted();
    under(&snp_guest(), smt(Bit::Forbid)).refused("snp.platform_info.smt_en");
    under(&without, smt(Bit::Require)).refused("snp.platform_info.smt_en");
    under(&without, smt(Bit::Forbid)).admitted();
}
