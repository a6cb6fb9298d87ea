//! A clock that a host has set, and what it can and cannot bring back.

use cloister_attestation::time::UnixTime;

use super::victim::{ISSUED, snp, snp_guest, tdx, tdx_guest};

fn before_issue() -> UnixTime {
    UnixTime::from_secs(ISSUED.as_secs() - 1)
}

/// Endorsements from the future mean that the clock is wrong.
#[test]
fn a_clock_before_the_issue_of_the_endorsements_accepts_nothing() {
    let mut attempt = snp(&snp_guest());
    attempt.now = before_issue();
    attempt.refused("snp.chain.validity");
    let mut attempt = tdx(&tdx_guest());
    attempt.now = before_issue();
    attempt.refused("tdx.root_crl.freshness");
}

/// The next issue is due at a moment: one second later the old one is refused.
#[test]
fn endorsements_that_ran_out_are_refused_at_the_next_second() {
    let ends = |days: u64| ISSUED.as_secs() + days * 24 * 60 * 60;
    let mut attempt = tdx(&tdx_guest());
    attempt.now = UnixTime::from_secs(ends(30));
    attempt.admitted();
    let mut attempt = tdx(&tdx_guest());
    attempt.now = UnixTime::from_secs(ends(30) + 1);
    attempt.refused("tdx.pck_crl.freshness");
    let mut attempt = snp(&snp_guest());
    attempt.now = UnixTime::from_secs(ends(365));
    attempt.admitted();
    let mut attempt = snp(&snp_guest());
    attempt.now = UnixTime::from_secs(ends(365) + 1);
    attempt.refused("snp.crl.fresh");
}
