//! `eat_profile`: what the claims mean.

use cloister_attestation::ear::PROFILE;
use serde_json::json;

use super::world::{Forger, assert_malformed, claims, with};

#[test]
fn accepts_one_profile_and_no_other() {
    let forger = Forger::new();
    assert_eq!(claims()["eat_profile"], PROFILE);
    assert!(forger.claims(&claims()).is_ok());
    for other in ["tag:cloister.invalid,2026:lease/1", "tag:ietf.org,2026:rats/ear#02", "x"] {
        assert_malformed(
            forger.claims(&with("", "eat_profile", Some(json!(other)))),
            "eat_profile",
        );
    }
    assert_malformed(forger.claims(&with("", "eat_profile", None)), "eat_profile");
    assert_malformed(forger.claims(&with("", "eat_profile", Some(json!(7)))), "eat_profile");
}
