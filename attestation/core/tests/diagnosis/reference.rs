//! Evidence against Reference Values: the nearest tuple, and what keeps it from matching.

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::diagnosis::{Measured, compare_with_nearest};
use cloister_attestation::evidence::Evidence;
use cloister_attestation::reference::{LaunchShape, ReferenceTuple};
use cloister_simulator::Ccel;

use crate::tdx::guest::{guest, outcome};

fn tuple(version: &str, shape: LaunchShape) -> ReferenceTuple {
    ReferenceTuple {
        image: "agent".to_owned(),
        version: version.to_owned(),
        manifest: Digest48::new([1; 48]),
        shape,
    }
}

fn tdx(version: &str, mr_td: u8, rtmr: [Digest48; 4]) -> ReferenceTuple {
    let zero = Digest48::new([0; 48]);
    tuple(
        version,
        LaunchShape::Tdx {
            mr_td: Digest48::new([mr_td; 48]),
            rtmr,
            mr_config_id: zero,
            mr_owner: zero,
            mr_owner_config: zero,
        },
    )
}

fn snp() -> ReferenceTuple {
    let host_data = HostData::new([0; 32]);
    tuple("snp", LaunchShape::Snp { measurement: Digest48::new([2; 48]), host_data })
}

fn kernel(release: &str) -> Ccel {
    Ccel::default().naming(1, "kernel image", Digest48::sha384(release.as_bytes()))
}

fn running(log: &Ccel) -> Evidence {
    let guest = guest().with_event_log(log.clone());
    Evidence::Tdx(outcome(&guest).unwrap().quote().clone())
}

#[test]
fn the_tuple_with_the_fewest_differences_is_the_nearest() {
    let evidence = running(&kernel("6.8"));
    let tuples =
        [snp(), tdx("both", 9, kernel("5.15").rtmr()), tdx("old kernel", 0, kernel("5.15").rtmr())];
    let (nearest, found) = compare_with_nearest(&Measured::of(&evidence), &tuples).unwrap();
    assert_eq!(nearest.version, "old kernel");
    let names: Vec<&str> = found.iter().map(|difference| difference.component.as_str()).collect();
    assert_eq!(names, ["RTMR1"]);
    assert_eq!(found[0].second, kernel("5.15").rtmr()[1].to_string());
}

#[test]
fn a_match_has_no_differences_and_no_tuples_have_no_answer() {
    let evidence = running(&kernel("6.8"));
    let tuples = [tdx("right", 0, kernel("6.8").rtmr())];
    let (_, found) = compare_with_nearest(&Measured::of(&evidence), &tuples).unwrap();
    assert_eq!(found, []);
    assert!(compare_with_nearest(&Measured::of(&evidence), &[]).is_none());
}

#[test]
fn a_tuple_of_other_hardware_differs_in_kind() {
    let evidence = running(&kernel("6.8"));
    let tuples = [snp()];
    let (_, found) = compare_with_nearest(&Measured::of(&evidence), &tuples).unwrap();
    assert_eq!(found[0].component, "TEE");
}

#[test]
fn another_manifest_is_a_difference() {
    let evidence = running(&kernel("6.8"));
    let tuples = [tdx("right", 0, kernel("6.8").rtmr())];
    for (manifest, differing) in [(1, 0), (2, 1)] {
        let measured = Measured::of(&evidence).with_manifest(&Digest48::new([manifest; 48]));
        let (_, found) = compare_with_nearest(&measured, &tuples).unwrap();
        assert_eq!(found.len(), differing, "{found:?}");
    }
}
