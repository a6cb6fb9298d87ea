//! `clockInfo`: read exactly, demanded of by nobody.

use cloister_attestation::check::State;
use cloister_attestation::tpm::ClockInfo;

use crate::azure::guest::{azure, find, refused, snp, verified};

#[test]
fn every_counter_is_read() {
    let guest = snp().with_attest(|attest| {
        attest.clock = u64::MAX;
        attest.reset_count = 3;
        attest.restart_count = 4;
        attest.safe = 0;
    });
    let verified = verified(&guest);
    let expected = ClockInfo { clock: u64::MAX, reset_count: 3, restart_count: 4, safe: false };
    assert_eq!(azure(&verified).quote().quote().clock_info(), &expected);
    let check = find(verified.checks(), "tpm.quote.clock");
    assert_eq!(check.state, State::NotAsserted);
    assert!(check.observed.contains("not safe), 3 resets, 4 restarts"), "{}", check.observed);
}

#[test]
fn safe_is_yes_or_no() {
    for safe in [0, 1] {
        verified(&snp().with_attest(move |attest| attest.safe = safe));
    }
    for safe in [2, 0xff] {
        assert_eq!(
            refused(&snp().with_attest(move |attest| attest.safe = safe)),
            "tpm.quote.field"
        );
    }
}
