//! Logs that are shown to others: what is believed, what is not, and what that proves.

use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;
use cloister_audit::record::Vouched;
use cloister_audit::{
    Audience, AuditError, COSIGNATURE_TYPE, Checkpoint, ConsistencyProof, Cosignature, Event,
    Exchange, Growth, Hash, OFFERED_PROOFS_MAX, OFFERS_UNANSWERED_MAX, Observer, Offer, Seen,
    SignedCheckpoint, SignedCosignature, Statement as _, WITNESSES_MAX, Witness,
};
use proptest::prelude::*;

use crate::logs::{Log, origin, peer, sign, sign_as, time};

/// What `log` shows now to somebody who holds its first `held` records.
fn offer(log: &mut Log, held: &[u64]) -> Offer {
    let checkpoint = log.checkpoint();
    let proofs = held.iter().map(|held| ConsistencyProof::new(&log.leaves(), *held).unwrap());
    Offer { checkpoint, proofs: proofs.collect() }
}

/// Another log of the same runtime.
fn forked(log: &Log, size: u64) -> Offer {
    let checkpoint = log.signed(size, Hash::of(b"another history"));
    Offer { checkpoint, proofs: Vec::new() }
}

fn cosigned(offer: &Offer, key: &SigningKey, since: u64) -> SignedCosignature {
    let cosignature = Cosignature::over(offer.checkpoint.checkpoint(), origin(key), since, time(1));
    sign_as(key, &cosignature)
}

#[test]
fn a_log_that_grew_is_followed_from_the_first_size_on() {
    let (mut log, mut witness) = (Log::new(), Witness::default());
    let mut held = 0;
    for round in 0..20 {
        let offer = offer(&mut log, &[held]);
        let first = 1;
        assert_eq!(witness.take(&offer), Ok(Seen { since: first, gap: None }), "{round}");
        // Shown again, it is what it was.
        assert_eq!(witness.take(&offer), Ok(Seen { since: first, gap: None }));
        held = offer.checkpoint.checkpoint().size;
        log.call();
    }
    assert_eq!(witness.newest().count(), 1);
}

#[test]
fn two_logs_of_one_size_are_a_fork_and_what_was_seen_first_stays() {
    let (mut log, mut witness) = (Log::new(), Witness::default());
    let honest = offer(&mut log, &[]);
    witness.take(&honest).unwrap();
    let fork = AuditError::Fork { size: 1 };
    let other = forked(&log, 1);
    assert_eq!(witness.take(&other), Err(fork));
    assert!(witness.take(&honest).is_ok());
    // Both are there to be told.
    let told: Vec<_> = witness.newest().collect();
    assert_eq!(told, [&honest.checkpoint, &other.checkpoint]);
}

#[test]
fn a_log_that_proves_nothing_is_followed_anew_and_an_older_one_is_refused() {
    let (mut log, mut witness) = (Log::new(), Witness::default());
    let old = offer(&mut log, &[]);
    witness.take(&old).unwrap();
    log.call();
    let unproved = offer(&mut log, &[]);
    let gap = AuditError::Equivocation { earlier: 1, later: 3 };
    assert_eq!(witness.take(&unproved), Ok(Seen { since: 3, gap: Some(gap) }));
    let back = AuditError::Equivocation { earlier: 3, later: 1 };
    assert_eq!(witness.take(&old), Err(back));
    // A proof about other trees is none.
    log.call();
    let mut other = offer(&mut log, &[3]);
    other.proofs[0].path[0] = Hash::of(b"other");
    let gap = AuditError::Equivocation { earlier: 3, later: 5 };
    assert_eq!(witness.take(&other), Ok(Seen { since: 5, gap: Some(gap) }));
}

#[test]
fn an_offer_says_nothing_about_the_log_of_another_runtime() {
    let (mut log, mut other) = (Log::new(), Log::new());
    let held = other.checkpoint();
    let refused = offer(&mut log, &[1]).extends(held.checkpoint());
    assert!(matches!(refused, Err(AuditError::Origin { .. })));
    // Nor does its size make it a fork.
    let mut witness = Witness::default();
    witness.take(&offer(&mut log, &[])).unwrap();
    assert!(witness.take(&forked(&other, 1)).is_ok());
}

#[test]
fn as_many_logs_are_followed_as_may_be_and_the_latest_stay() {
    let mut witness = Witness::default();
    let mut logs: Vec<Log> = (0..=WITNESSES_MAX).map(|_| Log::new()).collect();
    let offers: Vec<Offer> = logs.iter_mut().map(|log| offer(log, &[])).collect();
    for offer in &offers {
        witness.take(offer).unwrap();
        witness.take(&offers[1]).unwrap();
    }
    let kept: Vec<_> = witness.newest().collect();
    assert_eq!(kept.len(), WITNESSES_MAX);
    assert!(!kept.contains(&&offers[0].checkpoint));
    assert!(kept.contains(&&offers[1].checkpoint));
}

#[test]
fn every_lost_answer_can_be_made_up_for() {
    let (mut log, mut audience) = (Log::new(), Audience::default());
    let (mut growth, mut taken) = (Growth::default(), 0_usize);
    let observer = Observer::Peer("00".into());
    let mut held: Option<SignedCheckpoint> = None;
    for round in 0_u32..60 {
        log.call();
        log.leaves()[taken..].iter().for_each(|leaf| growth.append(*leaf));
        taken = log.leaves().len();
        let again = audience.unanswered(&observer).cloned();
        let checkpoint = again.unwrap_or_else(|| log.checkpoint());
        growth.mark();
        let size = checkpoint.checkpoint().size;
        let proofs: Vec<_> =
            audience.sizes(&observer).map(|from| growth.proof(from, size).unwrap()).collect();
        assert!(proofs.len() <= OFFERED_PROOFS_MAX);
        audience.offer(observer.clone(), &checkpoint);
        growth.keep(|size| audience.needs(size));
        // It arrives in two rounds of three, and its answer in one of five.
        if round % 3 != 1 {
            let offer = Offer { checkpoint: checkpoint.clone(), proofs };
            if let Some(held) = &held {
                assert_eq!(offer.extends(held.checkpoint()), Ok(()), "round {round}");
            }
            held = Some(checkpoint);
            if round % 5 == 0 {
                audience.accept(&observer, size);
                assert_eq!(audience.sizes(&observer).collect::<Vec<_>>(), [size]);
            }
        }
    }
}

#[test]
fn what_was_never_offered_cannot_be_accepted() {
    let (mut log, mut audience) = (Log::new(), Audience::default());
    let checkpoint = log.checkpoint();
    audience.offer(Observer::Verifier, &checkpoint);
    for (observer, size) in [(Observer::Verifier, 2), (Observer::Peer("a".into()), 1)] {
        audience.accept(&observer, size);
        assert_eq!(audience.sizes(&observer).count(), usize::from(observer == Observer::Verifier));
    }
    assert_eq!(audience.offered(&Observer::Verifier, 1), Some(&checkpoint));
    audience.accept(&Observer::Verifier, 1);
    assert_eq!(audience.offered(&Observer::Verifier, 1), None);
    assert_eq!(audience.held(&Observer::Verifier), Some(&checkpoint));
    assert!(audience.needs(1) && !audience.needs(2));
}

#[test]
fn an_audience_is_bounded_and_the_verifier_never_forgotten() {
    let (mut log, mut audience) = (Log::new(), Audience::default());
    let checkpoint = log.checkpoint();
    audience.offer(Observer::Verifier, &checkpoint);
    let peer = |number: usize| Observer::Peer(format!("{number:04}"));
    for number in 0..WITNESSES_MAX {
        assert!(audience.admits(&peer(number)));
        audience.offer(peer(number), &checkpoint);
    }
    assert!(!audience.admits(&peer(WITNESSES_MAX)), "nobody left");
    assert!(audience.admits(&peer(0)) && audience.admits(&Observer::Verifier));
    // In the place of whoever left longest ago; the Verifier's is its own.
    audience.leave(&peer(7));
    audience.leave(&peer(3));
    audience.leave(&Observer::Verifier);
    audience.offer(peer(WITNESSES_MAX), &checkpoint);
    let known = |observer: &Observer| audience.sizes(observer).count() > 0;
    assert!(known(&Observer::Verifier) && known(&peer(7)) && !known(&peer(3)));
    // Whoever is shown something again has not left.
    audience.offer(peer(7), &checkpoint);
    assert!(!audience.admits(&peer(3)));
    for _ in 0..10 {
        audience.offer(Observer::Verifier, &checkpoint);
        log.call();
        let next = log.checkpoint();
        if audience.unanswered(&Observer::Verifier).is_none() {
            audience.offer(Observer::Verifier, &next);
        }
    }
    assert_eq!(audience.sizes(&Observer::Verifier).count(), OFFERS_UNANSWERED_MAX);
}

#[test]
fn messages_are_read_as_they_were_written_and_in_no_other_form() {
    let (mut log, key) = (Log::new(), SigningKey::generate().unwrap());
    log.call();
    let offer = offer(&mut log, &[1, 2, 3]);
    let cosignature = cosigned(&offer, &key, 1);
    let parts = [(true, true), (true, false), (false, true), (false, false)];
    for (with_offer, with_cosignature) in parts {
        let message = Exchange {
            offer: with_offer.then(|| offer.clone()),
            cosignature: with_cosignature.then(|| cosignature.clone()),
        };
        let bytes = message.encode();
        assert_eq!(Exchange::decode(&bytes), Ok(message));
        for len in 0..bytes.len() {
            assert!(Exchange::decode(&bytes[..len]).is_err(), "cut at {len}");
        }
        assert!(Exchange::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
    let mut many = offer.clone();
    many.proofs = vec![offer.proofs[0].clone(); OFFERED_PROOFS_MAX + 1];
    let bytes = Exchange { offer: Some(many), cosignature: None }.encode();
    assert_eq!(Exchange::decode(&bytes), Err(AuditError::Proof));
    assert_eq!(Exchange::decode(&vec![0; 1 << 20]), Err(AuditError::Message));
}

#[test]
fn a_cosignature_is_the_witnesses_own_word_about_one_log() {
    let (mut log, key) = (Log::new(), SigningKey::generate().unwrap());
    let shown = offer(&mut log, &[]);
    let signed = cosigned(&shown, &key, 1);
    assert_eq!(SignedCosignature::parse(signed.bytes()), Ok(signed.clone()));
    assert!(signed.statement().is_over(shown.checkpoint.checkpoint()));
    log.call();
    let later = log.checkpoint();
    assert!(!signed.statement().is_over(later.checkpoint()));
    assert!(!signed.statement().is_over(Log::new().checkpoint().checkpoint()));
    for at in 0..signed.bytes().len() {
        let mut changed = signed.bytes().to_vec();
        changed[at] ^= 1;
        assert!(SignedCosignature::parse(&changed).is_err(), "byte {at}");
    }
    // Signed by another key, as another thing, or about no tree.
    let other = SigningKey::generate().unwrap();
    let payload = signed.statement().payload().unwrap();
    for (signer, typ, payload) in [
        (&other, Some(COSIGNATURE_TYPE), payload.clone()),
        (&key, None, payload),
        (&key, Some(COSIGNATURE_TYPE), cosigned_since(&shown, &key, 9).payload().unwrap()),
    ] {
        let forged = cose::sign(&Header { kid: b"", typ }, &payload, |form| signer.sign(form));
        assert!(SignedCosignature::parse(&forged.unwrap()).is_err(), "{typ:?}");
    }
    // A checkpoint is no cosignature, and a cosignature no checkpoint.
    assert!(SignedCheckpoint::parse(signed.bytes()).is_err());
    assert!(SignedCosignature::parse(shown.checkpoint.bytes()).is_err());
}

fn cosigned_since(offer: &Offer, key: &SigningKey, since: u64) -> Cosignature {
    Cosignature::over(offer.checkpoint.checkpoint(), origin(key), since, time(1))
}

#[test]
fn a_log_tells_who_vouches_for_it_and_cannot_be_vouched_for_as_it_never_was() {
    let (mut log, key) = (Log::new(), SigningKey::generate().unwrap());
    let shown = offer(&mut log, &[]);
    let vouched = |signed: &SignedCosignature| {
        Event::Vouched(Vouched { peer: peer(), cosignature: signed.bytes().to_vec() })
    };
    log.push(vouched(&cosigned(&shown, &key, 1)));
    let later = offer(&mut log, &[]);
    log.push(vouched(&cosigned(&later, &key, 1)));
    let progress = crate::log::replayed(&log).unwrap();
    let [vouch] = progress.witnesses.as_slice() else { panic!("{progress:?}") };
    assert_eq!((vouch.since, vouch.size), (1, 2));
    assert_eq!(vouch.instance, origin(&key).instance());

    let elsewhere = offer(&mut Log::new(), &[]);
    let never = Offer { checkpoint: log.signed(2, Hash::of(b"never")), proofs: Vec::new() };
    let unsigned = Offer { checkpoint: log.signed(3, log.tree.root()), proofs: Vec::new() };
    for wrong in [elsewhere, never, unsigned] {
        let mut other = log.copied();
        other.push(vouched(&cosigned(&wrong, &key, 1)));
        let refused = crate::log::replayed(&other);
        assert!(matches!(refused, Err(AuditError::Cosignature(_))), "{refused:?}");
    }
    let mut forged = cosigned(&shown, &key, 1).bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    log.push(Event::Vouched(Vouched { peer: peer(), cosignature: forged }));
    assert_eq!(crate::log::replayed(&log), Err(AuditError::Signature));
}

#[test]
fn contradiction_is_one_size_and_two_roots_of_one_runtime() {
    let (log, other) = (Log::new(), Log::new());
    let at = |log: &Log, size, root: &[u8]| -> Checkpoint {
        sign(&log.key, &Checkpoint::new(origin(&log.key), size, Hash::of(root), time(1)))
            .checkpoint()
            .clone()
    };
    let one = at(&log, 4, b"1");
    assert!(one.contradicts(&at(&log, 4, b"2")));
    for same in [at(&log, 4, b"1"), at(&log, 5, b"2"), at(&other, 4, b"2")] {
        assert!(!one.contradicts(&same));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_are_the_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(message) = Exchange::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }
}
