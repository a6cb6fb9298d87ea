//! How much is kept, and that nobody can flush it or fill it for others.

use cloister_attestation::cache::{Bounds, EndorsementCache};
use cloister_attestation::limits::CACHE_ENTRIES_PER_MACHINE_MAX;
use cloister_attestation::snp::{Endorsements as SnpEndorsements, Product};
use cloister_attestation::verify::Endorsements;
use cloister_simulator::snp::Tcb;

use super::{ask, ask_with, hits, on_chip, quote, verdict};
use crate::snp::guest::{milan, on};
use crate::tdx::guest as td;

fn bounded(change: impl FnOnce(&mut Bounds)) -> EndorsementCache {
    let mut bounds = Bounds::default();
    change(&mut bounds);
    EndorsementCache::with_bounds(bounds)
}

#[test]
fn beyond_the_bound_the_entry_goes_that_was_not_used_for_longest() {
    let cache = bounded(|bounds| bounds.entries = 3);
    let with: Vec<_> = (0..4).map(|chip| on_chip(chip).endorsements()).collect();
    let judge =
        |chip: u8| ask_with(&cache, &on_chip(chip), with[usize::from(chip)].clone()).unwrap();
    (0..3).for_each(judge);
    judge(0);
    judge(3);
    assert_eq!(cache.len(), 3);
    for chip in [0, 2, 3] {
        assert_eq!(hits(&cache, || judge(chip)), 1, "{chip}");
    }
    assert_eq!(hits(&cache, || judge(1)), 0, "1 was not used for longest");
}

#[test]
fn the_bytes_are_bounded_and_counted_down_again() {
    let one = EndorsementCache::default();
    ask(&one, &on_chip(0)).unwrap();
    let size = one.bytes();
    assert!(size > on_chip(0).vek().len(), "{size}");
    let cache = bounded(|bounds| bounds.bytes = size * 5 / 2);
    for chip in 0..5 {
        ask(&cache, &on_chip(chip)).unwrap();
        assert!(cache.bytes() <= size * 5 / 2);
    }
    assert_eq!(cache.len(), 2);
    let none = bounded(|bounds| bounds.bytes = size / 2);
    ask(&none, &on_chip(0)).unwrap();
    assert!(none.is_empty(), "an entry beyond the bound is not kept, and nothing made room for it");
}

#[test]
fn one_machine_never_flushes_another() {
    let cache = bounded(|bounds| bounds.entries = CACHE_ENTRIES_PER_MACHINE_MAX + 1);
    let victim = on_chip(1).endorsements();
    ask_with(&cache, &on_chip(1), victim.clone()).unwrap();
    for microcode in 0..3 * u8::try_from(CACHE_ENTRIES_PER_MACHINE_MAX).unwrap() {
        let tcb = Tcb { microcode, ..Tcb::current(Product::Milan) };
        ask(&cache, &on_chip(2).with_tcb(tcb)).unwrap();
    }
    assert_eq!(cache.len(), CACHE_ENTRIES_PER_MACHINE_MAX + 1);
    assert_eq!(hits(&cache, || ask_with(&cache, &on_chip(1), victim).unwrap()), 1);
}

#[test]
fn many_spellings_of_one_certificate_chain_replace_each_other() {
    let cache = EndorsementCache::default();
    let with = Endorsements::Tdx(td::guest().collateral());
    let anchors = td::anchors(&td::guest());
    for _ in 0..3 * CACHE_ENTRIES_PER_MACHINE_MAX {
        // The simulator signs the chain anew for each quote, and ECDSA signatures are randomised.
        let evidence = quote(&td::guest(), &td::report_data());
        verdict(&cache, (evidence, &with), &anchors, td::NOW).unwrap();
    }
    assert_eq!(cache.len(), CACHE_ENTRIES_PER_MACHINE_MAX + 1, "and their collateral");
}

#[test]
fn what_rests_on_more_documents_than_can_be_remembered_is_not_kept() {
    let cache = bounded(|bounds| bounds.documents = 1);
    ask(&cache, &milan()).unwrap();
    ask(&cache, &on(Product::Turin)).unwrap();
    assert_eq!(cache.len(), 1);
    let machine = milan().endorsements();
    ask_with(&cache, &milan(), machine.clone()).unwrap();
    assert_eq!(hits(&cache, || ask_with(&cache, &milan(), machine).unwrap()), 1);
}

#[test]
fn a_bound_of_zero_keeps_nothing_and_changes_no_verdict() {
    let zeros: [fn(&mut Bounds); 4] = [
        |bounds| bounds.entries = 0,
        |bounds| bounds.bytes = 0,
        |bounds| bounds.per_machine = 0,
        |bounds| bounds.documents = 0,
    ];
    for (at, zero) in zeros.into_iter().enumerate() {
        let cache = bounded(zero);
        let machine = milan().endorsements();
        let without = SnpEndorsements { crl: None, ..machine.clone() };
        for with in [machine.clone(), without, machine] {
            let judge = || ask_with(&cache, &milan(), with).unwrap();
            assert_eq!(hits(&cache, judge), 0, "bound {at}");
        }
        let guest = td::guest();
        let with = Endorsements::Tdx(guest.collateral());
        let evidence = quote(&guest, &td::report_data());
        for _ in 0..2 {
            let verdict = verdict(&cache, (evidence.clone(), &with), &td::anchors(&guest), td::NOW);
            assert!(verdict.is_ok());
        }
        assert_eq!((cache.len(), cache.bytes(), cache.hits()), (0, 0, 0), "bound {at}");
    }
}

#[test]
fn a_bound_of_one_keeps_one() {
    let ones: [fn(&mut Bounds); 3] = [
        |bounds| bounds.entries = 1,
        |bounds| bounds.per_machine = 1,
        |bounds| bounds.documents = 1,
    ];
    for (at, one) in ones.into_iter().enumerate() {
        let cache = bounded(one);
        let machine = milan().endorsements();
        for found in [0, 1] {
            let judge = || ask_with(&cache, &milan(), machine.clone()).unwrap();
            assert_eq!(hits(&cache, judge), found, "bound {at}");
        }
        assert_eq!(cache.len(), 1, "bound {at}");
    }
}
