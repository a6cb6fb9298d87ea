//! The host's certificate table, end to end.

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::snp::{CertificateTable, Endorsements, SigningKey};

use super::guest::{milan, refused_with, report, verify_with, vlek};

#[test]
fn what_the_host_offers_is_enough_to_verify() {
    for guest in [milan(), vlek()] {
        let with = Endorsements::from_certificate_table(&guest.certificate_table()).unwrap();
        assert!(verify_with(&guest, &with).is_ok());
    }
}

#[test]
fn a_table_that_does_not_read_is_refused_and_not_passed_over() {
    let genuine = milan().certificate_table();
    for len in [1, 23, genuine.len() - 1] {
        let error = Endorsements::from_certificate_table(&genuine[..len]).unwrap_err();
        assert_eq!(error.code().id, "snp.certificate_table", "{len}");
    }
}

#[test]
fn the_report_chooses_between_two_keys_and_not_the_hosts_order() {
    let both = |guest: &cloister_simulator::SnpGuest| {
        let mut table = CertificateTable::parse(&guest.certificate_table()).unwrap();
        table.vcek = Some(milan().vek());
        table.vlek = Some(vlek().vek());
        table.endorsements(&report(guest))
    };
    assert_eq!(report(&milan()).signing_key(), SigningKey::Vcek);
    assert!(verify_with(&milan(), &both(&milan())).is_ok());
    assert!(verify_with(&vlek(), &both(&vlek())).is_ok());
}

#[test]
fn a_key_under_the_wrong_label_is_known_by_what_is_in_it() {
    let mut table = CertificateTable::parse(&milan().certificate_table()).unwrap();
    table.vlek = table.vcek.take();
    let with = table.endorsements(&report(&milan()));
    assert!(verify_with(&milan(), &with).is_ok());
    let mut table = CertificateTable::parse(&vlek().certificate_table()).unwrap();
    table.vcek = table.vlek.take();
    assert_eq!(refused_with(&milan(), &table.endorsements(&report(&milan()))), "snp.signing_key");
}
