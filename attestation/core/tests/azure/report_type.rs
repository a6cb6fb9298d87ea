//! `report_type`: which hardware's report is inside. It is never read as the other.

use cloister_attestation::azure::Parts;
use cloister_attestation::evidence::Tee;

use super::guest::{REPORT_DATA, both, judge, refused, snp, tdx, verified};

#[test]
fn each_kind_under_its_own_type_verifies() {
    for guest in both() {
        assert_eq!(verified(&guest).tee(), guest.paravisor().tee());
    }
}

#[test]
fn a_report_of_one_kind_under_the_type_of_the_other_is_refused() {
    let snp_as_tdx = snp().with_hcl_fields(|hcl| hcl.report_type = 4);
    assert_eq!(refused(&snp_as_tdx), "azure.hcl.report_type");
    let tdx_as_snp = tdx().with_hcl_fields(|hcl| hcl.report_type = 2);
    assert_eq!(refused(&tdx_as_snp), "azure.hcl.report_type");
}

#[test]
fn unknown_types_are_refused() {
    for report_type in [0, 1, 3, 5, u32::MAX] {
        let guest = snp().with_hcl_fields(move |hcl| hcl.report_type = report_type);
        assert_eq!(refused(&guest), "azure.hcl.report_type", "{report_type}");
    }
}

#[test]
fn evidence_that_came_as_another_tee_is_refused() {
    for (guest, claimed) in [(snp(), Tee::Tdx), (tdx(), Tee::Snp)] {
        let evidence = guest.evidence(&REPORT_DATA);
        let parts = Parts { tee: claimed, ..evidence.parts() };
        assert_eq!(judge(&guest, &parts).err(), Some("azure.hcl.report_type"));
    }
}

#[test]
fn endorsements_of_the_other_tee_are_refused() {
    let (snp, tdx) = (snp(), tdx());
    assert_eq!(
        judge(&tdx, &snp.evidence(&REPORT_DATA).parts()).err(),
        Some("verify.endorsements.other_tee")
    );
    assert_eq!(
        judge(&snp, &tdx.evidence(&REPORT_DATA).parts()).err(),
        Some("verify.endorsements.other_tee")
    );
}
