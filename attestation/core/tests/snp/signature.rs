//! The signature at 2A0h.

use cloister_attestation::snp::{self, Report};

use super::guest::{NOW, REPORT_DATA, milan, pki, refused, refused_with, vlek};

/// The order of P-384, little-endian in the 72 bytes of a component.
/// SPEC: NIST SP 800-186 section 3.2.1.4.
fn order() -> [u8; 72] {
    let big_endian = hex::decode(concat!(
        "ffffffffffffffffffffffffffffffffffffffffffffffff",
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
    ))
    .unwrap();
    let mut out = [0; 72];
    out.iter_mut().zip(big_endian.iter().rev()).for_each(|(to, from)| *to = *from);
    out
}

#[test]
fn rejects_zero_and_the_group_order_as_either_component() {
    for at in [0, 72] {
        for value in [[0; 72], order(), [0xff; 72]] {
            let guest = milan().with_signature_bytes(move |field| {
                field[at..at + 72].copy_from_slice(&value);
            });
            assert_eq!(refused(&guest), "snp.signature");
        }
    }
    let zero = milan().with_signature_bytes(|field| field.fill(0));
    assert_eq!(refused(&zero), "snp.signature");
}

#[test]
fn rejects_a_component_that_is_its_value_plus_the_order() {
    let guest = milan().with_signature_bytes(|field| {
        let mut carry = 0u16;
        for (byte, add) in field[..72].iter_mut().zip(order()) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            [*byte, _] = sum.to_le_bytes();
            carry = sum >> 8;
        }
    });
    assert_eq!(refused(&guest), "snp.signature");
}

#[test]
fn rejects_any_set_bit_behind_and_above_the_components() {
    let guest = milan();
    let chain = snp::verify_chain(&guest.endorsements(), &pki().anchors(), NOW).unwrap();
    let genuine = guest.report(&REPORT_DATA);
    for offset in (48..72).chain(72 + 48..512) {
        let mut changed = genuine.clone();
        changed[0x2a0 + offset] ^= 1;
        let report = Report::parse(&changed).unwrap();
        let error = snp::verify_report(report, &chain, NOW).unwrap_err();
        assert!(error.to_string().contains("must be zero"), "{offset}: {error}");
    }
}

#[test]
fn rejects_swapped_components_and_the_other_byte_order() {
    let swapped = milan().with_signature_bytes(|field| field[..144].rotate_left(72));
    assert_eq!(refused(&swapped), "snp.signature");
    let big_endian = milan().with_signature_bytes(|field| {
        field[..48].reverse();
        field[72..120].reverse();
    });
    assert_eq!(refused(&big_endian), "snp.signature");
}

#[test]
fn rejects_the_signature_of_another_key_of_the_same_kind() {
    let provider = |name: &str| {
        let csp_id = name.to_owned();
        milan().with_vek(cloister_simulator::snp::VekKind::Vlek { csp_id })
    };
    assert_eq!(
        refused_with(&vlek(), &provider("CN=another.invalid").endorsements()),
        "snp.signature"
    );
}
