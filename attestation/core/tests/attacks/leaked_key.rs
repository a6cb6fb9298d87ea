//! Keys taken out of a genuine machine sign anything, and every signature is good. Only a list of
//! known machines stops that, and without one the result says that nobody vouches for the machine.

use cloister_attestation::bytes::{ChipId, Ppid};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::result::AttestationResult;

use super::victim::{Attempt, snp, snp_guest, tdx, tdx_guest};
use crate::snp::guest::vlek;

/// Another machine whose key the attacker has.
fn stolen_chip() -> ChipId {
    ChipId::new([0xee; 64])
}

fn with(mut attempt: Attempt, change: impl FnOnce(&mut Policy)) -> Attempt {
    change(&mut attempt.policy);
    attempt
}

fn known_chips(list: Vec<ChipId>) -> impl FnOnce(&mut Policy) {
    |policy| policy.snp.as_mut().unwrap().signer.chips = Expect::OneOf(list)
}

fn own_chip() -> ChipId {
    let report = snp_guest().report(&cloister_attestation::bytes::ReportData::new([0; 64]));
    *cloister_attestation::snp::Report::parse(&report).unwrap().chip_id()
}

fn says_unknown(result: &AttestationResult, id: &str) -> bool {
    result.not_asserted().any(|check| check == id)
}

#[test]
fn forged_evidence_of_a_chip_that_is_not_known_is_refused() {
    let forged = || snp(&snp_guest().with_chip_id(stolen_chip()));
    with(forged(), known_chips(vec![own_chip()])).refused("snp.chip_id.allowed");
    with(snp(&snp_guest()), known_chips(vec![own_chip()])).admitted();
    with(snp(&snp_guest()), known_chips(Vec::new())).refused("snp.chip_id.allowed");
}

#[test]
fn without_a_list_of_machines_the_result_says_that_nobody_vouches_for_the_chip() {
    let result = snp(&snp_guest().with_chip_id(stolen_chip())).admitted();
    assert!(says_unknown(&result, "snp.chip_id.allowed"));
    assert!(says_unknown(&result, OWNER));
    let known = with(snp(&snp_guest()), known_chips(vec![own_chip()])).admitted();
    assert!(!says_unknown(&known, OWNER));
}

/// Whose hardware it is.
const OWNER: &str = "appraise.hardware_owner";

#[test]
fn a_providers_key_never_passes_for_a_known_machine() {
    let provider = || snp(&vlek().with_measurement(super::victim::digest("image")));
    with(provider(), known_chips(vec![own_chip(), ChipId::new([0; 64])]))
        .refused("snp.chip_id.allowed");
    let result = provider().admitted();
    assert!(says_unknown(&result, "snp.chip_id.allowed") && says_unknown(&result, OWNER));
}

#[test]
fn forged_evidence_of_a_platform_that_is_not_known_is_refused() {
    let known = |ppid: Ppid| {
        move |policy: &mut Policy| policy.tdx.as_mut().unwrap().ppid = Expect::Exactly(ppid)
    };
    let own = Ppid::new(tdx_guest().pck_fields().ppid);
    let forged = || tdx(&tdx_guest().with_pck_fields(|pck| pck.ppid = [0xee; 16]));
    with(forged(), known(own)).refused("tdx.policy.ppid");
    assert!(!says_unknown(&with(tdx(&tdx_guest()), known(own)).admitted(), OWNER));
    let result = forged().admitted();
    assert!(says_unknown(&result, "tdx.policy.ppid") && says_unknown(&result, OWNER));
}
