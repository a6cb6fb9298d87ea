//! `VMPL` at 30h.

use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;
use cloister_simulator::SnpGuest;

use super::guest::{assert_every_bit_is_signed, demand, milan, strict_failures, unparsed, verify};

fn at(vmpl: u32) -> SnpGuest {
    milan().with_fields(move |report| report.vmpl = vmpl)
}

#[test]
fn reads_the_four_levels_and_rejects_every_other() {
    for vmpl in 0..=3 {
        assert_eq!(verify(&at(vmpl)).unwrap().report().vmpl(), vmpl);
    }
    for vmpl in [4, 0x100, u32::MAX] {
        assert_eq!(unparsed(&at(vmpl)), "snp.report.vmpl", "{vmpl}");
    }
}

#[test]
fn the_policy_expects_a_level() {
    let expect = |vmpl| demand(&at(1), "snp.vmpl", |p| p.launch.vmpl = Expect::Exactly(vmpl));
    assert_eq!(expect(0), State::Fail);
    assert_eq!(expect(1), State::Pass);
    assert_eq!(expect(2), State::Fail);
}

#[test]
fn strict_accepts_levels_zero_and_one() {
    assert_eq!(strict_failures(&at(0)), [""; 0]);
    assert_eq!(strict_failures(&at(1)), [""; 0]);
    assert_eq!(strict_failures(&at(2)), ["snp.vmpl"]);
    assert_eq!(strict_failures(&at(3)), ["snp.vmpl"]);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x30..0x34);
}
