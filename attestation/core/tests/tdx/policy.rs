//! The policy: what each demand refuses, and that none is met by silence.

use cloister_attestation::bytes::{PlatformInstanceId, Ppid};
use cloister_attestation::check::State;
use cloister_attestation::policy::Expect;
use cloister_attestation::tdx::{AdvisoryDemand, TcbStatus, TdxPolicy};
use cloister_attestation::time::UnixTime;
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::PckAuthority;

use super::guest::{NOW, failures, guest, outcome, strict_failures};

fn with_status(status: TcbStatus) -> TdxGuest {
    guest().with_tcb_info(move |info| info.tcb_levels[0].tcb_status = status.to_string())
}

fn with_advisory() -> TdxGuest {
    guest().with_tcb_info(|info| info.tcb_levels[0].advisory_ids = vec!["INTEL-SA-00042".into()])
}

#[test]
fn strict_accepts_up_to_date_and_nothing_else() {
    assert_eq!(strict_failures(&guest()), Vec::<&str>::new());
    for status in [
        TcbStatus::SWHardeningNeeded,
        TcbStatus::ConfigurationNeeded,
        TcbStatus::ConfigurationAndSWHardeningNeeded,
        TcbStatus::OutOfDate,
        TcbStatus::OutOfDateConfigurationNeeded,
        TcbStatus::Revoked,
    ] {
        assert_eq!(strict_failures(&with_status(status)), ["tdx.policy.tcb_status"], "{status}");
    }
}

#[test]
fn a_listed_status_is_accepted_except_revoked() {
    let listed = vec![TcbStatus::OutOfDate, TcbStatus::Revoked];
    let policy = TdxPolicy { tcb_statuses: listed, ..TdxPolicy::strict() };
    assert_eq!(failures(&with_status(TcbStatus::OutOfDate), &policy), Vec::<&str>::new());
    assert_eq!(failures(&with_status(TcbStatus::Revoked), &policy), ["tdx.policy.tcb_status"]);
    assert_eq!(failures(&guest(), &policy), ["tdx.policy.tcb_status"]);
}

#[test]
fn an_empty_list_of_statuses_refuses_all() {
    let policy = TdxPolicy { tcb_statuses: vec![], ..TdxPolicy::strict() };
    assert_eq!(failures(&guest(), &policy), ["tdx.policy.tcb_status"]);
}

/// The simulated levels date from a day before the time of verification.
#[test]
fn the_grace_period_excuses_out_of_date_to_the_second_and_nothing_else() {
    let day = 86_400;
    for (grace, ok) in [(0, false), (day - 1, false), (day, true), (u32::MAX, true)] {
        let policy = TdxPolicy { out_of_date_grace_secs: grace, ..TdxPolicy::strict() };
        assert_eq!(failures(&with_status(TcbStatus::OutOfDate), &policy).is_empty(), ok, "{grace}");
        for status in [TcbStatus::ConfigurationNeeded, TcbStatus::Revoked] {
            assert_eq!(
                failures(&with_status(status), &policy),
                ["tdx.policy.tcb_status"],
                "{status}"
            );
        }
    }
}

/// The oldest date of the parts counts, so all of them are in the future.
#[test]
fn a_tcb_date_in_the_future_excuses_nothing() {
    let dated = |offset: i64| {
        let at = NOW.as_secs().checked_add_signed(offset).unwrap();
        let date = UnixTime::from_secs(at).to_string();
        let (platform, enclave) = (date.clone(), date);
        with_status(TcbStatus::OutOfDate)
            .with_tcb_info(move |info| {
                info.tcb_levels[0].tcb_date = platform.clone();
                info.tdx_module_identities[1].tcb_levels[0].tcb_date = platform.clone();
            })
            .with_qe_identity(move |identity| identity.tcb_levels[0].tcb_date = enclave.clone())
    };
    let policy = TdxPolicy { out_of_date_grace_secs: u32::MAX, ..TdxPolicy::strict() };
    assert_eq!(failures(&dated(0), &policy), Vec::<&str>::new());
    assert_eq!(failures(&dated(1), &policy), ["tdx.policy.tcb_status"]);
    let checks = policy.appraise(&outcome(&dated(1)).unwrap(), NOW);
    let check = checks.iter().find(|check| check.code.id == "tdx.policy.tcb_status").unwrap();
    assert!(check.observed.ends_with("in the future"), "{}", check.observed);
}

#[test]
fn advisories_are_permitted_or_denied_by_name() {
    for (demand, ok) in [
        (AdvisoryDemand::Only(vec![]), false),
        (AdvisoryDemand::Only(vec!["INTEL-SA-00041".into()]), false),
        (AdvisoryDemand::Only(vec!["INTEL-SA-00042".into()]), true),
        (AdvisoryDemand::NoneOf(vec!["INTEL-SA-00042".into()]), false),
        (AdvisoryDemand::NoneOf(vec!["INTEL-SA-00041".into()]), true),
        (AdvisoryDemand::Any, true),
    ] {
        let policy = TdxPolicy { advisories: demand.clone(), ..TdxPolicy::strict() };
        let expected: &[&str] = if ok { &[] } else { &["tdx.policy.advisories"] };
        assert_eq!(failures(&with_advisory(), &policy), expected, "{demand:?}");
    }
}

#[test]
fn collateral_below_the_minimum_is_refused() {
    for (min, ok) in [(0, true), (19, true), (20, true), (21, false)] {
        let policy = TdxPolicy { tcb_evaluation_data_number_min: min, ..TdxPolicy::strict() };
        let expected: &[&str] = if ok { &[] } else { &["tdx.policy.tcb_evaluation_data_number"] };
        assert_eq!(failures(&guest(), &policy), expected, "{min}");
    }
}

#[test]
fn only_named_machines_meet_a_demand_for_machines() {
    let own = Ppid::new(guest().pck_fields().ppid);
    let other = Ppid::new([0; 16]);
    for (demand, ok) in [
        (Expect::Exactly(own), true),
        (Expect::OneOf(vec![other, own]), true),
        (Expect::Exactly(other), false),
        (Expect::OneOf(vec![]), false),
    ] {
        let policy = TdxPolicy { ppid: demand.clone(), ..TdxPolicy::strict() };
        let expected: &[&str] = if ok { &[] } else { &["tdx.policy.ppid"] };
        assert_eq!(failures(&guest(), &policy), expected, "{demand:?}");
    }
}

#[test]
fn flags_of_the_platform_are_as_demanded() {
    let smt = TdxPolicy { smt_enabled: Expect::Exactly(false), ..TdxPolicy::strict() };
    assert_eq!(failures(&guest(), &smt), ["tdx.policy.smt_enabled"]);
    let off = guest().with_pck_fields(|pck| pck.platform.as_mut().unwrap().smt_enabled = false);
    assert_eq!(failures(&off, &smt), Vec::<&str>::new());
    let keys = TdxPolicy { cached_keys: Expect::Exactly(false), ..TdxPolicy::strict() };
    assert_eq!(failures(&off, &keys), ["tdx.policy.cached_keys"]);
    let dynamic = TdxPolicy { dynamic_platform: Expect::Exactly(false), ..TdxPolicy::strict() };
    assert_eq!(failures(&off, &dynamic), ["tdx.policy.dynamic_platform"]);
}

#[test]
fn a_certificate_that_is_silent_meets_no_demand() {
    let silent = guest().with_pck_authority(PckAuthority::Processor);
    let policy = TdxPolicy {
        platform_instance_id: Expect::Exactly(PlatformInstanceId::new([0; 16])),
        dynamic_platform: Expect::Exactly(false),
        cached_keys: Expect::Exactly(false),
        smt_enabled: Expect::Exactly(false),
        ..TdxPolicy::strict()
    };
    let expected = [
        "tdx.policy.platform_instance_id",
        "tdx.policy.dynamic_platform",
        "tdx.policy.cached_keys",
        "tdx.policy.smt_enabled",
    ];
    assert_eq!(failures(&silent, &policy), expected);
    assert_eq!(strict_failures(&silent), Vec::<&str>::new());
}

#[test]
fn what_strict_does_not_demand_shows_as_not_asserted() {
    let checks = TdxPolicy::strict().appraise(&outcome(&guest()).unwrap(), NOW);
    let open: Vec<&str> = checks
        .iter()
        .filter(|check| check.state == State::NotAsserted)
        .map(|check| check.code.id)
        .collect();
    let expected = [
        "tdx.policy.pks",
        "tdx.policy.ppid",
        "tdx.policy.platform_instance_id",
        "tdx.policy.dynamic_platform",
        "tdx.policy.cached_keys",
        "tdx.policy.smt_enabled",
        "eventlog.absent",
    ];
    assert_eq!(open, expected);
}

#[test]
fn every_policy_names_every_field_and_no_other() {
    let json = serde_json::to_value(TdxPolicy::strict()).unwrap();
    assert_eq!(serde_json::from_value::<TdxPolicy>(json.clone()).unwrap(), TdxPolicy::strict());
    for field in json.as_object().unwrap().keys() {
        let mut less = json.clone();
        less.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<TdxPolicy>(less).is_err(), "without {field}");
    }
    let mut more = json;
    more["tcb_statusses"] = serde_json::json!([]);
    assert!(serde_json::from_value::<TdxPolicy>(more).is_err());
}
