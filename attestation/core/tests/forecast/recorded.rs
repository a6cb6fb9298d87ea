//! A recorded machine that was up to date in June 2025 and out of date in 2026: the forecast that
//! could have been made says what then came about.

use std::time::Duration;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::diagnosis::Component;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::forecast::{
    Cause, Machine, Mend, Minimums, Outlook, PublishedSet, Set, When, forecast,
};
use cloister_attestation::policy::Policy;
use cloister_attestation::tdx::{Collateral, TcbStatus};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, verify};

use crate::vectors::{Case, cases};

fn collateral(case: &Case) -> Collateral {
    Collateral::from_json(&case.file("collateral.json").unwrap()).unwrap()
}

fn verified(case: &Case) -> VerifiedEvidence {
    let evidence = Evidence::parse(Tee::Tdx, &case.file("quote.bin").unwrap()).unwrap();
    let with = Endorsements::Tdx(collateral(case));
    verify(evidence, &with, &Anchors::vendor(), case.valid_at()).unwrap()
}

#[test]
fn the_forecast_of_2025_is_the_status_of_2026() {
    let Some(cases) = cases("tdx") else { return };
    let find = |name: &str| cases.iter().find(|case| case.name.ends_with(name)).unwrap();
    let (before, after) = (find("time-dependent-a"), find("time-dependent-b"));
    let now = before.valid_at();
    let set =
        |set, case| PublishedSet::verify(set, &collateral(case), &Anchors::vendor(), now).unwrap();
    let sets = [set(Set::Standard, before), set(Set::Early, after)];
    let machine = Machine::of(&verified(before), now).unwrap();
    let (minimums, policy) = (Minimums::default(), Policy::strict());
    let outlook = Outlook { sets: &sets, switch: None, minimums: &minimums, policy: &policy };
    let told = forecast(&machine, &outlook, now);
    let failure = &told.failures[0];

    // Disclosed on 2024-11-13: six weeks later had passed, so any day could have been the one.
    assert_eq!(failure.when, When::NotBefore(now));
    let Cause::TcbStatus { set: Set::Early, status, tcb_date, advisories } = &failure.cause else {
        panic!("{failure:?}")
    };
    let VerifiedEvidence::Tdx(came_about) = verified(after) else { panic!("TDX") };
    assert_eq!(*status, TcbStatus::OutOfDate);
    assert_eq!(*status, came_about.tcb_status());
    assert_eq!(*tcb_date, came_about.tcb_date());
    assert!(advisories.iter().map(String::as_str).eq(came_about.advisories()));

    let Mend::Update { short } = &failure.mend else { panic!("{failure:?}") };
    assert!(
        short.iter().any(|s| s.component.to_string().contains("Early Microcode Update")),
        "{short:?}"
    );
    assert!(!short.iter().any(|s| matches!(s.component, Component::QuotingEnclave)), "{short:?}");
    assert!(told.fails_within(Duration::ZERO, now));

    // Without the early set nobody could have known; and a year later everybody does.
    let outlook = Outlook { sets: &sets[..1], ..outlook };
    let blind = forecast(&machine, &outlook, now);
    assert_eq!(blind.failures[0].cause, Cause::CollateralEnds);
    let standard =
        [PublishedSet::verify(Set::Standard, &collateral(after), &Anchors::vendor(), now).unwrap()];
    let later = forecast(&machine, &Outlook { sets: &standard, ..outlook }, after.valid_at());
    let Cause::TcbStatus { set: Set::Standard, status, .. } = &later.failures[0].cause else {
        panic!("{later:?}")
    };
    assert_eq!(
        (status, later.failures[0].when),
        (&TcbStatus::OutOfDate, When::From(after.valid_at()))
    );
    assert_eq!(later.failures[0].mend, failure.mend);
    assert!(UnixTime::parse_rfc3339("2030-01-01T00:00:00Z").unwrap() < machine.certified_until);
}
