//! A hash that the guest supplies proves nothing by being echoed.

use cloister_attestation::binding::Binding;
use cloister_attestation::manifest::{Manifest, WorkloadDigest};

use super::victim::{binding, digest, manifest, snp, snp_guest};

/// The hardware signs whatever the guest asks for: a manifest of its own, correctly bound.
#[test]
fn a_guest_that_binds_a_manifest_of_its_own_choice_is_not_admitted() {
    let mut attempt = snp(&snp_guest());
    let chosen = Manifest { scope: vec!["everything".into()], ..manifest() }.encode().unwrap();
    let bound = Binding { manifest: Manifest::digest(&chosen), ..binding() };
    attempt.binding = bound.encode();
    attempt.evidence = snp_guest().report(&Binding::report_data(&attempt.binding));
    attempt.manifest = chosen;
    attempt.refused("reference.match");
}

/// The manifest's own word for the workload is compared with nothing: the measurement is.
#[test]
fn a_manifest_that_names_the_right_workload_does_not_make_the_image_right() {
    let attempt = snp(&snp_guest().with_measurement(digest("attacker's image")));
    assert_eq!(manifest().workload, WorkloadDigest(digest("workload")));
    attempt.refused("reference.match");
}

#[test]
fn a_manifest_beside_the_one_that_was_bound_is_refused() {
    let mut attempt = snp(&snp_guest());
    let agent = "another".to_owned();
    attempt.manifest = Manifest { agent, ..manifest() }.encode().unwrap();
    attempt.refused("binding.manifest");
}
