//! `hash_type`: how REPORT_DATA binds the runtime data.

use aws_lc_rs::digest::{Algorithm, SHA384, SHA512, digest};
use cloister_attestation::bytes::ReportData;
use cloister_simulator::AzureGuest;

use super::guest::{REPORT_DATA, azure, refused, snp, verified};

/// A paravisor that hashes its runtime data otherwise and says so.
fn hashed_with(hash_type: u32, algorithm: &'static Algorithm) -> AzureGuest {
    let runtime = azure(&verified(&snp())).runtime().as_bytes().to_vec();
    let mut bound = [0; 64];
    let hash = digest(algorithm, &runtime);
    bound[..hash.as_ref().len()].copy_from_slice(hash.as_ref());
    snp()
        .with_hardware_report_data(move |data| *data = ReportData::new(bound))
        .with_hcl_fields(move |hcl| hcl.hash_type = hash_type)
}

#[test]
fn each_known_hash_binds_with_its_own_length() {
    verified(&hashed_with(2, &SHA384));
    verified(&hashed_with(3, &SHA512));
}

#[test]
fn a_hash_under_the_name_of_another_is_refused() {
    assert_eq!(refused(&hashed_with(1, &SHA384)), "azure.runtime_data.digest");
    assert_eq!(refused(&hashed_with(2, &SHA512)), "azure.runtime_data.digest");
    assert_eq!(
        refused(&snp().with_hcl_fields(|hcl| hcl.hash_type = 3)),
        "azure.runtime_data.digest"
    );
}

#[test]
fn unknown_hashes_are_refused() {
    for hash_type in [0, 4, u32::MAX] {
        let guest = snp().with_hcl_fields(move |hcl| hcl.hash_type = hash_type);
        assert_eq!(refused(&guest), "azure.hcl.hash_type", "{hash_type}");
    }
    assert!(snp().evidence(&REPORT_DATA).parts().hcl_report.len() > 1236);
}
