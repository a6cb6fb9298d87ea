//! Parsers never panic, and a policy reads back as it was written.

use cloister_attestation::snp::{CertificateTable, Endorsements, Report, SnpPolicy};
use proptest::prelude::*;

use super::guest::{REPORT_DATA, milan, turin};

proptest! {
    #[test]
    fn parsing_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1300)) {
        let _ = Report::parse(&bytes);
        let _ = CertificateTable::parse(&bytes);
        let _ = Endorsements::from_certificate_table(&bytes);
    }

    #[test]
    fn a_parsed_report_is_the_bytes_that_were_given(
        changes in proptest::collection::vec((0usize..1184, any::<u8>()), 0..8),
        newer in any::<bool>(),
    ) {
        let mut bytes = if newer { turin() } else { milan() }.report(&REPORT_DATA);
        for (at, value) in changes {
            bytes[at] = value;
        }
        if let Ok(report) = Report::parse(&bytes) {
            prop_assert_eq!(report.as_bytes(), bytes.as_slice());
        }
    }
}

#[test]
fn the_strict_policy_round_trips_and_refuses_unknown_and_missing_fields() {
    let strict = SnpPolicy::strict();
    let json = serde_json::to_value(&strict).unwrap();
    assert_eq!(serde_json::from_value::<SnpPolicy>(json.clone()).unwrap(), strict);
    let mut unknown = json.clone();
    unknown["guest"]["debugg"] = "any".into();
    assert!(serde_json::from_value::<SnpPolicy>(unknown).is_err());
    for section in ["guest", "platform", "tcb", "launch", "signer"] {
        let fields: Vec<String> = json[section].as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let mut missing = json.clone();
            missing[section].as_object_mut().unwrap().remove(&field);
            assert!(serde_json::from_value::<SnpPolicy>(missing).is_err(), "{section}.{field}");
        }
    }
}
