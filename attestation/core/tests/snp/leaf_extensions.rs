//! AMD's extensions in the certificate of the signing key.

use cloister_attestation::check::State;
use cloister_simulator::SnpGuest;
use cloister_simulator::certificate::Extension;
use cloister_simulator::snp::extension::{
    BL_SPL, CSP_ID, FMC_SPL, HW_ID, PRODUCT_NAME, SNP_SPL, SPL_4, SPL_5, STRUCT_VERSION, TEE_SPL,
    UCODE_SPL,
};
use const_oid::ObjectIdentifier;

use super::guest::{milan, refused, step, turin, verify, vlek};

fn replaced(guest: SnpGuest, oid: ObjectIdentifier, value: &'static [u8]) -> SnpGuest {
    guest.with_vek_certificate(move |vek| vek.replace_extension(&oid, value))
}

#[test]
fn rejects_a_missing_one_and_one_that_is_twice_there() {
    let common = [STRUCT_VERSION, PRODUCT_NAME, BL_SPL, TEE_SPL, SNP_SPL, UCODE_SPL];
    let of = |own: ObjectIdentifier| common.into_iter().chain([own]);
    let milan_own = of(HW_ID).map(|oid| (milan(), oid));
    let turin_own = of(FMC_SPL).chain([HW_ID]).map(|oid| (turin(), oid));
    let vlek_own = of(CSP_ID).map(|oid| (vlek(), oid));
    for (guest, oid) in milan_own.chain(turin_own).chain(vlek_own) {
        let missing = guest.clone().with_vek_certificate(move |vek| vek.remove_extension(&oid));
        assert_eq!(refused(&missing), "snp.leaf.extensions", "{oid} missing");
        let twice = guest.with_vek_certificate(move |vek| vek.duplicate_extension(&oid));
        assert_eq!(refused(&twice), "x509.extension.duplicate", "{oid} twice");
    }
}

#[test]
fn rejects_integers_that_are_not_the_one_encoding_of_zero_to_255() {
    let wrong: [&[u8]; 9] = [
        &[],
        &[2, 0],
        &[2, 1],
        &[2, 2, 0, 4],
        &[2, 1, 0x84],
        &[2, 2, 1, 0],
        &[2, 0x81, 1, 4],
        &[2, 1, 4, 0],
        &[4, 1, 4],
    ];
    for value in wrong {
        assert_eq!(
            refused(&replaced(milan(), BL_SPL, value)),
            "snp.leaf.extensions",
            "{value:02x?}"
        );
    }
    // The right number in the right encoding, to show that the others fail for their encoding.
    assert!(verify(&replaced(milan(), BL_SPL, &[2, 1, 4])).is_ok());
    assert!(verify(&replaced(milan(), UCODE_SPL, &[2, 2, 0, 219])).is_ok());
}

#[test]
fn rejects_a_level_that_is_not_the_reported_one() {
    for oid in [BL_SPL, TEE_SPL, SNP_SPL, UCODE_SPL] {
        assert_eq!(refused(&replaced(milan(), oid, &[2, 1, 99])), "snp.tcb.leaf", "{oid}");
        assert_eq!(refused(&replaced(turin(), oid, &[2, 1, 99])), "snp.tcb.leaf", "{oid}");
    }
    assert_eq!(refused(&replaced(turin(), FMC_SPL, &[2, 1, 99])), "snp.tcb.leaf");
}

#[test]
fn rejects_a_structure_version_of_another_product() {
    assert_eq!(refused(&replaced(milan(), STRUCT_VERSION, &[2, 1, 1])), "snp.leaf.extensions");
    assert_eq!(refused(&replaced(turin(), STRUCT_VERSION, &[2, 1, 0])), "snp.leaf.extensions");
    assert_eq!(refused(&replaced(turin(), STRUCT_VERSION, &[2, 1, 2])), "snp.leaf.extensions");
}

#[test]
fn rejects_extensions_of_the_other_kind_of_key_and_product() {
    let added = |guest: SnpGuest, oid, value: &'static [u8]| {
        guest.with_vek_certificate(move |vek| {
            vek.extensions.push(Extension::new(oid, value.to_vec()))
        })
    };
    assert_eq!(refused(&added(vlek(), HW_ID, &[7; 64])), "snp.leaf.extensions");
    assert_eq!(refused(&added(milan(), CSP_ID, b"\x16\x01x")), "snp.leaf.extensions");
    assert_eq!(refused(&added(milan(), FMC_SPL, &[2, 1, 0])), "snp.leaf.extensions");
}

#[test]
fn rejects_reserved_levels_that_are_not_zero_and_unknown_ones() {
    assert_eq!(refused(&replaced(milan(), SPL_4, &[2, 1, 1])), "snp.leaf.extensions");
    assert_eq!(refused(&replaced(milan(), SPL_5, &[2, 1, 1])), "snp.leaf.extensions");
    let unknown = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.10");
    let guest = milan().with_vek_certificate(move |vek| {
        vek.extensions.push(Extension::new(unknown, vec![2, 1, 0]))
    });
    assert_eq!(refused(&guest), "snp.leaf.extensions");
}

#[test]
fn extensions_outside_amds_table_are_recorded() {
    let other = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.55555.1");
    let guest = milan()
        .with_vek_certificate(move |vek| vek.extensions.push(Extension::new(other, vec![5, 0])));
    assert_eq!(step(&guest, "snp.leaf.other_extensions"), State::NotAsserted);
    assert_eq!(step(&milan(), "snp.leaf.other_extensions"), State::Pass);
}

#[test]
fn a_wrong_product_name_decides_nothing_and_is_recorded() {
    let wrong = replaced(milan(), PRODUCT_NAME, b"\x16\x05Genoa");
    assert_eq!(step(&wrong, "snp.leaf.product_name"), State::NotAsserted);
    assert_eq!(step(&milan(), "snp.leaf.product_name"), State::Pass);
    let not_text = replaced(milan(), PRODUCT_NAME, b"\x04\x05Milan");
    assert_eq!(refused(&not_text), "snp.leaf.extensions");
    let control = replaced(milan(), PRODUCT_NAME, b"\x16\x06Milan\n");
    assert_eq!(refused(&control), "snp.leaf.extensions");
}

#[test]
fn rejects_a_key_that_is_not_on_p384() {
    let rsa = milan().with_vek_certificate(|vek| vek.spki = milan_root_spki());
    assert_eq!(refused(&rsa), "snp.leaf.key");
    let off_curve = milan().with_vek_certificate(|vek| *vek.spki.last_mut().unwrap() ^= 1);
    assert_eq!(refused(&off_curve), "snp.leaf.key");
}

fn milan_root_spki() -> Vec<u8> {
    cloister_attestation::x509::Certificate::parse(&milan().root()).unwrap().spki().to_vec()
}
