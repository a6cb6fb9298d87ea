//! The header of an HCL report: every field is fixed, computed, or of a known version.

use cloister_simulator::azure::HclFields;

use super::guest::{both, refused, snp, verified};

fn with(change: impl Fn(&mut HclFields) + Send + Sync + 'static) -> &'static str {
    refused(&snp().with_hcl_fields(change))
}

#[test]
fn the_known_versions_are_read_and_their_neighbours_are_not() {
    for version in [1, 2] {
        verified(&snp().with_hcl_fields(move |hcl| hcl.version = version));
    }
    for version in [0, 3, u32::MAX] {
        assert_eq!(with(move |hcl| hcl.version = version), "azure.hcl.header", "{version}");
    }
}

#[test]
fn another_signature_request_type_status_or_reserved_byte_is_refused() {
    assert_eq!(with(|hcl| hcl.signature = *b"HCLB"), "azure.hcl.header");
    assert_eq!(with(|hcl| hcl.request_type = 1), "azure.hcl.header");
    assert_eq!(with(|hcl| hcl.status = 1), "azure.hcl.header");
    assert_eq!(with(|hcl| hcl.data_version = 2), "azure.hcl.header");
    assert_eq!(with(|hcl| hcl.reserved[11] = 1), "azure.hcl.length");
}

#[test]
fn declared_sizes_have_to_be_the_real_ones() {
    let size = u32::try_from(snp().evidence(&super::guest::REPORT_DATA).vtpm.hcl_report.len());
    assert_eq!(size, Ok(2600), "the simulated report is as long as the NV index");
    for off in [u32::MAX, 1] {
        let shifted = move |field: u32| Some(field.wrapping_add(off));
        let variable = runtime_bytes();
        assert_eq!(
            with(move |hcl| hcl.report_size = shifted(32 + 1184 + 20 + variable)),
            "azure.hcl.length"
        );
        assert_eq!(with(move |hcl| hcl.data_size = shifted(20 + variable)), "azure.hcl.length");
        // One byte fewer or more of the runtime data is also another report size.
        assert_eq!(with(move |hcl| hcl.variable_data_size = shifted(variable)), "azure.hcl.length");
    }
    assert_eq!(with(|hcl| hcl.variable_data_size = Some(u32::MAX)), "azure.hcl.length");
}

fn runtime_bytes() -> u32 {
    let verified = verified(&snp());
    let bytes = super::guest::azure(&verified).runtime().as_bytes().len();
    u32::try_from(bytes).unwrap()
}

#[test]
fn zero_padding_of_any_length_is_read_and_anything_else_is_refused() {
    for guest in both() {
        verified(&guest.clone().with_hcl_bytes(|hcl| hcl.truncate(2599)));
        verified(&guest.clone().with_hcl_bytes(|hcl| hcl.push(0)));
        let padded = guest.with_hcl_bytes(|hcl| *hcl.last_mut().unwrap() = 1);
        assert_eq!(refused(&padded), "azure.hcl.length");
    }
}

#[test]
fn a_report_that_is_cut_or_longer_than_any_is_refused() {
    for length in [0, 3, 4, 31, 32, 1215, 1216, 1235, 1236, 1300] {
        let cut = snp().with_hcl_bytes(move |hcl| hcl.truncate(length));
        assert!(
            ["azure.hcl.length", "azure.hcl.header"].contains(&refused(&cut)),
            "{length}: {}",
            refused(&cut)
        );
    }
    verified(&snp().with_hcl_bytes(|hcl| hcl.resize(4096, 0)));
    assert_eq!(refused(&snp().with_hcl_bytes(|hcl| hcl.resize(4097, 0))), "azure.hcl.length");
}
