//! Checkpoints: signed by the key that they name, and each the extension of the one before.

use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;
use cloister_audit::{
    AuditError, CHECKPOINT_TYPE, Checkpoint, ConsistencyProof, Hash, SignedCheckpoint,
    Statement as _, check_extension,
};

use crate::logs::{Log, origin, sign, time};

#[test]
fn a_checkpoint_is_read_as_it_was_signed() {
    let mut log = Log::new();
    let signed = log.checkpoint();
    assert_eq!(SignedCheckpoint::parse(signed.bytes()), Ok(signed));
}

#[test]
fn every_bit_of_a_checkpoint_counts() {
    let signed = Log::new().checkpoint();
    for at in 0..signed.bytes().len() {
        let mut changed = signed.bytes().to_vec();
        changed[at] ^= 1;
        assert!(SignedCheckpoint::parse(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn a_checkpoint_that_another_key_signed_is_refused() {
    let (own, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let checkpoint = Checkpoint::new(origin(&own), 1, Hash::of(b""), time(1));
    let header = Header { kid: b"", typ: Some(CHECKPOINT_TYPE) };
    let payload = checkpoint.payload().unwrap();
    let forged = cose::sign(&header, &payload, |form| other.sign(form)).unwrap();
    assert_eq!(SignedCheckpoint::parse(&forged), Err(AuditError::Signature));
}

#[test]
fn what_the_key_signed_for_another_purpose_is_no_checkpoint() {
    let key = SigningKey::generate().unwrap();
    let payload = Checkpoint::new(origin(&key), 1, Hash::of(b""), time(1)).payload().unwrap();
    for typ in [None, Some("application/other")] {
        let message = cose::sign(&Header { kid: b"", typ }, &payload, |form| key.sign(form));
        let refused = SignedCheckpoint::parse(&message.unwrap());
        assert!(matches!(refused, Err(AuditError::Checkpoint(_))), "{typ:?}");
    }
}

#[test]
fn a_log_that_grew_extends_its_earlier_checkpoint() {
    let mut log = Log::new();
    let earlier = log.checkpoint();
    for _ in 0..5 {
        log.call();
    }
    let later = log.checkpoint();
    let proof = ConsistencyProof::new(&log.leaves(), earlier.checkpoint().size).unwrap();
    assert_eq!(check_extension(earlier.checkpoint(), later.checkpoint(), &proof), Ok(()));
}

#[test]
fn a_rewritten_log_extends_nothing() {
    let mut log = Log::new();
    log.call();
    let earlier = log.checkpoint();
    let mut rewritten = Log::new();
    rewritten.call();
    rewritten.call();
    let checkpoint = Checkpoint::new(
        origin(&log.key),
        rewritten.tree.end(),
        // The same size as an honest log would have, over other records.
        Hash::of(b"rewritten"),
        time(9),
    );
    let later = sign(&log.key, &checkpoint);
    let proof = ConsistencyProof::new(&rewritten.leaves(), earlier.checkpoint().size).unwrap();
    let refused = check_extension(earlier.checkpoint(), later.checkpoint(), &proof);
    assert_eq!(refused, Err(AuditError::Equivocation { earlier: 3, later: 5 }));
}

#[test]
fn two_checkpoints_of_one_size_and_two_roots_are_equivocation() {
    let log = Log::new();
    let (one, two) = (log.signed(4, Hash::of(b"1")), log.signed(4, Hash::of(b"2")));
    let proof = ConsistencyProof { from: 4, to: 4, path: Vec::new() };
    assert_eq!(
        check_extension(one.checkpoint(), two.checkpoint(), &proof),
        Err(AuditError::Equivocation { earlier: 4, later: 4 })
    );
    assert_eq!(check_extension(one.checkpoint(), one.checkpoint(), &proof), Ok(()));
}

#[test]
fn a_shorter_log_an_older_date_and_another_runtime_are_no_extension() {
    let mut log = Log::new();
    let small = log.checkpoint();
    log.call();
    let large = log.checkpoint();
    let proof = ConsistencyProof::new(&log.leaves(), small.checkpoint().size).unwrap();
    let back = ConsistencyProof { from: proof.to, to: proof.from, path: proof.path.clone() };
    let equivocation = |refused| matches!(refused, Err(AuditError::Equivocation { .. }));
    let (small, large) = (small.checkpoint(), large.checkpoint());
    assert!(equivocation(check_extension(large, small, &back)));
    let mut older = large.clone();
    older.at = time(0);
    assert!(equivocation(check_extension(small, &older, &proof)));
    let mut foreign = large.clone();
    foreign.origin = origin(&Log::new().key);
    assert!(equivocation(check_extension(small, &foreign, &proof)));
    assert_eq!(check_extension(small, large, &proof), Ok(()));
}
