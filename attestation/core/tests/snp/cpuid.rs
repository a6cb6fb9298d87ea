//! `CPUID_FAM_ID`, `CPUID_MOD_ID` and `CPUID_STEP` at 188h, from version 3 on.

use cloister_attestation::snp::{Cpuid, Product};

use super::guest::{
    assert_every_bit_is_signed, milan, on, refused, refused_with, unparsed, verify,
};

#[test]
fn reads_the_three_bytes() {
    let guest = milan().with_fields(|report| report.cpuid = [0x19, 0x0f, 2]);
    let cpuid = Cpuid { family: 0x19, model: 0x0f, stepping: 2 };
    assert_eq!(verify(&guest).unwrap().report().cpuid(), Some(cpuid));
    assert_eq!(verify(&milan().with_version(2)).unwrap().report().cpuid(), None);
}

#[test]
fn rejects_another_product_than_the_chains() {
    for cpuid in
        [[0x19, 0x10, 0], [0x19, 0xa0, 2], [0x1a, 0x02, 1], [0x1a, 0x50, 1], [0x17, 0x31, 0]]
    {
        let guest = milan().with_fields(move |report| report.cpuid = cpuid);
        assert_eq!(refused(&guest), "snp.product", "{cpuid:02x?}");
    }
    let genoa = on(Product::Genoa).with_chip_id(*verify(&milan()).unwrap().report().chip_id());
    assert_eq!(refused_with(&milan(), &genoa.endorsements()), "snp.product");
}

#[test]
fn bergamo_and_siena_are_genoa() {
    let guest = on(Product::Genoa).with_fields(|report| report.cpuid = [0x19, 0xa0, 2]);
    assert_eq!(verify(&guest).unwrap().product(), Product::Genoa);
}

#[test]
fn version_two_has_zero_there() {
    for byte in 0x188..0x18b {
        let guest = milan().with_version(2).with_signed_bytes(move |report| report[byte] = 1);
        assert_eq!(unparsed(&guest), "snp.report.reserved", "{byte:#x}");
    }
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x188..0x18b);
}
