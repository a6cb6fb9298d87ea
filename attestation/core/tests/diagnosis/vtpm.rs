//! PCRs, explained by recorded logs.

use cloister_attestation::diagnosis::{Difference, Explanation, Measured, compare};
use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind};

use crate::vectors;

fn log(name: &str) -> Option<EventLog> {
    let case = vectors::named("eventlog", name)?;
    Some(EventLog::parse(LogKind::Tpm, &case.file("eventlog.bin").unwrap()).unwrap())
}

fn labels<'a>(found: &'a [Difference], component: &str) -> Vec<&'a str> {
    let difference = found.iter().find(|d| d.component == component).unwrap();
    let Explanation::Events(events) = &difference.explanation else { panic!("{difference:?}") };
    assert!(!events.is_empty());
    events.iter().map(|event| event.label.as_str()).collect()
}

#[test]
fn two_recorded_boots_differ_in_components_that_people_know() {
    let (Some(old), Some(new)) = (log("tpm-cos-93-amd-sev"), log("tpm-cos-101-amd-sev")) else {
        return;
    };
    for bank in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha1] {
        let of = |log| Measured::of_log(log, bank).unwrap();
        let found = compare(&of(&old), &of(&new));
        let names: Vec<&str> = found.iter().map(|d| d.component.as_str()).collect();
        assert_eq!(names, ["PCR4", "PCR5", "PCR7", "PCR8", "PCR9"], "{bank}");
        assert_eq!(labels(&found, "PCR5"), ["GPT"]);
        assert!(labels(&found, "PCR8").contains(&"kernel command line"));
        assert!(labels(&found, "PCR9").contains(&"kernel image /syslinux/vmlinuz.A"));
        assert!(labels(&found, "PCR7").contains(&"secure boot authority SbatLevel"));
        assert_eq!(compare(&of(&old), &of(&old)), []);
    }
}
