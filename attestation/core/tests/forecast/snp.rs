//! SEV-SNP machines: AMD's minimums, the policy's floors, and certificates.

use std::time::Duration;

use cloister_attestation::diagnosis::{Component, SnpComponent};
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::forecast::{
    Cause, Failure, Forecast, Machine, Mend, Minimum, Minimums, MinimumsError, Outlook, When,
    forecast,
};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp::{Floor, Product, Tcb};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, verify};
use cloister_simulator::SnpGuest;
use cloister_simulator::snp::VekKind;

use crate::snp::guest::{ISSUED, NOW, REPORT_DATA, pki};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const EFFECTIVE: UnixTime = UnixTime::from_secs(1_792_000_000);
const MILAN: Tcb = Tcb { fmc: None, boot_loader: 4, tee: 0, snp: 24, microcode: 219 };

fn machine(guest: &SnpGuest) -> Machine {
    let evidence = Evidence::parse(Tee::Snp, &guest.report(&REPORT_DATA)).unwrap();
    let with = Endorsements::Snp(guest.endorsements());
    Machine::of(&verify(evidence, &with, &pki().anchors(), NOW).unwrap(), NOW).unwrap()
}

fn milan() -> Machine {
    machine(&SnpGuest::new(pki(), Product::Milan))
}

fn minimum(product: Product, tcb: Tcb) -> Minimums {
    let bulletin = "AMD-SB-9999".to_owned();
    Minimums { minimum: vec![Minimum { product, effective: EFFECTIVE, bulletin, tcb }] }
}

fn ask(machine: &Machine, minimums: &Minimums, policy: &Policy) -> Forecast {
    forecast(machine, &Outlook { sets: &[], switch: None, minimums, policy }, NOW)
}

fn policy() -> Policy {
    Policy::strict_for_simulator(pki().anchor().fingerprint())
}

fn first(forecast: &Forecast) -> &Failure {
    &forecast.failures[0]
}

#[test]
fn a_minimum_takes_effect_on_its_day_and_not_a_second_before() {
    let least = Tcb { snp: 26, microcode: 220, ..MILAN };
    let forecast = ask(&milan(), &minimum(Product::Milan, least), &policy());
    let failure = first(&forecast);
    assert_eq!(failure.when, When::From(EFFECTIVE));
    let bulletin = "AMD-SB-9999".to_owned();
    assert_eq!(failure.cause, Cause::Minimum { bulletin, least, observed: MILAN });
    let Mend::Update { short } = &failure.mend else { panic!("{failure:?}") };
    let told: Vec<_> = short.iter().map(|s| (&s.component, s.by())).collect();
    assert_eq!(
        told,
        [(&Component::Snp(SnpComponent::Snp), 2), (&Component::Snp(SnpComponent::Microcode), 1)]
    );
    assert!(!forecast.fails_within(Duration::ZERO, EFFECTIVE.minus(SECOND)));
    assert!(forecast.fails_within(Duration::ZERO, EFFECTIVE));
    assert!(forecast.fails_within(EFFECTIVE.since(NOW), NOW));
    assert!(!forecast.fails_within(EFFECTIVE.since(NOW) - SECOND, NOW));
}

#[test]
fn a_machine_at_the_minimum_or_of_another_product_does_not_fail() {
    let higher = Tcb { snp: 99, ..MILAN };
    for minimums in [minimum(Product::Milan, MILAN), minimum(Product::Genoa, higher)] {
        let forecast = ask(&milan(), &minimums, &policy());
        assert_eq!(forecast.failures.len(), 1);
        assert_eq!(first(&forecast).cause, Cause::CertificateEnds);
    }
}

#[test]
fn one_component_below_is_enough_on_a_product_with_fmc() {
    let turin = machine(&SnpGuest::new(pki(), Product::Turin));
    let have = Tcb { fmc: Some(1), boot_loader: 1, tee: 1, snp: 4, microcode: 81 };
    let cases = [
        (Tcb { fmc: Some(2), ..have }, Component::Snp(SnpComponent::Fmc)),
        (Tcb { boot_loader: 2, ..have }, Component::Snp(SnpComponent::BootLoader)),
        (Tcb { tee: 2, ..have }, Component::Snp(SnpComponent::Tee)),
        (Tcb { snp: 5, ..have }, Component::Snp(SnpComponent::Snp)),
        (Tcb { microcode: 82, ..have }, Component::Snp(SnpComponent::Microcode)),
    ];
    for (least, component) in cases {
        let forecast = ask(&turin, &minimum(Product::Turin, least), &policy());
        let Mend::Update { short } = &first(&forecast).mend else { panic!("{forecast:?}") };
        assert_eq!((short.len(), &short[0].component, short[0].by()), (1, &component, 1));
    }
}

#[test]
fn firmware_that_runs_has_to_be_committed_and_what_is_committed_reported() {
    let least = Tcb { snp: 25, ..MILAN };
    for (committed, mend) in [(24, Mend::Commit), (25, Mend::Report)] {
        let guest = SnpGuest::new(pki(), Product::Milan).with_fields(move |fields| {
            fields.current_tcb.snp = 25;
            fields.committed_tcb.snp = committed;
        });
        let forecast = ask(&machine(&guest), &minimum(Product::Milan, least), &policy());
        assert_eq!(first(&forecast).mend, mend);
    }
}

#[test]
fn a_floor_of_the_policy_fails_now_and_a_launch_before_the_update_needs_a_new_one() {
    let least = Tcb { snp: 25, ..MILAN };
    let mut demanding = policy();
    demanding.snp.as_mut().unwrap().tcb.reported.milan = Floor::AtLeast(least);
    let forecast = ask(&milan(), &Minimums::default(), &demanding);
    let cause = Cause::Floor { field: "reported", least, observed: MILAN };
    assert_eq!((first(&forecast).when, &first(&forecast).cause), (When::From(NOW), &cause));

    let guest =
        SnpGuest::new(pki(), Product::Milan).with_fields(|fields| fields.launch_tcb.snp = 23);
    let mut demanding = policy();
    demanding.snp.as_mut().unwrap().tcb.launch.milan = Floor::AtLeast(MILAN);
    let forecast = ask(&machine(&guest), &Minimums::default(), &demanding);
    assert_eq!(first(&forecast).mend, Mend::Relaunch);
}

#[test]
fn a_vlek_ends_before_a_vcek_and_takes_its_machine_with_it() {
    let vlek = VekKind::Vlek { csp_id: "CN=provider.invalid".to_owned() };
    let provided = machine(&SnpGuest::new(pki(), Product::Milan).with_vek(vlek));
    assert!(provided.id().starts_with("provider CN=provider.invalid: Milan"), "{}", provided.id());
    assert!(provided.certified_until < milan().certified_until);
    let forecast = ask(&provided, &Minimums::default(), &policy());
    let failure = first(&forecast);
    assert_eq!(failure.when, When::From(provided.certified_until.plus(SECOND)));
    assert_eq!((&failure.cause, &failure.mend), (&Cause::CertificateEnds, &Mend::Certify));
    assert!(!forecast.fails_within(Duration::ZERO, provided.certified_until));
    assert!(provided.certified_until > ISSUED.plus(30 * DAY), "a CRL's end is not the machine's");
}

#[test]
fn a_product_that_the_policy_does_not_accept_fails_now() {
    let mut other = policy();
    other.snp.as_mut().unwrap().products = Expect::Exactly(Product::Genoa);
    let none = Policy { snp: None, ..policy() };
    for policy in [other, none] {
        let forecast = ask(&milan(), &Minimums::default(), &policy);
        assert_eq!(first(&forecast).cause, Cause::Policy);
    }
}

#[test]
fn minimums_read_in_their_one_form_and_misfits_are_refused() {
    let toml = r#"
        [[minimum]]
        product = "turin"
        effective = "2026-09-01T00:00:00Z"
        bulletin = "AMD-SB-9999"
        tcb = { fmc = 1, boot_loader = 1, tee = 1, snp = 4, microcode = 82 }
    "#;
    let read = Minimums::from_toml(toml).unwrap();
    assert_eq!(read.minimum[0].effective.to_string(), "2026-09-01T00:00:00Z");
    for (from, to) in [("fmc = 1, ", ""), ("turin", "milan")] {
        let refused = Minimums::from_toml(&toml.replace(from, to)).unwrap_err();
        assert!(matches!(refused, MinimumsError::Misfit { .. }), "{from}: {refused}");
    }
    for (from, to) in [("2026-09-01T00:00:00Z", "2026-09-01"), ("fmc", "fcm")] {
        let refused = Minimums::from_toml(&toml.replace(from, to)).unwrap_err();
        assert!(matches!(refused, MinimumsError::Malformed(_)), "{from}: {refused}");
    }
}

#[test]
fn a_list_of_products_accepts_what_is_in_it() {
    for (list, fails) in [
        (vec![Product::Genoa, Product::Turin], true),
        (vec![Product::Genoa, Product::Milan], false),
    ] {
        let mut listing = policy();
        listing.snp.as_mut().unwrap().products = Expect::OneOf(list);
        let forecast = ask(&milan(), &Minimums::default(), &listing);
        assert_eq!(first(&forecast).cause == Cause::Policy, fails);
    }
}

#[test]
fn the_floor_of_the_committed_tcb_is_compared_with_what_is_committed() {
    let guest = SnpGuest::new(pki(), Product::Milan).with_fields(|fields| {
        fields.current_tcb.snp = 26;
        fields.committed_tcb.snp = 25;
    });
    for (snp, fails) in [(25, false), (26, true)] {
        let least = Tcb { snp, ..MILAN };
        let mut demanding = policy();
        demanding.snp.as_mut().unwrap().tcb.committed.milan = Floor::AtLeast(least);
        let forecast = ask(&machine(&guest), &Minimums::default(), &demanding);
        let observed = Tcb { snp: 25, ..MILAN };
        let cause = Cause::Floor { field: "committed", least, observed };
        assert_eq!(first(&forecast).cause == cause, fails, "{forecast:?}");
        assert!(!fails || first(&forecast).mend == Mend::Commit);
    }
}

#[test]
fn machines_of_one_provider_are_told_apart_by_their_tcb() {
    let of = |snp| {
        let vlek = VekKind::Vlek { csp_id: "CN=provider.invalid".to_owned() };
        let tcb = cloister_simulator::snp::Tcb {
            snp,
            ..cloister_simulator::snp::Tcb::current(Product::Milan)
        };
        machine(&SnpGuest::new(pki(), Product::Milan).with_vek(vlek).with_tcb(tcb)).id()
    };
    assert_ne!(of(24), of(25));
    assert_eq!(of(24), of(24));
}
