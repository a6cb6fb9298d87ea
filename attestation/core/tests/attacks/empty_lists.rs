//! What a policy or a set of Reference Values does not name is refused.

use cloister_attestation::policy::Expect;
use cloister_attestation::reference::ReferenceSet;

use super::victim::{snp, snp_guest, tdx, tdx_guest};

#[test]
fn no_admitted_image_admits_nothing() {
    for mut attempt in [snp(&snp_guest()), tdx(&tdx_guest())] {
        attempt.admitted = ReferenceSet::default();
        attempt.refused("reference.match");
    }
}

#[test]
fn a_policy_without_a_section_for_the_tee_refuses_it() {
    let mut attempt = snp(&snp_guest());
    attempt.policy.snp = None;
    attempt.refused("appraise.tee");
    let mut attempt = tdx(&tdx_guest());
    attempt.policy.tdx = None;
    attempt.refused("appraise.tee");
}

#[test]
fn an_empty_list_of_products_refuses_every_product() {
    let mut attempt = snp(&snp_guest());
    attempt.policy.snp.as_mut().unwrap().products = Expect::OneOf(Vec::new());
    attempt.refused("snp.demand.product");
}

#[test]
fn an_empty_list_of_tcb_statuses_refuses_every_status() {
    let mut attempt = tdx(&tdx_guest());
    attempt.policy.tdx.as_mut().unwrap().tcb_statuses = Vec::new();
    attempt.refused("tdx.policy.tcb_status");
}
