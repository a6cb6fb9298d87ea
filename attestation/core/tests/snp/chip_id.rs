//! `CHIP_ID` at 1A0h, and the `hwID` of the certificate.

use cloister_attestation::bytes::ChipId;
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;
use cloister_attestation::result::PlatformIdentity;
use cloister_attestation::snp::Unwanted;
use cloister_simulator::snp::extension::HW_ID;

use super::guest::{
    PROVIDER, assert_every_bit_is_signed, demand, milan, refused, refused_with, step,
    strict_failures, turin, verify, vlek,
};

#[test]
fn the_certificate_names_the_chip_that_signed() {
    for guest in [milan(), turin()] {
        assert_eq!(step(&guest, "snp.chip_id"), State::Pass);
        let report = verify(&guest).unwrap();
        assert_eq!(
            report.platform(),
            PlatformIdentity::Chip(report.report().chip_id().to_string())
        );
    }
}

#[test]
fn rejects_the_certificate_of_another_chip() {
    let mut id = *verify(&milan()).unwrap().report().chip_id().as_bytes();
    id[63] ^= 1;
    let other = milan().with_chip_id(ChipId::new(id));
    assert_eq!(refused_with(&milan(), &other.endorsements()), "snp.chip_id");
}

#[test]
fn on_turin_eight_bytes_count_and_the_rest_is_zero() {
    let other_prefix = turin().with_fields(|report| report.chip_id[7] ^= 1);
    assert_eq!(refused(&other_prefix), "snp.chip_id");
    let longer = turin().with_fields(|report| report.chip_id[8] = 1);
    assert_eq!(refused(&longer), "snp.chip_id");
    let last = turin().with_fields(|report| report.chip_id[63] = 1);
    assert_eq!(refused(&last), "snp.chip_id");
}

#[test]
fn rejects_a_hardware_id_of_another_products_length() {
    let short = milan().with_vek_certificate(|vek| vek.replace_extension(&HW_ID, b"cloister"));
    assert_eq!(refused(&short), "snp.leaf.extensions");
    let long = turin().with_vek_certificate(|vek| vek.replace_extension(&HW_ID, &[7; 64]));
    assert_eq!(refused(&long), "snp.leaf.extensions");
    let empty = milan().with_vek_certificate(|vek| vek.replace_extension(&HW_ID, &[]));
    assert_eq!(refused(&empty), "snp.leaf.extensions");
}

#[test]
fn reads_a_hardware_id_that_is_wrapped_once_more() {
    let wrap = |guest: cloister_simulator::SnpGuest, len: usize| {
        let id = verify(&guest).unwrap().report().chip_id().as_bytes()[..len].to_vec();
        let wrapped = [&[0x04, u8::try_from(len).unwrap()], id.as_slice()].concat();
        guest.with_vek_certificate(move |vek| vek.replace_extension(&HW_ID, &wrapped))
    };
    assert_eq!(step(&wrap(milan(), 64), "snp.chip_id"), State::Pass);
    assert_eq!(step(&wrap(turin(), 8), "snp.chip_id"), State::Pass);
}

#[test]
fn a_masked_chip_is_not_bound_and_strict_refuses_it() {
    for guest in [milan(), turin()] {
        let masked = guest.with_fields(|report| report.chip_id = [0; 64]);
        assert_eq!(step(&masked, "snp.chip_id"), State::NotAsserted);
        assert_eq!(verify(&masked).unwrap().platform(), PlatformIdentity::NotAsserted);
        assert_eq!(strict_failures(&masked), ["snp.chip_id.masked"]);
        let allowed =
            demand(&masked, "snp.chip_id.masked", |p| p.signer.masked_chip_id = Unwanted::Any);
        assert_eq!(allowed, State::NotAsserted);
    }
}

#[test]
fn the_policy_names_the_machines_that_it_accepts() {
    let own = *verify(&milan()).unwrap().report().chip_id();
    let known = |list: Vec<ChipId>| {
        demand(&milan(), "snp.chip_id.allowed", |p| p.signer.chips = Expect::OneOf(list))
    };
    assert_eq!(known(vec![ChipId::new([1; 64]), own]), State::Pass);
    assert_eq!(known(vec![ChipId::new([1; 64])]), State::Fail);
    assert_eq!(known(vec![]), State::Fail);
    assert_eq!(demand(&milan(), "snp.chip_id.allowed", |_| ()), State::NotAsserted);
}

#[test]
fn an_allow_list_refuses_what_names_no_machine_even_if_it_lists_zero() {
    let zero = ChipId::new([0; 64]);
    let masked = milan().with_fields(|report| report.chip_id = [0; 64]);
    for guest in [masked, vlek()] {
        let outcome =
            demand(&guest, "snp.chip_id.allowed", |p| p.signer.chips = Expect::Exactly(zero));
        assert_eq!(outcome, State::Fail);
    }
}

#[test]
fn a_vlek_names_its_provider_and_no_chip() {
    let verified = verify(&vlek()).unwrap();
    assert_eq!(step(&vlek(), "snp.chip_id"), State::NotApplicable);
    assert_eq!(verified.platform(), PlatformIdentity::Provider(PROVIDER.to_owned()));
    assert_eq!(strict_failures(&vlek()), [""; 0]);
    let provider = |name: &str| {
        let name = name.to_owned();
        demand(&vlek(), "snp.csp_id", |p| p.signer.provider = Expect::Exactly(name))
    };
    assert_eq!(provider(PROVIDER), State::Pass);
    assert_eq!(provider("CN=other.invalid"), State::Fail);
    assert_eq!(demand(&milan(), "snp.csp_id", |_| ()), State::NotApplicable);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x1a0..0x1e0);
}
