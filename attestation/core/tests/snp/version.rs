//! `VERSION` at 00h.

use cloister_attestation::check::State;
use cloister_attestation::snp::{Floor, Product};

use super::guest::{assert_every_bit_is_signed, demand, milan, on, step, unparsed, verify};

#[test]
fn accepts_versions_two_to_five() {
    for version in 2..=5 {
        let guest = milan().with_version(version);
        assert_eq!(verify(&guest).unwrap().report().version(), version);
    }
}

#[test]
fn rejects_the_versions_next_to_them_and_far_away() {
    for version in [0, 1, 6, 7, 0x0200_0000, u32::MAX] {
        assert_eq!(unparsed(&milan().with_version(version)), "snp.report.version", "{version}");
    }
}

#[test]
fn a_version_without_cpuid_leaves_the_product_to_the_chain() {
    assert_eq!(step(&milan().with_version(2), "snp.product"), State::NotAsserted);
    assert_eq!(step(&milan().with_version(3), "snp.product"), State::Pass);
    assert_eq!(verify(&on(Product::Genoa).with_version(2)).unwrap().product(), Product::Genoa);
}

#[test]
fn the_policy_sets_the_least_version() {
    let at_least = |version| {
        demand(&milan().with_version(3), "snp.demand.version", |p| {
            p.version = Floor::AtLeast(version)
        })
    };
    assert_eq!(at_least(2), State::Pass);
    assert_eq!(at_least(3), State::Pass);
    assert_eq!(at_least(4), State::Fail);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x00..0x04);
}
