//! `CPUID_FAM_ID`, `CPUID_MOD_ID` and `CPUID_STEP` at 188h, from version 3 on.

use cloister_attestation::check::State;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::snp::{self, Cpuid, Endorsements, Product};

use super::guest::{
    NOW, assert_every_bit_is_signed, milan, on, pki, refused, refused_with, report, step, unparsed,
    verify, verify_with,
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
    for cpuid in [[0x19, 0x10, 0], [0x19, 0xa0, 2], [0x1a, 0x02, 1]] {
        let guest = milan().with_fields(move |report| report.cpuid = cpuid);
        assert_eq!(refused(&guest), "snp.product", "{cpuid:02x?}");
    }
    let genoa = on(Product::Genoa).with_chip_id(*verify(&milan()).unwrap().report().chip_id());
    assert_eq!(refused_with(&milan(), &genoa.endorsements()), "snp.product");
}

#[test]
fn rejects_products_without_a_pinned_root_and_names_the_known_one() {
    for (cpuid, name) in [
        ([0x1a, 0x50, 1], "Venice"),
        ([0x1a, 0xaf, 0], "Venice"),
        ([0x1a, 0x12, 0], "unknown product"),
        ([0x17, 0x31, 0], "unknown product"),
    ] {
        let guest = milan().with_fields(move |report| report.cpuid = cpuid);
        for with in [guest.endorsements(), Endorsements::none()] {
            let error = verify_with(&guest, &with).unwrap_err();
            assert_eq!(error.code().id, "snp.product.root", "{cpuid:02x?}");
            assert!(error.checks().last().unwrap().observed.starts_with(name), "{error}");
        }
        let chain = snp::verify_chain(&milan().endorsements(), &pki().anchors(), NOW).unwrap();
        let error = snp::verify_report(report(&guest), &chain, NOW).unwrap_err();
        assert_eq!(error.code().id, "snp.product.root", "{cpuid:02x?}");
    }
    assert_eq!(step(&milan(), "snp.product.root"), State::Pass);
    assert_eq!(step(&milan().with_version(2), "snp.product.root"), State::NotApplicable);
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
