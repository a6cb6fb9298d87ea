//! `LAUNCH_TCB` at 1F0h.

use cloister_attestation::check::State;
use cloister_attestation::snp::{Floor, Product};

use super::guest::{assert_every_bit_is_signed, demand, milan, refused, verify};

#[test]
fn a_guest_launched_before_the_update_is_below_the_floor() {
    let guest = milan().with_fields(|report| report.launch_tcb.snp -= 1);
    let reported = verify(&guest).unwrap().report().reported_tcb().components(Product::Milan);
    let outcome = |guest| {
        demand(guest, "snp.tcb.launch_below_floor", |p| {
            p.tcb.launch.milan = Floor::AtLeast(reported)
        })
    };
    assert_eq!(outcome(&guest), State::Fail);
    assert_eq!(outcome(&milan()), State::Pass);
    assert_eq!(demand(&guest, "snp.tcb.launch_below_floor", |_| ()), State::NotAsserted);
}

#[test]
fn rejects_bytes_that_the_product_leaves_unused() {
    let guest = milan().with_signed_bytes(|report| report[0x1f0 + 3] = 1);
    assert_eq!(refused(&guest), "snp.tcb.reserved");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x1f0..0x1f8);
}
