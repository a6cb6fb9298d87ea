//! The same verdict with and without, warm and cold.

use core::time::Duration;

use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::cache::EndorsementCache;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp::Bit;
use cloister_attestation::verify::Endorsements;

use super::{ask, ask_with, hits, on_chip, quote, report, verdict};
use crate::snp::guest::{NOW, REPORT_DATA, milan, pki};
use crate::tdx::guest as td;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_second_report_of_a_machine_finds_its_chain_and_comes_out_the_same() {
    let (cache, machine) = (EndorsementCache::default(), milan().endorsements());
    let judge = || ask_with(&cache, &milan(), machine.clone()).unwrap();
    assert_eq!(hits(&cache, judge), 0);
    assert_eq!(hits(&cache, judge), 1);
    assert_eq!(cache.len(), 1);
}

#[test]
fn every_report_is_verified_itself_however_often_its_chain_was_found() {
    let (cache, machine) = (EndorsementCache::default(), milan().endorsements());
    ask_with(&cache, &milan(), machine.clone()).unwrap();
    let forged = milan().with_signature_bytes(|signature| signature[0] ^= 1);
    let judge = || assert_eq!(ask_with(&cache, &forged, machine), Err("snp.signature"));
    assert_eq!(hits(&cache, judge), 1);
}

#[test]
fn quotes_of_one_platform_find_it_and_those_of_another_its_collateral() {
    let cache = EndorsementCache::default();
    let judge = |guest: &cloister_simulator::TdxGuest| {
        let with = Endorsements::Tdx(td::guest().collateral());
        let evidence = quote(guest, &td::report_data());
        verdict(&cache, (evidence, &with), &td::anchors(guest), td::NOW).unwrap();
    };
    // ECDSA signatures are randomised: each issue of the simulator's collateral has other bytes.
    let with = Endorsements::Tdx(td::guest().collateral());
    let first = td::guest();
    let evidence = quote(&first, &td::report_data());
    let anchors = td::anchors(&first);
    let again = || drop(verdict(&cache, (evidence.clone(), &with), &anchors, td::NOW).unwrap());
    assert_eq!(hits(&cache, again), 0);
    assert_eq!(cache.len(), 2);
    assert_eq!(hits(&cache, again), 1);
    let other = td::guest().with_pck_fields(|pck| pck.ppid = [7; 16]);
    let evidence = quote(&other, &td::report_data());
    let another = || drop(verdict(&cache, (evidence, &with), &anchors, td::NOW).unwrap());
    assert_eq!(hits(&cache, another), 1, "the collateral");
    assert_eq!(cache.len(), 3);
    assert_eq!(hits(&cache, || judge(&first)), 0, "other bytes");
}

#[test]
fn a_forged_quote_is_refused_on_a_platform_that_was_found() {
    let cache = EndorsementCache::default();
    let (guest, with) = (td::guest(), Endorsements::Tdx(td::guest().collateral()));
    let anchors = td::anchors(&guest);
    let genuine = guest.quote(&td::report_data());
    let judge = |bytes: &[u8]| {
        let evidence = cloister_attestation::evidence::Evidence::parse(
            cloister_attestation::evidence::Tee::Tdx,
            bytes,
        );
        verdict(&cache, (evidence.unwrap(), &with), &anchors, td::NOW).map(drop)
    };
    judge(&genuine).unwrap();
    let mut forged = genuine;
    forged[td::HEADER + 136] ^= 1;
    let found = hits(&cache, || assert_eq!(judge(&forged), Err("tdx.quote.signature")));
    assert_eq!(found, 1);
}

#[test]
fn nothing_is_found_from_the_second_after_its_end() {
    let cache = EndorsementCache::default();
    let end = NOW.plus(Duration::from_secs(60));
    let ending = milan().with_vek_certificate(move |vek| vek.not_after = end);
    let with = Endorsements::Snp(ending.endorsements());
    let judge = |now| {
        let evidence = report(&ending, &REPORT_DATA);
        verdict(&cache, (evidence, &with), &pki().anchors(), now).map(drop)
    };
    judge(NOW).unwrap();
    assert_eq!(hits(&cache, || judge(end).unwrap()), 1);
    let after = end.plus(SECOND);
    assert_eq!(hits(&cache, || assert_eq!(judge(after), Err("snp.chain.validity"))), 0);
    let later = Endorsements::Snp(on_chip(9).endorsements());
    let evidence = report(&on_chip(9), &REPORT_DATA);
    cache.verify(evidence, &later, &pki().anchors(), after).unwrap();
    assert_eq!(cache.len(), 1, "what has ended went when something else was kept");
    let alone = EndorsementCache::default();
    alone.verify(report(&on_chip(9), &REPORT_DATA), &later, &pki().anchors(), NOW).unwrap();
    assert!(cache.bytes().abs_diff(alone.bytes()) < 64, "and its bytes with it");
}

#[test]
fn collateral_ends_with_the_first_of_its_documents() {
    let cache = EndorsementCache::default();
    let (guest, with) = (td::guest(), Endorsements::Tdx(td::guest().collateral()));
    let anchors = td::anchors(&guest);
    let evidence = quote(&guest, &td::report_data());
    let judge = |now| verdict(&cache, (evidence.clone(), &with), &anchors, now).map(drop);
    judge(td::NOW).unwrap();
    let end = td::ISSUED.plus(Duration::from_secs(30 * 86_400));
    assert_eq!(hits(&cache, || judge(end).unwrap()), 1);
    assert_eq!(hits(&cache, || assert!(judge(end.plus(SECOND)).is_err())), 0);
}

#[test]
fn a_report_that_fails_leaves_nothing_behind() {
    let cache = EndorsementCache::default();
    let forged = milan().with_signature_bytes(|signature| signature[0] ^= 1);
    assert_eq!(ask(&cache, &forged), Err("snp.signature"));
    assert!(cache.is_empty());
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn a_changed_policy_decides_anew_about_what_was_found() {
    let cache = EndorsementCache::default();
    let with = Endorsements::Snp(milan().endorsements());
    let verified = || {
        let evidence = report(&milan(), &ReportData::new([1; 64]));
        verdict(&cache, (evidence, &with), &pki().anchors(), NOW).unwrap()
    };
    let failures = |policy: &Policy| {
        let expected = Expected { report_data: Expect::Any, image: None };
        let result = appraise(&verified(), &expected, policy, NOW);
        result.failures().map(|check| check.code.id).collect::<Vec<_>>()
    };
    let mut policy = Policy::strict_for_simulator(pki().anchor().fingerprint());
    assert_eq!(failures(&policy), Vec::<&str>::new());
    policy.snp.as_mut().unwrap().platform.smt_en = Bit::Forbid;
    assert_eq!(hits(&cache, || assert_eq!(failures(&policy), ["snp.platform_info.smt_en"])), 1);
}

#[test]
fn a_step_taken_again_shows_the_time_of_this_report() {
    let cache = EndorsementCache::default();
    let with = Endorsements::Snp(milan().endorsements());
    let observed = |now| {
        let evidence = report(&milan(), &REPORT_DATA);
        let verified = cache.verify(evidence, &with, &pki().anchors(), now).unwrap();
        let mut checks = verified.checks().iter();
        checks.find(|check| check.code.id == "snp.chain.validity").unwrap().observed.to_string()
    };
    assert_eq!(observed(NOW), NOW.to_string());
    assert_eq!(observed(NOW.plus(SECOND)), NOW.plus(SECOND).to_string());
}
