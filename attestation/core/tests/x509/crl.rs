//! What parses as a CRL, and what it says.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::{Certificate, Crl};
use cloister_simulator::asn1;

use super::parts::{CrlParts, ECDSA_SHA256, entry, extension};
use crate::snp::guest::{milan, turin};

fn code(change: impl FnOnce(&mut CrlParts)) -> &'static str {
    let mut parts = CrlParts::good();
    change(&mut parts);
    Crl::parse(&parts.der()).unwrap_err().code().id
}

#[test]
fn reads_entries_and_dates() {
    let crl = Crl::parse(&CrlParts::good().der()).unwrap();
    assert_eq!(crl.revoked_count(), 2);
    assert!(crl.revokes(&[7]));
    assert!(crl.revokes(&[1, 0, 1]));
    let others: [&[u8]; 5] = [&[], &[0, 7], &[1, 0], &[8], &[1, 0, 1, 0]];
    for other in others {
        assert!(!crl.revokes(other), "{other:02x?}");
    }
    let at = |secs| crl.fresh_at(UnixTime::from_secs(secs)).is_ok();
    assert!(!at(1_699_999_999));
    assert!(at(1_700_000_000));
    assert!(at(1_800_000_000));
    assert!(!at(1_800_000_001));
}

#[test]
fn an_empty_list_may_leave_the_entries_out() {
    let mut parts = CrlParts::good();
    parts.revoked = Vec::new();
    assert_eq!(Crl::parse(&parts.der()).unwrap().revoked_count(), 0);
}

#[test]
fn rejects_every_truncation_and_a_byte_behind_the_end() {
    let der = CrlParts::good().der();
    for len in 0..der.len() {
        assert!(Crl::parse(&der[..len]).is_err(), "{len}");
    }
    assert!(Crl::parse(&[der.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn rejects_a_list_that_never_ends_or_is_of_another_version() {
    assert_eq!(code(|crl| crl.next_update = Vec::new()), "x509.malformed");
    assert_eq!(code(|crl| crl.version = Vec::new()), "x509.malformed");
    assert_eq!(code(|crl| crl.version = asn1::number(0)), "x509.malformed");
    assert_eq!(code(|crl| crl.outer_algorithm = ECDSA_SHA256.to_vec()), "x509.malformed");
}

#[test]
fn rejects_an_extension_of_the_list_that_is_there_twice() {
    let number = extension("2.5.29.20", false, &[2, 1, 1]);
    let list = |items: &[&[u8]]| asn1::explicit(0, &asn1::sequence(items.iter().copied()));
    let mut parts = CrlParts::good();
    parts.rest = list(&[&number]);
    Crl::parse(&parts.der()).unwrap();
    assert_eq!(code(|crl| crl.rest = list(&[&number, &number])), "x509.extension.duplicate");
}

#[test]
fn rejects_critical_extensions_of_the_list_and_of_an_entry() {
    let distribution_point = extension("2.5.29.28", true, &[0x30, 0]);
    let list = asn1::sequence([distribution_point]);
    assert_eq!(code(|crl| crl.rest = asn1::explicit(0, &list)), "x509.extension.critical");
    let certificate_issuer = asn1::sequence([extension("2.5.29.29", true, &[0x30, 0])]);
    assert_eq!(
        code(|crl| crl.revoked = asn1::sequence([entry(&[7], &certificate_issuer)])),
        "x509.extension.critical"
    );
    let mut parts = CrlParts::good();
    let reason = asn1::sequence([extension("2.5.29.21", false, &[0x0a, 1, 1])]);
    parts.revoked = asn1::sequence([entry(&[7], &reason)]);
    assert!(Crl::parse(&parts.der()).unwrap().revokes(&[7]));
}

#[test]
fn rejects_malformed_entries() {
    for serial in [&[][..], &[0x80], &[0, 1]] {
        assert_eq!(
            code(|crl| crl.revoked = asn1::sequence([entry(serial, &[])])),
            "x509.malformed"
        );
    }
}

#[test]
fn verifies_under_its_own_root_alone() {
    let crl = Crl::parse(&milan().crl()).unwrap();
    let root = |der: &[u8]| Certificate::parse(der).unwrap();
    crl.verify_signed_by(&root(&milan().root())).unwrap();
    let error = crl.verify_signed_by(&root(&turin().root())).unwrap_err();
    assert_eq!(error.code().id, "x509.issuer");
}

#[test]
fn flipping_any_bit_of_a_list_is_noticed() {
    let guest = milan().with_crl(|crl| crl.revoked.push(vec![7]));
    let root = Certificate::parse(&guest.root()).unwrap();
    let genuine = guest.crl();
    for bit in 0..genuine.len() * 8 {
        let mut changed = genuine.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let accepted = Crl::parse(&changed).is_ok_and(|crl| crl.verify_signed_by(&root).is_ok());
        assert!(!accepted, "bit {} of byte {}", bit % 8, bit / 8);
    }
}
