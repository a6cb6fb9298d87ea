//! `CURRENT_TCB` at 38h.

use cloister_attestation::snp::Product;

use super::guest::{assert_every_bit_is_signed, milan, refused, turin, verify};

#[test]
fn reads_the_field_in_the_layout_of_the_product() {
    let guest = milan().with_fields(|report| report.current_tcb.microcode += 1);
    let report = verify(&guest).unwrap();
    let [current, committed] = [report.report().current_tcb(), report.report().committed_tcb()]
        .map(|tcb| tcb.components(Product::Milan));
    assert_eq!(current.microcode, committed.microcode + 1);
    assert!(current.covers(&committed));
}

#[test]
fn rejects_a_component_below_committed() {
    for product in [milan(), turin()] {
        let guest = product.with_fields(|report| report.current_tcb.microcode -= 1);
        assert_eq!(refused(&guest), "snp.tcb.committed_le_current");
    }
}

#[test]
fn rejects_bytes_that_the_product_leaves_unused() {
    let guest = milan().with_signed_bytes(|report| report[0x38 + 2] = 1);
    assert_eq!(refused(&guest), "snp.tcb.reserved");
    let guest = turin().with_signed_bytes(|report| report[0x38 + 4] = 1);
    assert_eq!(refused(&guest), "snp.tcb.reserved");
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x38..0x40);
}
