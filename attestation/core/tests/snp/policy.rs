//! `POLICY` at 08h: the guest policy.

use cloister_attestation::check::State;
use cloister_attestation::snp::{AbiVersion, Bit, Floor, GuestDemands};
use cloister_simulator::SnpGuest;

use super::guest::{
    assert_every_bit_is_signed, demand, milan, refused, strict_failures, unparsed, verify,
};

/// One bit of the policy set on a guest whose platform agrees with it.
fn with_bit(bit: u32) -> SnpGuest {
    milan().with_fields(move |report| {
        report.policy |= 1 << bit;
        report.platform_info |= 1 << 3 | 1 << 4;
    })
}

#[test]
fn rejects_a_clear_bit_17_and_every_bit_above_25() {
    let guest = milan().with_fields(|report| report.policy &= !(1 << 17));
    assert_eq!(unparsed(&guest), "snp.report.guest_policy");
    for bit in 26..64 {
        assert_eq!(unparsed(&with_bit(bit)), "snp.report.guest_policy", "bit {bit}");
    }
    for bit in 18..26 {
        assert!(verify(&with_bit(bit)).is_ok(), "bit {bit}");
    }
}

#[test]
fn each_demand_reads_its_own_bit() {
    type Field = fn(&mut GuestDemands) -> &mut Bit;
    let fields: [(u32, &str, Field); 9] = [
        (16, "snp.policy.smt", |d| &mut d.smt),
        (18, "snp.policy.migrate_ma", |d| &mut d.migrate_ma),
        (19, "snp.policy.debug", |d| &mut d.debug),
        (20, "snp.policy.single_socket", |d| &mut d.single_socket),
        (21, "snp.policy.cxl_allow", |d| &mut d.cxl_allow),
        (22, "snp.policy.mem_aes_256_xts", |d| &mut d.mem_aes_256_xts),
        (23, "snp.policy.rapl_dis", |d| &mut d.rapl_dis),
        (24, "snp.policy.ciphertext_hiding_dram", |d| &mut d.ciphertext_hiding_dram),
        (25, "snp.policy.page_swap_disable", |d| &mut d.page_swap_disable),
    ];
    for (bit, id, field) in fields {
        let clear = milan().with_fields(|report| {
            report.policy = 1 << 17;
            report.platform_info = 0;
        });
        for (guest, require, forbid) in
            [(with_bit(bit), State::Pass, State::Fail), (clear, State::Fail, State::Pass)]
        {
            let outcome = |bit| demand(&guest, id, |p| *field(&mut p.guest) = bit);
            assert_eq!(outcome(Bit::Require), require, "{id}");
            assert_eq!(outcome(Bit::Forbid), forbid, "{id}");
            assert_eq!(outcome(Bit::Any), State::NotAsserted, "{id}");
        }
    }
}

#[test]
fn strict_refuses_debug_migration_and_cxl_and_nothing_else() {
    assert_eq!(strict_failures(&milan()), [""; 0]);
    assert_eq!(strict_failures(&with_bit(18)), ["snp.policy.migrate_ma"]);
    assert_eq!(strict_failures(&with_bit(19)), ["snp.policy.debug"]);
    assert_eq!(strict_failures(&with_bit(21)), ["snp.policy.cxl_allow"]);
    for bit in [20, 22, 23, 24, 25] {
        assert_eq!(strict_failures(&with_bit(bit)), [""; 0], "bit {bit}");
    }
}

#[test]
fn rejects_a_policy_that_asks_for_newer_firmware_than_runs() {
    // The simulated firmware is 1.58.
    let asking = |major: u64, minor: u64| {
        milan().with_fields(move |report| report.policy |= major << 8 | minor)
    };
    for (major, minor) in [(0, 0), (0, 255), (1, 57), (1, 58)] {
        assert!(verify(&asking(major, minor)).is_ok(), "{major}.{minor}");
    }
    for (major, minor) in [(1, 59), (2, 0)] {
        assert_eq!(refused(&asking(major, minor)), "snp.policy.abi", "{major}.{minor}");
    }
}

#[test]
fn the_policy_sets_the_least_abi_that_the_guest_asks_for() {
    let guest = milan().with_fields(|report| report.policy |= 1 << 8 | 51);
    let floor = |major, minor| {
        demand(&guest, "snp.policy.abi_floor", |p| {
            p.guest.abi = Floor::AtLeast(AbiVersion { major, minor })
        })
    };
    assert_eq!(floor(0, 255), State::Pass);
    assert_eq!(floor(1, 51), State::Pass);
    assert_eq!(floor(1, 52), State::Fail);
    assert_eq!(floor(2, 0), State::Fail);
}

#[test]
fn rejects_a_platform_that_denies_what_the_policy_requires() {
    let rapl = milan().with_fields(|report| report.policy |= 1 << 23);
    assert_eq!(refused(&rapl), "snp.policy.platform");
    let hiding = milan().with_fields(|report| report.policy |= 1 << 24);
    assert_eq!(refused(&hiding), "snp.policy.platform");
    // The simulated platform has SMT on.
    let no_smt = milan().with_fields(|report| report.policy &= !(1 << 16));
    assert_eq!(refused(&no_smt), "snp.policy.platform");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x08..0x10);
}
