//! What stands in a bundle, until when, and that each part is verified by itself.

use cloister_attestation::bundle::{Bundle, Draft, Key, Outcome};
use cloister_attestation::snp::Product;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::verify::Endorsements;
use cloister_attestation::x509::Certificate;
use cloister_simulator::{Pki, SnpGuest, TdxGuest};

use super::fleet::{
    ISSUED, NOW, anchors, believed, bundle, days, draft, fleet, opened, operator, pki, policy, snp,
    tdx, vlek,
};

fn names(bundle: &Bundle) -> Vec<String> {
    bundle.entries().iter().map(|entry| entry.key().to_string()).collect()
}

#[test]
fn what_is_put_in_comes_out_once_each() {
    let opened = opened(&[fleet(), fleet()].concat());
    let names = names(&opened);
    for part in [
        "appraisal policy",
        "Reference Values of translator 1.0.0",
        "ASK of Milan",
        "ASVK of Milan",
        "ARK of Turin",
        "CRL of Milan",
        "TD QE identity",
        "CRL of Intel's PCK platform CA",
        "CRL of Intel's PCK processor CA",
        "CRL of Intel's SGX root",
    ] {
        assert_eq!(names.iter().filter(|name| *name == part).count(), 1, "{part} in {names:?}");
    }
    assert_eq!(names.len(), 17, "{names:?}");
    assert_eq!(opened.policy(), &policy());
    assert_eq!(opened.references(), [super::fleet::image()]);
}

#[test]
fn the_same_contents_give_the_same_entries_whatever_the_order() {
    let machines = [fleet(), fleet()].concat();
    let mut reversed = machines.clone();
    reversed.reverse();
    assert_eq!(bundle(&machines).entries(), bundle(&reversed).entries());
}

#[test]
fn of_two_issues_of_one_document_the_later_stays() {
    let later = Pki::from_seed("core/snp", ISSUED.plus(days(10)));
    let early = tdx(&TdxGuest::new(pki()));
    let late = tdx(&TdxGuest::new(&later));
    for machines in [[early.clone(), late.clone()], [late.clone(), early]] {
        let documents = bundle(&machines);
        assert_eq!(documents.expires(), ISSUED.plus(days(40)));
        assert_eq!(names(&documents), names(&bundle(std::slice::from_ref(&late))));
    }
}

#[test]
fn ends_with_the_part_that_ends_first_and_says_which() {
    let opened = opened(&fleet());
    let ends: Vec<_> = opened.entries().iter().filter_map(|entry| entry.period()).collect();
    assert_eq!(Some(opened.expires()), ends.iter().map(|period| period.until).min());
    let second = std::time::Duration::from_secs(1);
    for (now, failed) in [
        (NOW, None),
        (opened.expires(), None),
        (opened.expires().plus(second), Some("bundle.expired")),
        (NOW.minus(second), Some("bundle.not_yet")),
    ] {
        let checks = opened.in_force(now, None);
        let observed = checks.iter().find(|check| check.failed()).map(|check| check.code.id);
        assert_eq!(observed, failed, "{now}");
    }
    let late = opened.in_force(opened.expires().plus(second), None);
    let expired = late.iter().find(|check| check.failed()).unwrap();
    assert!(expired.expected.contains("TD"), "{}", expired.expected);
}

#[test]
fn refuses_to_go_back_behind_a_time() {
    let opened = opened(&fleet());
    let second = std::time::Duration::from_secs(1);
    let failed = |oldest| opened.in_force(NOW, Some(oldest)).iter().any(|check| check.failed());
    assert!(!failed(NOW));
    assert!(failed(NOW.plus(second)));
}

#[test]
fn every_part_is_verified_to_its_root() {
    for audited in opened(&fleet()).audit(&anchors(), NOW) {
        let expected = match audited.entry.key() {
            Key::Policy | Key::Reference { .. } => Outcome::Operator,
            _ => Outcome::Verified,
        };
        assert_eq!(audited.outcome, expected, "{}: {:?}", audited.entry.key(), audited.checks);
    }
}

#[test]
fn parts_of_another_root_are_refused_although_the_operator_signed_them() {
    let opened = opened(&fleet());
    let other = cloister_attestation::anchor::Anchors::vendor();
    for audited in opened.audit(&other, NOW) {
        if matches!(audited.entry.key(), Key::Policy | Key::Reference { .. }) {
            continue;
        }
        assert_eq!(audited.outcome, Outcome::Refused, "{}", audited.entry.key());
    }
}

#[test]
fn a_part_that_ended_is_refused_and_the_others_are_not() {
    let opened = opened(&[tdx(&TdxGuest::new(pki())), snp(&SnpGuest::new(pki(), Product::Milan))]);
    let late = ISSUED.plus(days(31));
    let refused: Vec<String> = opened
        .audit(&anchors(), late)
        .iter()
        .filter(|audited| audited.outcome == Outcome::Refused)
        .map(|audited| audited.entry.key().to_string())
        .collect();
    assert!(refused.iter().any(|name| name.contains("TCB info")), "{refused:?}");
    assert!(!refused.iter().any(|name| name.starts_with("VCEK")), "{refused:?}");
    assert!(!refused.iter().any(|name| name.contains("SGX root")), "{refused:?}");
}

#[test]
fn a_certificate_whose_issuer_is_not_there_is_no_conclusion() {
    let (evidence, endorsements) = snp(&vlek("CN=one.invalid"));
    let Endorsements::Snp(with) = endorsements else { panic!("SNP") };
    let with = cloister_attestation::snp::Endorsements { intermediate: None, ..with };
    let opened = opened(&[(evidence, Endorsements::Snp(with))]);
    let audit = opened.audit(&anchors(), NOW);
    let vlek = audit.iter().find(|audited| matches!(audited.entry.key(), Key::SnpVek { .. }));
    let Outcome::Incomplete(missing) = &vlek.unwrap().outcome else { panic!("{vlek:?}") };
    assert!(missing[0].path.starts_with("/vlek/v1/Milan"), "{missing:?}");
}

#[test]
fn a_revoked_certificate_is_refused_in_a_bundle_with_the_list_that_revokes_it() {
    let guest = SnpGuest::new(pki(), Product::Milan).with_crl(|crl| {
        // Every serial that the simulator gives to an intermediate is in this range.
        crl.revoked = (0..=255).map(|serial| vec![serial]).collect();
    });
    let opened = opened(&[snp(&guest)]);
    let audit = opened.audit(&anchors(), NOW);
    let vcek = audit.iter().find(|audited| matches!(audited.entry.key(), Key::SnpVek { .. }));
    assert_eq!(vcek.unwrap().outcome, Outcome::Refused);
}

#[test]
fn a_bundle_without_endorsements_is_none() {
    assert!(Draft::new(policy()).finish(NOW).is_err());
    assert!(draft(&[]).finish(NOW).is_err());
}

#[test]
fn endorsements_that_are_not_what_they_are_there_for_are_refused() {
    let Endorsements::Snp(good) = snp(&SnpGuest::new(pki(), Product::Milan)).1 else {
        panic!("SNP")
    };
    let swapped =
        cloister_attestation::snp::Endorsements { vek: good.root.clone(), ..good.clone() };
    assert!(Draft::new(policy()).add(&Endorsements::Snp(swapped)).is_err());
    let swapped = cloister_attestation::snp::Endorsements { root: good.vek.clone(), ..good };
    assert!(Draft::new(policy()).add(&Endorsements::Snp(swapped)).is_err());
    let Endorsements::Tdx(mut with) = tdx(&TdxGuest::new(pki())).1 else { panic!("TDX") };
    with.pck_crl_issuer_chain = None;
    assert!(Draft::new(policy()).add(&Endorsements::Tdx(with)).is_err());
}

#[test]
fn signing_again_says_the_same_under_another_signature() {
    let first = bundle(&fleet()).sign(operator()).unwrap();
    let second = Bundle::open(&first, &believed()).unwrap().sign(operator()).unwrap();
    assert_ne!(first, second, "ECDSA signatures are random");
    assert_eq!(first[..first.len() - 64], second[..second.len() - 64]);
}

#[test]
fn ends_with_any_certificate_above_a_document_that_ends_first() {
    let soon = NOW.plus(days(2));
    let cases = [
        (
            "signer",
            tdx(&TdxGuest::new(pki()).with_tcb_signing_certificate(move |c| c.not_after = soon)),
        ),
        (
            "PCK CA",
            tdx(&TdxGuest::new(pki()).with_pck_authority_certificate(move |c| c.not_after = soon)),
        ),
        (
            "ASK",
            snp(&SnpGuest::new(pki(), Product::Milan)
                .with_intermediate(move |c| c.not_after = soon)),
        ),
    ];
    for (which, machine) in cases {
        assert_eq!(bundle(&[machine]).expires(), soon, "{which}");
    }
}

#[test]
fn the_identity_of_an_enclave_whose_signer_is_revoked_is_refused() {
    let guest = TdxGuest::new(pki());
    let signer = Certificate::parse(&guest.tcb_signing()).unwrap().serial().to_vec();
    let guest = guest.with_root_crl(move |crl| crl.revoked.push(signer.clone()));
    let documents = bundle(&[tdx(&guest)]);
    let audited = documents.audit(&anchors(), NOW);
    let found = audited.iter().find(|audited| *audited.entry.key() == Key::TdxQeIdentity).unwrap();
    assert_eq!(found.outcome, Outcome::Refused);
}

#[test]
fn a_crl_without_any_certificate_of_its_root_is_vouched_for_by_nobody() {
    let crl = TdxGuest::new(pki()).collateral().root_ca_crl;
    let alone = Collateral { root_ca_crl: crl, ..Collateral::none() };
    let mut draft = Draft::new(policy());
    draft.add(&Endorsements::Tdx(alone)).unwrap();
    let documents = draft.finish(NOW).unwrap();
    let audited = documents.audit(&anchors(), NOW);
    let found = audited.iter().find(|audited| *audited.entry.key() == Key::TdxRootCrl).unwrap();
    assert!(matches!(found.outcome, Outcome::Incomplete(_)), "{:?}", found.outcome);
}
