//! Evidence of a software TEE where hardware is demanded, and of another one than is named.

use cloister_attestation::anchor::{AnchorKind, Anchors};
use cloister_attestation::policy::Policy;
use cloister_attestation::result::Tier;

use super::victim::{digest, other_pki, snp, snp_guest, tdx, tdx_guest};

#[test]
fn a_policy_for_hardware_refuses_what_verified_under_a_simulators_root() {
    for mut attempt in [snp(&snp_guest()), tdx(&tdx_guest())] {
        attempt.policy = Policy::strict();
        attempt.refused("appraise.anchor");
    }
}

#[test]
fn a_policy_that_names_one_simulator_refuses_every_other() {
    for mut attempt in [snp(&snp_guest()), tdx(&tdx_guest())] {
        attempt.policy = Policy::strict_for_simulator(digest("another simulator"));
        attempt.refused("appraise.anchor");
    }
}

#[test]
fn the_vendors_roots_refuse_a_simulators_chain() {
    let mut attempt = snp(&snp_guest());
    attempt.anchors = Anchors::vendor();
    attempt.refused("snp.chain.root");
    let mut attempt = tdx(&tdx_guest());
    attempt.anchors = Anchors::vendor();
    attempt.refused("tdx.root_crl.signature");
}

/// A hierarchy with the same names and other keys: what a host can make for itself.
#[test]
fn a_hierarchy_of_the_attackers_own_is_refused() {
    let own = cloister_simulator::TdxGuest::new(&other_pki());
    tdx(&own).refused("tdx.root.key");
}

#[test]
fn simulated_evidence_never_becomes_affirming() {
    for attempt in [snp(&snp_guest()), tdx(&tdx_guest())] {
        let result = attempt.admitted();
        assert_eq!((result.tier(), result.anchor()), (Tier::Warning, AnchorKind::Simulator));
        assert!(result.simulated());
    }
}
