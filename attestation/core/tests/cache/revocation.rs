//! A newer CRL or document ends what rests on an older one.

use core::time::Duration;

use cloister_attestation::cache::EndorsementCache;
use cloister_attestation::snp::{Endorsements as SnpEndorsements, Product};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Endorsements;
use cloister_simulator::{Pki, SnpGuest, TdxGuest};

use super::{ask, ask_with, hits, on_chip, quote, report, verdict};
use crate::snp::guest::{ISSUED, NOW, REPORT_DATA, milan, on, pki};
use crate::tdx::guest as td;

/// AMD's number for Milan's ASK.
const MILAN_ASK: [u8; 3] = [1, 0, 1];

const HOUR: Duration = Duration::from_secs(3600);

fn issued_at(guest: SnpGuest, moment: UnixTime) -> SnpGuest {
    guest.with_crl(move |crl| crl.this_update = moment)
}

/// The machine's endorsements with the CRL of `guest`.
fn with_crl_of(machine: &SnpEndorsements, guest: &SnpGuest) -> SnpEndorsements {
    SnpEndorsements { crl: Some(guest.crl()), ..machine.clone() }
}

#[test]
fn a_crl_that_revokes_is_heeded_although_the_chain_was_found_before() {
    let cache = EndorsementCache::default();
    let machine = milan().endorsements();
    ask_with(&cache, &milan(), machine.clone()).unwrap();
    let revoking =
        issued_at(milan(), ISSUED.plus(HOUR)).with_crl(|crl| crl.revoked.push(MILAN_ASK.to_vec()));
    let revoked = with_crl_of(&machine, &revoking);
    let judge =
        || assert_eq!(ask_with(&cache, &milan(), revoked), Err("snp.revocation.intermediate"));
    assert_eq!(hits(&cache, judge), 0);
}

#[test]
fn a_newer_crl_ends_every_chain_that_rests_on_an_older_one_or_on_none() {
    let cache = EndorsementCache::default();
    let (first, second) = (on_chip(1).endorsements(), on_chip(2).endorsements());
    let without = SnpEndorsements { crl: None, ..second.clone() };
    ask_with(&cache, &on_chip(2), without.clone()).unwrap();
    ask_with(&cache, &on_chip(1), first.clone()).unwrap();
    assert_eq!(cache.len(), 1, "the chain without a CRL went with the first CRL");
    ask_with(&cache, &on_chip(2), with_crl_of(&second, &issued_at(milan(), ISSUED.plus(HOUR))))
        .unwrap();
    assert_eq!(cache.len(), 1, "the chain with the older CRL went with the newer");
    for (chip, older) in [(1, first), (2, without)] {
        for _ in 0..2 {
            let judge = || ask_with(&cache, &on_chip(chip), older.clone()).unwrap();
            assert_eq!(hits(&cache, judge), 0, "verified, and not kept");
        }
    }
    assert_eq!(cache.len(), 1);
}

#[test]
fn the_crl_of_another_product_ends_nothing() {
    let cache = EndorsementCache::default();
    let machine = milan().endorsements();
    ask_with(&cache, &milan(), machine.clone()).unwrap();
    ask(&cache, &issued_at(on(Product::Turin), ISSUED.plus(HOUR))).unwrap();
    assert_eq!(hits(&cache, || ask_with(&cache, &milan(), machine).unwrap()), 1);
}

#[test]
fn a_crl_that_no_root_signed_ends_nothing() {
    let cache = EndorsementCache::default();
    let machine = milan().endorsements();
    ask_with(&cache, &milan(), machine.clone()).unwrap();
    let mut forged = issued_at(milan(), ISSUED.plus(HOUR)).crl();
    *forged.last_mut().unwrap() ^= 1;
    let with = SnpEndorsements { crl: Some(forged), ..machine.clone() };
    assert!(ask_with(&cache, &milan(), with).is_err());
    assert_eq!(hits(&cache, || ask_with(&cache, &milan(), machine).unwrap()), 1);
}

#[test]
fn newer_collateral_ends_the_platforms_under_the_older() {
    type Change = fn(TdxGuest) -> TdxGuest;
    let changes: [Change; 4] = [
        |guest| guest.with_root_crl(|crl| crl.this_update = td::ISSUED.plus(HOUR)),
        |guest| guest.with_pck_crl(|crl| crl.this_update = td::ISSUED.plus(HOUR)),
        |guest| guest.with_tcb_info(|info| info.tcb_evaluation_data_number += 1),
        |guest| guest.with_qe_identity(|identity| identity.tcb_evaluation_data_number += 1),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let cache = EndorsementCache::default();
        let anchors = td::anchors(&td::guest());
        let evidence = quote(&td::guest(), &td::report_data());
        let judge = |with: &Endorsements| {
            drop(verdict(&cache, (evidence.clone(), with), &anchors, td::NOW).unwrap());
        };
        let older = Endorsements::Tdx(td::guest().collateral());
        let newer = Endorsements::Tdx(change(td::guest()).collateral());
        judge(&older);
        assert_eq!(hits(&cache, || judge(&older)), 1);
        judge(&newer);
        assert_eq!(cache.len(), 2, "change {at}: collateral and platform of the newer only");
        assert_eq!(hits(&cache, || judge(&older)), 0, "change {at}");
        assert_eq!(hits(&cache, || judge(&newer)), 1, "change {at}");
    }
}

#[test]
fn newer_documents_of_another_simulator_end_nothing() {
    let other = Pki::from_seed("core/snp/rogue", ISSUED.plus(HOUR));
    let cache = EndorsementCache::default();
    let machine = milan().endorsements();
    ask_with(&cache, &milan(), machine.clone()).unwrap();
    let (own, with) = (TdxGuest::new(pki()), Endorsements::Tdx(TdxGuest::new(pki()).collateral()));
    let evidence = quote(&own, &REPORT_DATA);
    let judge = || drop(verdict(&cache, (evidence.clone(), &with), &pki().anchors(), NOW).unwrap());
    judge();
    let (foreign_snp, foreign_tdx) = (SnpGuest::new(&other, Product::Milan), TdxGuest::new(&other));
    for (evidence, with) in [
        (report(&foreign_snp, &REPORT_DATA), Endorsements::Snp(foreign_snp.endorsements())),
        (quote(&foreign_tdx, &REPORT_DATA), Endorsements::Tdx(foreign_tdx.collateral())),
    ] {
        verdict(&cache, (evidence, &with), &other.anchors(), NOW).unwrap();
    }
    assert_eq!(hits(&cache, || ask_with(&cache, &milan(), machine).unwrap()), 1);
    assert_eq!(hits(&cache, judge), 1);
}
