//! SEV-SNP reports, field by field.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::diagnosis::{Explanation, Measured, compare};
use cloister_attestation::evidence::Evidence;
use cloister_simulator::SnpGuest;

use crate::snp::guest::{milan, report};

fn differing(one: &SnpGuest, two: &SnpGuest) -> Vec<String> {
    let (one, two) = (Evidence::Snp(report(one)), Evidence::Snp(report(two)));
    let found = compare(&Measured::of(&one), &Measured::of(&two));
    assert!(found.iter().all(|d| d.explanation == Explanation::Value && d.first != d.second));
    found.into_iter().map(|difference| difference.component).collect()
}

#[test]
fn the_same_guest_does_not_differ() {
    assert_eq!(differing(&milan(), &milan()), Vec::<String>::new());
}

#[test]
fn each_field_differs_under_its_own_name() {
    let other = Digest48::sha384(b"other");
    assert_eq!(differing(&milan(), &milan().with_measurement(other)), ["MEASUREMENT"]);
    let changed = |change: fn(&mut cloister_simulator::snp::ReportFields)| {
        differing(&milan(), &milan().with_fields(change))
    };
    assert_eq!(changed(|report| report.host_data[0] ^= 1), ["HOST_DATA"]);
    assert_eq!(changed(|report| report.family_id[0] ^= 1), ["FAMILY_ID"]);
    assert_eq!(changed(|report| report.image_id[0] ^= 1), ["IMAGE_ID"]);
    assert_eq!(changed(|report| report.id_key_digest[0] ^= 1), ["ID_KEY_DIGEST"]);
    assert_eq!(changed(|report| report.author_key_digest[0] ^= 1), ["AUTHOR_KEY_DIGEST"]);
    assert_eq!(changed(|report| report.guest_svn += 1), ["GUEST_SVN"]);
}

#[test]
fn what_differs_between_any_two_reports_is_no_difference() {
    let other = milan().with_fields(|report| {
        report.report_id[0] ^= 1;
        report.report_data[0] ^= 1;
    });
    assert_eq!(differing(&milan(), &other), Vec::<String>::new());
}

#[test]
fn a_report_and_a_quote_differ_in_kind() {
    let quote = crate::tdx::guest::outcome(&crate::tdx::guest::guest()).unwrap().quote().clone();
    let (snp, tdx) = (Evidence::Snp(report(&milan())), Evidence::Tdx(quote));
    let found = compare(&Measured::of(&snp), &Measured::of(&tdx));
    let names: Vec<_> = found.iter().map(|difference| difference.component.as_str()).collect();
    assert_eq!(names, ["TEE"]);
}
