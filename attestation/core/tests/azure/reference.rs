//! Reference Values: paravisor and named PCRs match whole, or not at all.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Route;
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceValues};
use cloister_attestation::result::Tier;
use cloister_simulator::AzureGuest;

use super::guest::{
    NAMED, admitted, appraised, both, failures, manifest, measured, policy, snp, verified,
};

fn shape(guest: &AzureGuest) -> LaunchShape {
    guest.shape(measured(guest), &NAMED)
}

#[test]
fn the_admitted_guest_behind_the_admitted_paravisor_is_admitted_and_says_its_route() {
    for guest in both() {
        let result = appraised(&guest, &admitted(shape(&guest)), &policy());
        assert_eq!(failures(&result), Vec::<&str>::new());
        assert_eq!(result.tier(), Tier::Warning, "a simulator is never affirming");
        assert!(result.admits());
        assert_eq!(result.route(), Route::AzureVtpm);
        assert_eq!(result.tee(), guest.paravisor().tee());
    }
}

#[test]
fn one_other_named_pcr_is_another_guest() {
    for index in NAMED {
        let reference = admitted(shape(&snp()));
        let mut other = snp();
        other.extend(index, b"something else");
        let result = appraised(&other, &reference, &policy());
        let failures = failures(&result);
        assert!(failures.contains(&"reference.match"), "PCR {index}");
        assert!(!failures.contains(&"azure.paravisor"), "the paravisor is the same");
    }
}

#[test]
fn a_pcr_that_is_not_named_may_be_anything() {
    let reference = admitted(shape(&snp()));
    let mut other = snp();
    other.extend(1, b"another number of processors");
    assert!(appraised(&other, &reference, &policy()).admits());
}

#[test]
fn resettable_pcrs_never_take_part() {
    let reference = admitted(shape(&snp()));
    for index in 16..24 {
        let mut other = snp();
        other.extend(index, b"whatever software likes");
        assert!(appraised(&other, &reference, &policy()).admits(), "PCR {index}");
    }
    let LaunchShape::Azure { pcrs, .. } = LaunchShape::observed(&verified(&snp())) else {
        panic!("not a shape from Azure");
    };
    assert!(pcrs.iter().all(|(pcr, _)| pcr.index() < 16));
    assert_eq!(pcrs.iter().count(), 16);
}

#[test]
fn the_right_guest_behind_another_paravisor_is_refused() {
    for guest in both() {
        let LaunchShape::Azure { pcrs, .. } = shape(&guest) else { panic!() };
        let paravisor = match measured(&guest) {
            LaunchShape::Snp { host_data, .. } => {
                LaunchShape::Snp { measurement: Digest48::sha384(b"another"), host_data }
            }
            LaunchShape::Tdx { mr_config_id, mr_owner, mr_owner_config, rtmr, .. } => {
                let mr_td = Digest48::sha384(b"another");
                LaunchShape::Tdx { mr_td, rtmr, mr_config_id, mr_owner, mr_owner_config }
            }
            other => panic!("{other:?}"),
        };
        let other = LaunchShape::Azure { paravisor: Box::new(paravisor), pcrs };
        let result = appraised(&guest, &admitted(other), &policy());
        assert_eq!(
            failures(&result),
            ["reference.match", "azure.paravisor"],
            "the guest's PCRs do not make up for it"
        );
    }
}

#[test]
fn a_guest_never_matches_the_bare_shape_of_its_paravisor() {
    for guest in both() {
        let result = appraised(&guest, &admitted(measured(&guest)), &policy());
        assert!(failures(&result).contains(&"reference.match"));
    }
}

#[test]
fn pcrs_of_one_image_never_combine_with_pcrs_of_another() {
    let (first, mut second) = (snp(), snp());
    second.extend(4, b"other runtime");
    second.extend(11, b"other agent");
    let both = admitted(shape(&first));
    let mut set: ReferenceSet = both;
    for tuple in [shape(&second)].map(admitted_tuple) {
        set.admit(tuple);
    }
    let mut mixed = snp();
    mixed.extend(11, b"other agent");
    assert!(appraised(&first, &set, &policy()).admits());
    assert!(appraised(&second, &set, &policy()).admits());
    assert!(failures(&appraised(&mixed, &set, &policy())).contains(&"reference.match"));
}

fn admitted_tuple(shape: LaunchShape) -> cloister_attestation::reference::ReferenceTuple {
    cloister_attestation::reference::ReferenceTuple {
        image: "other".to_owned(),
        version: "2.0.0".to_owned(),
        manifest: manifest(),
        shape,
    }
}

#[test]
fn tuples_that_name_different_pcrs_are_all_found() {
    let guest = snp();
    let mut set = admitted(guest.shape(measured(&guest), &[4]));
    let mut other = snp();
    other.extend(4, b"other runtime");
    set.admit(admitted_tuple(other.shape(measured(&other), &[4, 7])));
    assert!(set.find(&LaunchShape::observed(&verified(&guest)), manifest()).is_some());
    assert!(set.find(&LaunchShape::observed(&verified(&other)), manifest()).is_some());
}

#[test]
fn a_pcr_that_was_not_quoted_matches_no_value() {
    let reference = admitted(shape(&snp()));
    let guest = snp().with_attest(|attest| attest.select(&[(7, [0; 32])]));
    // Its values do not hash to what was selected, so it is not even verified.
    assert!(super::guest::outcome(&guest).is_err());
    let quoted = LaunchShape::observed(&verified(&snp()));
    let LaunchShape::Azure { paravisor, pcrs } = quoted else { panic!() };
    let fewer: Vec<_> = pcrs
        .iter()
        .filter(|(pcr, _)| pcr.index() != 12)
        .map(|(pcr, value)| (pcr, *value))
        .collect();
    let fewer = cloister_attestation::tpm::MeasuredPcrs::new(fewer).unwrap();
    let observed = LaunchShape::Azure { paravisor, pcrs: fewer };
    assert!(reference.find(&observed, manifest()).is_none());
}

fn document(pcrs: &str, paravisor: &str) -> String {
    format!(
        r#"{{"image":"translator","version":"1.0.0","manifest":"{}","shapes":[
            {{"tee":"azure","paravisor":{paravisor},"pcrs":{pcrs}}}]}}"#,
        manifest()
    )
}

#[test]
fn documents_round_trip_and_refuse_what_could_match_too_much() {
    let paravisor = format!(
        r#"{{"tee":"snp","measurement":"{}","host_data":"{}"}}"#,
        "17".repeat(48),
        "00".repeat(32)
    );
    let value = "ab".repeat(32);
    let entry = |pcr: u8| format!(r#"{{"pcr":{pcr},"value":"{value}"}}"#);
    let read = |pcrs: &str| ReferenceValues::from_json(document(pcrs, &paravisor).as_bytes());
    let good = read(&format!("[{},{}]", entry(4), entry(15))).unwrap();
    let again = ReferenceValues::from_json(&serde_json::to_vec(&good).unwrap()).unwrap();
    assert_eq!(good, again);
    for pcrs in [
        "[]".to_owned(),
        format!("[{},{}]", entry(4), entry(4)),
        format!("[{},{}]", entry(7), entry(4)),
        format!("[{}]", entry(16)),
        format!("[{}]", entry(23)),
        format!("[{}]", entry(24)),
        format!(r#"[{},{{"pcr":7,"value":"{}"}}]"#, entry(4), "ab".repeat(48)),
        format!(r#"[{{"pcr":7,"value":"{}"}}]"#, "ab".repeat(20)),
    ] {
        assert!(read(&pcrs).is_err(), "{pcrs}");
    }
    let nested = format!(r#"{{"tee":"azure","paravisor":{paravisor},"pcrs":[{}]}}"#, entry(4));
    let nested = document(&format!("[{}]", entry(4)), &nested);
    assert!(ReferenceValues::from_json(nested.as_bytes()).is_err());
}
