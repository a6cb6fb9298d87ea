//! `REPORT_ID_MA` at 160h.

use cloister_attestation::bytes::ReportId;
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;

use super::guest::{
    assert_every_bit_is_signed, demand, milan, refused, step, strict_failures, verify,
};

/// `POLICY.MIGRATE_MA`.
const MIGRATE_MA: u64 = 1 << 18;

#[test]
fn reads_the_field_where_it_lies() {
    let guest = milan().with_fields(|report| {
        report.policy |= MIGRATE_MA;
        report.report_id_ma = [7; 32];
    });
    assert_eq!(verify(&guest).unwrap().report().report_id_ma(), &ReportId::new([7; 32]));
}

#[test]
fn the_policy_expects_one_value_or_one_of_some() {
    let guest = milan().with_fields(|report| {
        report.policy |= MIGRATE_MA;
        report.report_id_ma = [7; 32];
    });
    let mut off_by_one = [7; 32];
    off_by_one[32 - 1] = 8;
    let outcome = |expect| demand(&guest, "snp.report_id_ma", |p| p.launch.report_id_ma = expect);
    assert_eq!(outcome(Expect::Exactly(ReportId::new([7; 32]))), State::Pass);
    assert_eq!(outcome(Expect::Exactly(ReportId::new(off_by_one))), State::Fail);
    assert_eq!(
        outcome(Expect::OneOf(vec![ReportId::new(off_by_one), ReportId::new([7; 32])])),
        State::Pass
    );
    assert_eq!(outcome(Expect::OneOf(vec![])), State::Fail);
    assert_eq!(outcome(Expect::Any), State::NotAsserted);
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x160..0x180);
}

#[test]
fn strict_refuses_a_migration_agent() {
    let guest = milan().with_fields(|report| {
        report.policy |= MIGRATE_MA;
        report.report_id_ma[31] = 0xfe;
    });
    assert_eq!(strict_failures(&guest), ["snp.policy.migrate_ma", "snp.report_id_ma"]);
    assert_eq!(strict_failures(&milan()), [""; 0]);
}

#[test]
fn rejects_an_agent_that_the_guest_policy_does_not_permit() {
    for (at, value) in [(0, 0xfe), (31, 0x7f), (16, 0)] {
        let guest = milan().with_fields(move |report| report.report_id_ma[at] = value);
        assert_eq!(refused(&guest), "snp.policy.migration_agent", "byte {at}");
    }
    let zero = milan().with_fields(|report| report.report_id_ma = [0; 32]);
    assert_eq!(refused(&zero), "snp.policy.migration_agent");
    let permitted = milan().with_fields(|report| report.policy |= MIGRATE_MA);
    assert_eq!(step(&permitted, "snp.policy.migration_agent"), State::Pass);
}
