//! Every byte of the endorsements and the anchors is the key.

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::cache::EndorsementCache;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp::{Endorsements as SnpEndorsements, Product};
use cloister_attestation::tdx::Collateral;
use cloister_attestation::verify::Endorsements;
use cloister_simulator::{Pki, SnpGuest, TdxGuest};

use super::{ask_with, hits, quote, report, verdict};
use crate::snp::guest::{ISSUED, NOW, REPORT_DATA, milan, pki};
use crate::tdx::guest as td;

type Part = fn(&mut SnpEndorsements) -> &mut Option<Vec<u8>>;

const PARTS: [Part; 4] = [
    |with| &mut with.vek,
    |with| &mut with.intermediate,
    |with| &mut with.root,
    |with| &mut with.crl,
];

#[test]
fn no_chain_is_found_with_a_byte_of_it_changed_anywhere() {
    let cache = EndorsementCache::default();
    let genuine = milan().endorsements();
    ask_with(&cache, &milan(), genuine.clone()).unwrap();
    for part in PARTS {
        let len = part(&mut genuine.clone()).as_ref().unwrap().len();
        for at in [0, len / 3, len - 1] {
            let mut with = genuine.clone();
            part(&mut with).as_mut().unwrap()[at] ^= 1;
            let found = hits(&cache, || assert!(ask_with(&cache, &milan(), with).is_err()));
            assert_eq!(found, 0, "byte {at} of {len}");
        }
    }
    assert_eq!(hits(&cache, || ask_with(&cache, &milan(), genuine).unwrap()), 1);
}

#[test]
fn no_chain_is_found_without_a_part_that_it_was_made_with() {
    let cache = EndorsementCache::default();
    let genuine = milan().endorsements();
    ask_with(&cache, &milan(), genuine.clone()).unwrap();
    for part in PARTS {
        let mut with = genuine.clone();
        *part(&mut with) = None;
        // With the rest alone it may verify or not: either way it is not found.
        assert_eq!(hits(&cache, || _ = ask_with(&cache, &milan(), with)), 0);
    }
}

#[test]
fn no_collateral_is_found_with_a_part_of_it_changed() {
    let cache = EndorsementCache::default();
    let (guest, parts) = (td::guest(), td::guest().collateral_parts());
    let anchors = td::anchors(&guest);
    let evidence = quote(&guest, &td::report_data());
    let judge = |json: &serde_json::Value| {
        let with = Collateral::from_json(&serde_json::to_vec(json).unwrap()).unwrap();
        let with = Endorsements::Tdx(with);
        verdict(&cache, (evidence.clone(), &with), &anchors, td::NOW).map(drop)
    };
    let genuine = serde_json::to_value(&parts).unwrap();
    judge(&genuine).unwrap();
    for name in genuine.as_object().unwrap().keys() {
        let mut changed = genuine.clone();
        let text = changed[name].as_str().unwrap();
        // A digit of hex, or a character of PEM or JSON: what reads stays, and its bytes differ.
        changed[name] = match text.strip_suffix('0') {
            Some(rest) => format!("{rest}1"),
            None if text.starts_with(['{', '-']) => format!("{text} "),
            None => format!("{}0", &text[..text.len() - 1]),
        }
        .into();
        assert_eq!(hits(&cache, || _ = judge(&changed)), 0, "{name}");
    }
    assert_eq!(hits(&cache, || judge(&genuine).unwrap()), 1);
}

#[test]
fn the_same_content_is_not_found_under_another_anchor() {
    let cache = EndorsementCache::default();
    let genuine = milan().endorsements();
    ask_with(&cache, &milan(), genuine.clone()).unwrap();
    let other = Pki::from_seed("core/snp/rogue", ISSUED);
    for anchors in [other.anchors(), Anchors::vendor()] {
        let with = Endorsements::Snp(genuine.clone());
        let evidence = report(&milan(), &REPORT_DATA);
        let judge = || verdict(&cache, (evidence, &with), &anchors, NOW).map(drop);
        assert_eq!(hits(&cache, || assert_eq!(judge(), Err("snp.chain.root"))), 0);
    }
}

#[test]
fn two_anchors_share_one_cache_and_no_entry() {
    let cache = EndorsementCache::default();
    let other = Pki::from_seed("core/snp/rogue", ISSUED);
    for (pki, guest) in [(pki(), milan()), (&other, SnpGuest::new(&other, Product::Milan))] {
        let with = Endorsements::Snp(guest.endorsements());
        let judge = || {
            let evidence = report(&guest, &REPORT_DATA);
            verdict(&cache, (evidence, &with), &pki.anchors(), NOW).unwrap();
        };
        assert_eq!(hits(&cache, judge), 0);
        assert_eq!(hits(&cache, judge), 1);
    }
    assert_eq!(cache.len(), 2);
}

/// Anchors that accept what `anchors` accepts, and are another simulator's for all that.
fn also_accepting(anchor: SimulatorAnchor, change: fn(&mut SimulatorAnchor)) -> [Anchors; 2] {
    let mut other = anchor.clone();
    change(&mut other);
    assert_ne!(anchor.fingerprint(), other.fingerprint());
    [anchor, other].map(Anchors::dangerous_simulator)
}

#[test]
fn of_two_anchors_that_accept_the_same_content_each_has_its_own_verdict() {
    let snp = also_accepting(pki().anchor(), |anchor| anchor.intel = Digest48::sha384(b"another"));
    let tdx = also_accepting(pki().anchor(), |anchor| anchor.milan = Digest48::sha384(b"another"));
    let guest = TdxGuest::new(pki());
    let (of_snp, of_tdx) =
        (Endorsements::Snp(milan().endorsements()), Endorsements::Tdx(guest.collateral()));
    let cases =
        [(snp, report(&milan(), &REPORT_DATA), of_snp), (tdx, quote(&guest, &REPORT_DATA), of_tdx)];
    for (anchors, evidence, with) in cases {
        let cache = EndorsementCache::default();
        for round in 0..2 {
            for (own, foreign) in [(0, 1), (1, 0)] {
                let judge = || verdict(&cache, (evidence.clone(), &with), &anchors[own], NOW);
                let before = cache.hits();
                let verified = judge().unwrap();
                assert_eq!(cache.hits() - before, round, "only its own is found again");
                assert_eq!(verified.simulator(), anchors[own].simulator_fingerprint().as_ref());
                let admits = |at: usize| {
                    let named = anchors[at].simulator_fingerprint().unwrap();
                    let policy = Policy::strict_for_simulator(named);
                    let expected = Expected { report_data: Expect::Any, image: None };
                    let result = appraise(&verified, &expected, &policy, NOW);
                    result.failures().all(|check| check.code.id != "appraise.anchor")
                };
                assert!(admits(own) && !admits(foreign));
            }
        }
    }
}
