//! What `cloister doctor` says of the platform that this runs on.

use cloister_attestation::check::State;
use cloister_attester::{Options, codes, doctor};

#[test]
fn the_platform_comes_first_and_is_called_a_hint() {
    let findings = doctor::findings(&Options::new(crate::support::forced_snp()));
    assert_eq!(findings[0].code.id, "attester.doctor.platform");
    assert_eq!(findings[0].state, State::NotAsserted, "what a host says is never a pass");
    assert!(findings[0].observed.contains("proves nothing"), "{}", findings[0].observed);
    assert_eq!(findings.last().unwrap().code, &codes::DOCTOR_COLLECT);
}
