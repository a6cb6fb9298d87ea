//! Small input that claims to be large, and large input that is not read.

use cloister_attestation::binding::Binding;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::limits;
use cloister_attestation::manifest::Manifest;
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::snp::CertificateTable;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::x509::pem;

/// Heads of CBOR strings and arrays of 2^64 - 1, 2^32 - 1 and 2^16 - 1 elements, at every depth.
#[test]
fn cbor_that_claims_more_than_it_has_is_refused() {
    for major in [0x40, 0x60, 0x80, 0xa0] {
        for (argument, bytes) in [(27, 8), (26, 4), (25, 2)] {
            let head = [vec![major | argument], vec![0xff; bytes]].concat();
            for prefix in [&[][..], &[0xa6, 1], &[0xa6, 1, 0x82], &[0xa6, 1, 0x82, 0x60]] {
                let claimed = [prefix, &head].concat();
                assert!(Envelope::decode(&claimed).is_err());
                assert!(Binding::decode(&claimed).is_err());
                assert!(Manifest::decode(&claimed).is_err());
            }
        }
    }
}

#[test]
fn cbor_and_json_nested_without_end_are_refused() {
    let cbor = |bytes: usize| vec![0x81; bytes];
    assert!(Envelope::decode(&cbor(limits::ENVELOPE_BYTES_MAX)).is_err());
    assert!(Manifest::decode(&cbor(limits::MANIFEST_BYTES_MAX)).is_err());
    // An unknown key in front, so that the value has to be skipped.
    assert!(Manifest::decode(&[&[0xa1, 9][..], &cbor(10_000)].concat()).is_err());
    let json = format!("{{\"tcb_info\":{}", "[".repeat(100_000));
    assert!(Collateral::from_json(json.as_bytes()).is_err());
}

/// One byte above the limit is refused whatever it holds.
#[test]
fn input_above_its_limit_is_refused_unread() {
    let above = |max: usize| vec![0; max + 1];
    assert!(Envelope::decode(&above(limits::ENVELOPE_BYTES_MAX)).is_err());
    assert!(Binding::decode(&above(limits::BINDING_BYTES_MAX)).is_err());
    assert!(Manifest::decode(&above(limits::MANIFEST_BYTES_MAX)).is_err());
    assert!(CertificateTable::parse(&above(limits::ENDORSEMENT_BYTES_MAX)).is_err());
    assert!(Evidence::parse(Tee::Tdx, &above(limits::HARDWARE_EVIDENCE_BYTES_MAX)).is_err());
    assert!(ReferenceValues::from_json(&vec![b' '; limits::REFERENCE_BYTES_MAX + 1]).is_err());
    let spaces = " ".repeat(limits::ENDORSEMENT_BYTES_MAX + 1);
    assert!(pem::blocks(&spaces).is_err());
    assert!(pem::blocks(&spaces[1..]).unwrap().is_empty());
}

#[test]
fn a_flood_of_pem_blocks_is_bounded_by_the_text_and_yields_no_certificate() {
    let block = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
    let flood = block.repeat(limits::ENDORSEMENT_BYTES_MAX / block.len());
    assert!(pem::blocks(&flood).unwrap().len() <= limits::ENDORSEMENT_BYTES_MAX / block.len());
    assert!(pem::certificates(&flood).is_err());
}

fn entry(guid: u128, offset: u32, length: u32) -> Vec<u8> {
    [guid.to_be_bytes().as_slice(), &offset.to_le_bytes(), &length.to_le_bytes()].concat()
}

const VCEK: u128 = 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd;
const ASK: u128 = 0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782;

fn table(entries: &[Vec<u8>], data: usize) -> Vec<u8> {
    [entries.concat(), entry(0, 0, 0), vec![7; data]].concat()
}

#[test]
fn certificate_table_entries_outside_the_table_are_refused() {
    for (offset, length) in
        [(48, 9), (56, 1), (u32::MAX, 1), (48, u32::MAX), (u32::MAX, u32::MAX), (47, 8), (0, 8)]
    {
        let bytes = table(&[entry(VCEK, offset, length)], 8);
        assert!(CertificateTable::parse(&bytes).is_err(), "{offset} {length}");
    }
    CertificateTable::parse(&table(&[entry(VCEK, 48, 8)], 8)).unwrap();
}

/// Entries that share bytes give each its own copy, of which there are at most as many as kinds.
#[test]
fn certificate_table_entries_that_overlap_multiply_nothing() {
    let overlapping = [entry(VCEK, 72, 64), entry(ASK, 73, 63)];
    let table = CertificateTable::parse(&table(&overlapping, 64)).unwrap();
    assert_eq!((table.vcek, table.ask), (Some(vec![7; 64]), Some(vec![7; 63])));
}

#[test]
fn a_certificate_table_without_end_or_with_too_many_entries_is_refused() {
    assert!(CertificateTable::parse(&[1; 24 * 4]).is_err());
    let unknown = vec![entry(1, 24 * 34, 0); 33];
    assert!(CertificateTable::parse(&table(&unknown, 0)).is_err());
    CertificateTable::parse(&table(&unknown[..32], 24)).unwrap();
}
