//! TDX machines: the set that judges now, the set that will, and the dates between.

use std::time::Duration;

use cloister_attestation::diagnosis::{Component, Shortfall};
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::forecast::{
    Cause, Forecast, Machine, Mend, Minimums, Outlook, PublishedSet, Set, When, forecast,
};
use cloister_attestation::policy::Policy;
use cloister_attestation::tdx::{AdvisoryDemand, TcbStatus, TdxPolicy};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, verify};
use cloister_simulator::tdx::{QuoteFormat, TcbInfo};
use cloister_simulator::{Pki, TdxGuest};

const ISSUED: UnixTime = UnixTime::from_secs(1_780_000_000);
const NOW: UnixTime = UnixTime::from_secs(1_780_086_400);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);
const ADVISORY: &str = "INTEL-SA-01234";

fn pki() -> Pki {
    Pki::from_seed("cloister-attestation tdx", ISSUED)
}

fn guest() -> TdxGuest {
    TdxGuest::new(&pki())
}

fn machine(guest: &TdxGuest) -> Machine {
    let quote = guest.quote(&cloister_attestation::bytes::ReportData::new([1; 64]));
    let evidence = Evidence::parse(Tee::Tdx, &quote).unwrap();
    let with = Endorsements::Tdx(guest.collateral());
    Machine::of(&verify(evidence, &with, &pki().anchors(), NOW).unwrap(), NOW).unwrap()
}

/// What Intel is going to say: the level that is current now will be out of date.
fn next(info: &mut TcbInfo) {
    let mut better = info.tcb_levels[0].clone();
    better.tcb.sgxtcbcomponents[0].svn += 1;
    better.tcb.sgxtcbcomponents[0].kind = Some("Early Microcode Update".to_owned());
    better.tcb.sgxtcbcomponents[0].category = Some("BIOS".to_owned());
    better.tcb.tdxtcbcomponents[2].svn += 2;
    better.tcb_date = ISSUED.to_string();
    info.tcb_levels[0].tcb_status = "OutOfDate".to_owned();
    info.tcb_levels[0].advisory_ids = vec![ADVISORY.to_owned()];
    info.tcb_levels.insert(0, better);
    info.tcb_evaluation_data_number += 1;
    let module =
        info.tdx_module_identities.iter_mut().find(|module| module.id == "TDX_01").unwrap();
    let mut better = module.tcb_levels[0].clone();
    better.tcb.isvsvn += 3;
    module.tcb_levels[0].tcb_status = "OutOfDate".to_owned();
    module.tcb_levels.insert(0, better);
}

fn set(set: Set, guest: &TdxGuest) -> PublishedSet {
    PublishedSet::verify(set, &guest.collateral(), &pki().anchors(), NOW).unwrap()
}

fn policy(change: impl FnOnce(&mut TdxPolicy)) -> Policy {
    let mut policy = Policy::strict_for_simulator(pki().anchor().fingerprint());
    change(policy.tdx.as_mut().unwrap());
    policy
}

fn strict() -> Policy {
    policy(|_| ())
}

fn ask(machine: &Machine, sets: &[PublishedSet], policy: &Policy, at: UnixTime) -> Forecast {
    let minimums = Minimums::default();
    forecast(machine, &Outlook { sets, switch: None, minimums: &minimums, policy }, at)
}

/// The failures that are no end of collateral or certificates.
fn causes(forecast: &Forecast) -> Vec<(When, &Cause, &Mend)> {
    forecast
        .failures
        .iter()
        .filter(|f| !matches!(f.cause, Cause::CollateralEnds | Cause::CertificateEnds))
        .map(|f| (f.when, &f.cause, &f.mend))
        .collect()
}

#[test]
fn a_current_machine_fails_when_its_collateral_and_its_certificate_end_and_no_sooner() {
    let forecast = ask(&machine(&guest()), &[set(Set::Standard, &guest())], &strict(), NOW);
    assert_eq!(causes(&forecast), []);
    let ends: Vec<_> = forecast.failures.iter().map(|f| (f.cause.clone(), f.when)).collect();
    let collateral = When::From(ISSUED.plus(30 * DAY).plus(SECOND));
    assert_eq!(ends[0], (Cause::CollateralEnds, collateral));
    assert_eq!(ends[1].0, Cause::CertificateEnds);
    assert_eq!(ends.len(), 2);
    assert!(!forecast.fails_within(60 * DAY, NOW), "the next issue needs nothing of the machine");
    let late = ISSUED.plus(30 * DAY);
    assert!(!forecast.fails_within(Duration::ZERO, late));
    assert!(forecast.fails_within(Duration::ZERO, late.plus(SECOND)), "it ended all the same");
}

#[test]
fn a_machine_that_is_short_in_the_early_set_fails_when_that_becomes_the_standard() {
    let machine = machine(&guest());
    let sets = [set(Set::Standard, &guest()), set(Set::Early, &guest().with_tcb_info(next))];
    let forecast_of = |switch, at| {
        let minimums = Minimums::default();
        let policy = strict();
        forecast(
            &machine,
            &Outlook { sets: &sets, switch, minimums: &minimums, policy: &policy },
            at,
        )
    };
    let unannounced = forecast_of(None, NOW);
    let failures = causes(&unannounced);
    let [(when, cause, mend)] = failures.as_slice() else { panic!("{failures:?}") };
    assert_eq!(*when, When::NotBefore(ISSUED.plus(42 * DAY)), "six weeks after the newest level");
    let Cause::TcbStatus { set: Set::Early, status, advisories, .. } = cause else {
        panic!("{cause:?}")
    };
    assert_eq!(*status, TcbStatus::OutOfDate);
    assert_eq!(advisories.iter().collect::<Vec<_>>(), [ADVISORY]);
    let Mend::Update { short } = mend else { panic!("{mend:?}") };
    let told: Vec<_> = short.iter().map(|s| (s.component.to_string(), s.by())).collect();
    let expected = [
        ("SGX TCB component 0 (Early Microcode Update)".to_owned(), 1),
        ("TDX TCB component 2 (TDX Late Microcode Update)".to_owned(), 2),
        ("TDX module 1.x ISVSVN".to_owned(), 3),
    ];
    assert_eq!(told, expected);
    assert!(unannounced.fails_within(42 * DAY, ISSUED));
    assert!(!unannounced.fails_within(42 * DAY - SECOND, ISSUED));

    let day = NOW.plus(90 * DAY);
    let announced = forecast_of(Some(day), NOW);
    assert_eq!(causes(&announced)[0].0, When::From(day));
    assert!(announced.fails_within(90 * DAY, NOW));
    assert!(!announced.fails_within(90 * DAY - SECOND, NOW));
}

#[test]
fn the_same_set_as_standard_is_a_failure_now() {
    let machine = machine(&guest());
    let forecast =
        ask(&machine, &[set(Set::Standard, &guest().with_tcb_info(next))], &strict(), NOW);
    let failures = causes(&forecast);
    assert_eq!(failures[0].0, When::From(NOW));
    assert!(matches!(failures[0].1, Cause::TcbStatus { set: Set::Standard, .. }));
    assert!(forecast.fails_within(Duration::ZERO, NOW));
}

#[test]
fn grace_ends_on_the_second_after_it_and_appraisal_says_the_same() {
    let machine = machine(&guest());
    let outdated = guest().with_tcb_info(next);
    let sets = [set(Set::Standard, &outdated)];
    let grace = 10 * DAY;
    let lenient = policy(|tdx| {
        tdx.out_of_date_grace_secs = grace.as_secs().try_into().unwrap();
        tdx.advisories = AdvisoryDemand::Any;
    });
    let last = ISSUED.plus(grace);
    let forecast = ask(&machine, &sets, &lenient, NOW);
    assert_eq!(causes(&forecast)[0].0, When::From(last.plus(SECOND)));
    assert!(!forecast.fails_within(Duration::ZERO, last));
    assert!(forecast.fails_within(Duration::ZERO, last.plus(SECOND)));

    let quote = guest().quote(&cloister_attestation::bytes::ReportData::new([1; 64]));
    for (at, fails) in [(last, false), (last.plus(SECOND), true)] {
        let evidence = Evidence::parse(Tee::Tdx, &quote).unwrap();
        let with = Endorsements::Tdx(outdated.collateral());
        let verified = verify(evidence, &with, &pki().anchors(), at).unwrap();
        let cloister_attestation::verify::VerifiedEvidence::Tdx(quote) = verified else {
            panic!("TDX")
        };
        let checks = lenient.tdx.as_ref().unwrap().appraise(&quote, at);
        assert_eq!(checks.iter().any(|check| check.failed()), fails, "{at}");
    }
}

#[test]
fn a_quoting_enclave_that_is_short_is_named() {
    let early = guest().with_qe_identity(|identity| {
        let mut better = identity.tcb_levels[0].clone();
        better.tcb.isvsvn += 2;
        identity.tcb_levels[0].tcb_status = "OutOfDate".to_owned();
        identity.tcb_levels.insert(0, better);
    });
    let machine = machine(&guest());
    let forecast = ask(&machine, &[set(Set::Early, &early)], &strict(), NOW);
    let failures = causes(&forecast);
    let Mend::Update { short } = failures[0].2 else { panic!("{failures:?}") };
    let [Shortfall { component: Component::QuotingEnclave, have, need }] = short.as_slice() else {
        panic!("{short:?}")
    };
    assert_eq!(need - have, 2);
}

#[test]
fn a_guest_launched_before_the_platform_was_mended_has_only_to_be_launched_again() {
    let guest = guest().with_format(QuoteFormat::V5Td15).with_td_fields(|td| {
        td.tee_tcb_svn[0] = 5;
        td.tee_tcb_svn_2 = td.tee_tcb_svn;
        td.tee_tcb_svn_2[0] = 6;
    });
    let forecast = ask(&machine(&guest), &[set(Set::Standard, &guest)], &strict(), NOW);
    let failures = causes(&forecast);
    assert!(
        matches!(failures[0].1, Cause::TcbStatus { status: TcbStatus::TDRelaunchAdvised, .. }),
        "{failures:?}"
    );
    assert_eq!(failures[0].2, &Mend::Relaunch);
}

#[test]
fn a_machine_below_every_level_has_none_and_is_told_the_least_that_would_do() {
    let early = guest().with_tcb_info(|info| {
        info.tcb_levels.truncate(1);
        info.tcb_levels[0].tcb.pcesvn += 4;
    });
    let forecast = ask(&machine(&guest()), &[set(Set::Early, &early)], &strict(), NOW);
    let failures = causes(&forecast);
    assert_eq!(failures[0].1, &Cause::NoLevel { set: Set::Early });
    let Mend::Update { short } = failures[0].2 else { panic!("{failures:?}") };
    assert_eq!((short.len(), &short[0].component, short[0].by()), (1, &Component::Pce, 4));
}

#[test]
fn without_a_good_level_nothing_published_mends() {
    let early = guest().with_tcb_info(|info| {
        info.tcb_levels.iter_mut().for_each(|level| level.tcb_status = "Revoked".to_owned());
    });
    let forecast = ask(&machine(&guest()), &[set(Set::Early, &early)], &strict(), NOW);
    assert_eq!(causes(&forecast)[0].2, &Mend::NonePublished);
}

#[test]
fn a_policy_that_wants_newer_collateral_or_no_tdx_says_so() {
    let machine = machine(&guest());
    let sets = [set(Set::Standard, &guest())];
    for (least, fails) in [(20, false), (21, true)] {
        let policy = policy(|tdx| tdx.tcb_evaluation_data_number_min = least);
        let forecast = ask(&machine, &sets, &policy, NOW);
        let cause = Cause::EvaluationNumber { least, observed: 20 };
        assert_eq!(causes(&forecast).iter().any(|(_, found, _)| **found == cause), fails);
    }
    let none = Policy { tdx: None, ..strict() };
    assert_eq!(causes(&ask(&machine, &sets, &none, NOW))[0].1, &Cause::Policy);
}

#[test]
fn a_family_without_a_set_is_missing_and_not_good() {
    let other = guest().with_pck_fields(|pck| pck.fmspc[0] ^= 1).with_tcb_info(|info| {
        let mut fmspc = hex::decode(&info.fmspc).unwrap();
        fmspc[0] ^= 1;
        info.fmspc = hex::encode(fmspc);
    });
    let forecast = ask(&machine(&other), &[set(Set::Standard, &guest())], &strict(), NOW);
    assert_eq!(forecast.missing.len(), 1);
    assert!(forecast.missing[0].path.contains("fmspc="), "{:?}", forecast.missing);
}

#[test]
fn a_set_that_intel_did_not_sign_is_refused() {
    let forged = guest().with_collateral(|parts| {
        parts.tcb_info = parts.tcb_info.replacen("UpToDate", "OutOfDate", 1);
    });
    let refused = PublishedSet::verify(Set::Early, &forged.collateral(), &pki().anchors(), NOW);
    assert!(refused.is_err());
    let vendor = cloister_attestation::anchor::Anchors::vendor();
    assert!(PublishedSet::verify(Set::Early, &guest().collateral(), &vendor, NOW).is_err());
}

#[test]
fn a_machine_reads_back_from_what_is_stored() {
    let machine = machine(&guest());
    let json = serde_json::to_string(&machine).unwrap();
    assert_eq!(serde_json::from_str::<Machine>(&json).unwrap(), machine);
    assert!(machine.id().starts_with("ppid "));
}

#[test]
fn the_evaluation_number_is_the_smaller_of_both_documents() {
    for (info, identity) in [(22, 20), (20, 22)] {
        let guest = guest()
            .with_tcb_info(move |document| document.tcb_evaluation_data_number = info)
            .with_qe_identity(move |document| document.tcb_evaluation_data_number = identity);
        let policy = policy(|tdx| tdx.tcb_evaluation_data_number_min = 21);
        let forecast = ask(&machine(&guest), &[set(Set::Standard, &guest)], &policy, NOW);
        let cause = Cause::EvaluationNumber { least: 21, observed: 20 };
        assert!(causes(&forecast).iter().any(|(_, found, _)| **found == cause), "{forecast:?}");
    }
}

#[test]
fn no_policy_makes_a_revoked_level_good() {
    let machine = machine(&guest());
    let revoked = guest().with_tcb_info(|info| info.tcb_levels[0].tcb_status = "Revoked".into());
    let policy = policy(|tdx| tdx.tcb_statuses.push(TcbStatus::Revoked));
    let forecast = ask(&machine, &[set(Set::Standard, &revoked)], &policy, NOW);
    let found = causes(&forecast);
    assert!(
        matches!(found[..], [(_, Cause::TcbStatus { status: TcbStatus::Revoked, .. }, _)]),
        "{found:?}"
    );
}

#[test]
fn a_good_status_with_an_advisory_that_is_not_accepted_fails_all_the_same() {
    let machine = machine(&guest());
    let open =
        guest().with_tcb_info(|info| info.tcb_levels[0].advisory_ids = vec![ADVISORY.to_owned()]);
    let sets = [set(Set::Standard, &open)];
    let forecast = ask(&machine, &sets, &strict(), NOW);
    let found = causes(&forecast);
    let [(_, Cause::Advisories { advisories, .. }, mend)] = &found[..] else { panic!("{found:?}") };
    assert!(advisories.contains(ADVISORY) && advisories.len() == 1);
    assert_eq!(**mend, Mend::NonePublished, "no level is without it");
    let accepting = policy(|tdx| tdx.advisories = AdvisoryDemand::Only(vec![ADVISORY.to_owned()]));
    assert_eq!(causes(&ask(&machine, &sets, &accepting, NOW)), []);
}

#[test]
fn the_least_level_that_is_good_enough_is_asked_for_and_no_higher_one() {
    let machine = machine(&guest());
    let higher = |by: u8| {
        move |info: &mut TcbInfo| {
            let mut better = info.tcb_levels[0].clone();
            better.tcb.sgxtcbcomponents[0].svn += by;
            info.tcb_levels[0].tcb_status = "OutOfDate".to_owned();
            let mut best = better.clone();
            best.tcb.sgxtcbcomponents[0].svn += 1;
            info.tcb_levels.splice(0..0, [best, better]);
        }
    };
    let forecast =
        ask(&machine, &[set(Set::Standard, &guest().with_tcb_info(higher(2)))], &strict(), NOW);
    let found = causes(&forecast);
    let [(_, _, Mend::Update { short })] = &found[..] else { panic!("{found:?}") };
    assert_eq!((short.len(), short[0].by()), (1, 2), "{short:?}");
}
