//! `REPORT_ID` at 140h.

use cloister_attestation::bytes::ReportId;
use cloister_attestation::check::State;
use cloister_attestation::snp::SnpPolicy;

use super::guest::{NOW, assert_every_bit_is_signed, find, milan, verify};

#[test]
fn is_recorded_and_demanded_by_nobody() {
    let guest = milan().with_fields(|report| report.report_id = [9; 32]);
    let verified = verify(&guest).unwrap();
    assert_eq!(verified.report().report_id(), &ReportId::new([9; 32]));
    let checks = SnpPolicy::strict().appraise(&verified, NOW);
    let recorded = find(&checks, "snp.report_id");
    assert_eq!(recorded.state, State::NotAsserted);
    assert_eq!(recorded.observed, "09".repeat(32));
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x140..0x160);
}
