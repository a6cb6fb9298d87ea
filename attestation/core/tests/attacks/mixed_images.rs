//! Measurements that are each known, of images that are not.

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::reference::LaunchShape;

use super::victim::{Attempt, digest, registers, snp, snp_guest, tdx, tdx_guest, tuple};

const MATCH: &str = "reference.match";

/// The right firmware with another kernel, command line or runtime: every register counts, the one
/// that the guest extends itself no more than the others.
#[test]
fn the_right_mrtd_with_any_other_register_is_not_admitted() {
    for at in 0..4 {
        let mut other = registers();
        other[at] = digest("attacker's");
        let guest = tdx_guest().with_measurements(digest("firmware"), other);
        tdx(&guest).refused(MATCH);
    }
}

/// A guest can extend RTMR3 to any value that is known: alone it proves nothing.
#[test]
fn the_right_rtmr3_alone_is_not_admitted() {
    let zero = Digest48::new([0; 48]);
    let forged = [zero, zero, zero, registers()[3]];
    tdx(&tdx_guest().with_measurements(digest("attacker's firmware"), forged)).refused(MATCH);
}

#[test]
fn what_the_host_chose_at_launch_is_part_of_the_image() {
    tdx(&tdx_guest().with_td_fields(|td| td.mr_config_id[0] = 1)).refused(MATCH);
    tdx(&tdx_guest().with_td_fields(|td| td.mr_owner[0] = 1)).refused(MATCH);
    tdx(&tdx_guest().with_td_fields(|td| td.mr_owner_config[0] = 1)).refused(MATCH);
    snp(&snp_guest().with_host_data(HostData::new([1; 32]))).refused(MATCH);
}

/// Two images are admitted; the digest of one with the registers of the other is neither.
#[test]
fn parts_of_two_admitted_images_are_not_an_admitted_image() {
    let zero = Digest48::new([0; 48]);
    let shape = |mr_td, rtmr| LaunchShape::Tdx {
        mr_td,
        rtmr,
        mr_config_id: zero,
        mr_owner: zero,
        mr_owner_config: zero,
    };
    let others = ["a", "b", "c", "d"].map(digest);
    let with_second = |mut attempt: Attempt| {
        attempt.admitted.admit(tuple("summariser", shape(digest("other firmware"), others)));
        attempt
    };
    let [mut mixed, mut swapped] = [registers(), registers()];
    mixed[1] = others[1];
    swapped.swap(1, 2);
    for (mr_td, rtmr) in [
        (digest("other firmware"), registers()),
        (digest("firmware"), others),
        (digest("firmware"), mixed),
        (digest("firmware"), swapped),
    ] {
        with_second(tdx(&tdx_guest().with_measurements(mr_td, rtmr))).refused(MATCH);
    }
    with_second(tdx(&tdx_guest().with_measurements(digest("other firmware"), others))).admitted();
}

/// The manifest of an admitted image in another admitted image.
#[test]
fn an_admitted_manifest_in_another_admitted_image_is_not_admitted() {
    let mut attempt = snp(&snp_guest().with_measurement(digest("other image")));
    let shape =
        LaunchShape::Snp { measurement: digest("other image"), host_data: HostData::new([0; 32]) };
    let other = tuple("summariser", shape);
    attempt.admitted.admit(cloister_attestation::reference::ReferenceTuple {
        manifest: digest("its own manifest"),
        ..other
    });
    attempt.refused(MATCH);
}
