//! `PLATFORM_INFO` at 40h.

use cloister_attestation::check::State;
use cloister_attestation::snp::{Bit, PlatformDemands, Unwanted};

use super::guest::{assert_every_bit_is_signed, demand, milan, step};

#[test]
fn each_demand_reads_its_own_bit() {
    type Field = fn(&mut PlatformDemands) -> &mut Bit;
    let fields: [(u32, &str, Field); 7] = [
        (0, "snp.platform_info.smt_en", |d| &mut d.smt_en),
        (1, "snp.platform_info.tsme_en", |d| &mut d.tsme_en),
        (2, "snp.platform_info.ecc_en", |d| &mut d.ecc_en),
        (3, "snp.platform_info.rapl_dis", |d| &mut d.rapl_dis),
        (4, "snp.platform_info.ciphertext_hiding_dram_en", |d| &mut d.ciphertext_hiding_dram_en),
        (5, "snp.platform_info.alias_check_complete", |d| &mut d.alias_check_complete),
        (7, "snp.platform_info.tio_en", |d| &mut d.tio_en),
    ];
    for (bit, id, field) in fields {
        let set = milan().with_fields(move |report| report.platform_info = 1 << bit);
        let others = milan().with_fields(move |report| report.platform_info = !(1 << bit));
        for (guest, require, forbid) in
            [(set, State::Pass, State::Fail), (others, State::Fail, State::Pass)]
        {
            let outcome = |bit| demand(&guest, id, |p| *field(&mut p.platform) = bit);
            assert_eq!(outcome(Bit::Require), require, "{id}");
            assert_eq!(outcome(Bit::Forbid), forbid, "{id}");
            assert_eq!(outcome(Bit::Any), State::NotAsserted, "{id}");
        }
    }
}

#[test]
fn bits_without_a_meaning_are_never_passed_over() {
    for bit in (0..64).filter(|bit| ![0, 1, 2, 3, 4, 5, 7].contains(bit)) {
        let guest = milan().with_fields(move |report| report.platform_info |= 1 << bit);
        assert_eq!(step(&guest, "snp.platform_info.unknown"), State::NotAsserted, "bit {bit}");
        let forbidden = demand(&guest, "snp.platform_info.unknown_demand", |p| {
            p.platform.unknown = Unwanted::Forbid
        });
        assert_eq!(forbidden, State::Fail, "bit {bit}");
    }
    assert_eq!(step(&milan(), "snp.platform_info.unknown"), State::Pass);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x40..0x48);
}
