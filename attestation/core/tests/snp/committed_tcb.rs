//! `COMMITTED_TCB` at 1E0h.

use cloister_attestation::check::State;
use cloister_attestation::snp::{Floor, Product, Tcb, Unwanted};

use super::guest::{
    assert_every_bit_is_signed, demand, milan, on, refused, strict_failures, verify,
};

#[test]
fn rejects_a_component_above_current() {
    let guest = milan().with_fields(|report| report.committed_tcb.snp += 1);
    assert_eq!(refused(&guest), "snp.tcb.committed_le_current");
    let turin = on(Product::Turin).with_fields(|report| report.committed_tcb.fmc += 1);
    assert_eq!(refused(&turin), "snp.tcb.committed_le_current");
}

#[test]
fn rejects_bytes_that_the_product_leaves_unused() {
    let guest = milan().with_signed_bytes(|report| report[0x1e0 + 5] = 1);
    assert_eq!(refused(&guest), "snp.tcb.reserved");
}

#[test]
fn the_policy_sets_a_floor() {
    let tcb = verify(&milan()).unwrap().report().committed_tcb().components(Product::Milan);
    let floor = |floor| {
        demand(&milan(), "snp.tcb.committed_below_floor", |p| {
            p.tcb.committed.milan = Floor::AtLeast(floor)
        })
    };
    assert_eq!(floor(tcb), State::Pass);
    assert_eq!(floor(Tcb { snp: tcb.snp + 1, ..tcb }), State::Fail);
}

#[test]
fn strict_refuses_firmware_that_is_not_committed_and_accepts_such_microcode() {
    let firmware = milan().with_fields(|report| report.current_tcb.snp += 1);
    assert_eq!(strict_failures(&firmware), ["snp.firmware.provisional"]);
    let microcode = milan().with_fields(|report| report.current_tcb.microcode += 1);
    assert_eq!(strict_failures(&microcode), [""; 0]);
    let forbidden = demand(&microcode, "snp.microcode.provisional", |p| {
        p.tcb.provisional_microcode = Unwanted::Forbid;
    });
    assert_eq!(forbidden, State::Fail);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x1e0..0x1e8);
}
