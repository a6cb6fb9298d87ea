//! Logs that grew are taken; whatever else is shown is kept as what it is.

use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;
use cloister_attestation::time::UnixTime;
use cloister_audit::{
    AuditError, Checkpoint, ConsistencyProof, Hash, Offer, Origin, Range, SignedCheckpoint,
};
use tempfile::TempDir;

use super::Shown;
use crate::limits::CHECKPOINTS_KEPT;
use crate::store::tests::{NOW, admitted, open, operation, tuple};
use crate::store::{EventKind, Objection, Store};

/// One boot of a runtime, which signs whatever a test wants.
struct Runtime(SigningKey);

impl Runtime {
    fn boot() -> Self {
        Self(SigningKey::generate().unwrap())
    }

    fn origin(&self) -> Origin {
        Origin {
            trust_domain: "example.org".into(),
            agent: "translator".into(),
            identity_key: self.0.public().spki().to_vec(),
        }
    }

    fn instance(&self) -> String {
        self.origin().instance()
    }

    fn sign(&self, size: u64, root: Hash) -> SignedCheckpoint {
        let checkpoint = Checkpoint::new(self.origin(), size, root, NOW);
        SignedCheckpoint::sign::<AuditError>(&checkpoint, |typ, payload| {
            let header = Header { kid: b"", typ: Some(typ) };
            Ok(cose::sign(&header, payload, |form| self.0.sign(form)).unwrap())
        })
        .unwrap()
    }

    /// The log of the first `size` records, shown to somebody who has the first `held`.
    fn offer(&self, held: Option<u64>, size: u64) -> Offer {
        let leaves: Vec<Hash> = (0..size).map(|n| Hash::leaf(&n.to_be_bytes())).collect();
        let mut tree = Range::from(0);
        leaves.iter().for_each(|leaf| tree.append(*leaf));
        let proofs = held.map(|held| ConsistencyProof::new(&leaves, held).unwrap());
        Offer { checkpoint: self.sign(size, tree.root()), proofs: proofs.into_iter().collect() }
    }

    fn fork(&self, size: u64) -> Offer {
        let checkpoint = self.sign(size, Hash::of(b"another history"));
        Offer { checkpoint, proofs: Vec::new() }
    }
}

fn shown<'a>(checkpoint: &'a SignedCheckpoint, witness: Option<&'a str>) -> Shown<'a> {
    Shown { agent: "translator", checkpoint, witness, at: NOW }
}

async fn show(store: &Store, offer: &Offer) -> Result<(), AuditError> {
    store.show_checkpoint(offer, shown(&offer.checkpoint, None)).await.unwrap()
}

/// Conflicts on record: reason, held, shown and witness.
async fn conflicts(store: &Store) -> Vec<(String, Vec<u8>, Vec<u8>, Option<String>)> {
    let records = store.checkpoints().await.unwrap();
    let conflicts = records.into_iter().flat_map(|record| record.conflicts);
    conflicts.map(|it| (it.reason, it.held, it.shown, it.witness)).collect()
}

/// A store in which `runtime` holds a lease that was given on `offer`.
async fn leased(folder: &TempDir, runtime: &Runtime, offer: Option<Offer>) -> Store {
    let (store, tuple) = (open(folder).await, tuple("1"));
    let admit = operation("image.admit", "");
    store.admit_images(std::slice::from_ref(&tuple), &admit).await.unwrap().unwrap();
    let mut admitted = admitted(&runtime.instance(), "translator", 1, &tuple);
    admitted.log = offer;
    store.admit(admitted).await.unwrap().unwrap();
    store
}

/// The next lease of `runtime`.
async fn renew(
    store: &Store,
    runtime: &Runtime,
    nonce: u8,
    log: Option<Offer>,
) -> Result<(), Objection> {
    let mut admitted = admitted(&runtime.instance(), "translator", nonce, &tuple("1"));
    admitted.log = log;
    store.admit(admitted).await.unwrap()
}

#[tokio::test]
async fn a_log_that_grows_is_taken_and_the_newest_is_listed() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::boot());
    let store = open(&folder).await;
    for (held, size) in [(None, 1), (Some(1), 4), (Some(4), 4), (Some(4), 9)] {
        assert_eq!(show(&store, &runtime.offer(held, size)).await, Ok(()), "{held:?} {size}");
    }
    let records = store.checkpoints().await.unwrap();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.size, &record.instance), (9, &runtime.instance()));
    let signed = SignedCheckpoint::parse(&record.signed).unwrap();
    assert_eq!(
        (signed.checkpoint().size, signed.checkpoint().root.to_string()),
        (9, record.root.clone())
    );
    assert_eq!(store.conflicts().await.unwrap(), 0);
}

#[tokio::test]
async fn a_fork_is_kept_as_its_two_signatures_and_takes_the_leases_away_for_good() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::boot());
    let honest = runtime.offer(None, 4);
    let store = leased(&folder, &runtime, Some(honest.clone())).await;
    let fork = runtime.fork(4);
    assert_eq!(show(&store, &fork).await, Err(AuditError::Fork { size: 4 }));
    let kept = (honest.checkpoint.bytes().to_vec(), fork.checkpoint.bytes().to_vec());
    let expected = ("audit.fork".to_owned(), kept.0, kept.1, None);
    assert_eq!(conflicts(&store).await, std::slice::from_ref(&expected));
    let instance = store.instance(&runtime.instance()).await.unwrap().unwrap();
    assert_eq!(instance.revocation.as_deref(), Some("audit.fork"));
    let events = store.events_after(0).await.unwrap();
    assert!(matches!(&events[0].kind, EventKind::Revoked { reason, .. } if reason == "audit.fork"));
    // Not even on the log that was shown first, and nothing is announced twice.
    let again = runtime.offer(Some(4), 5);
    assert_eq!(renew(&store, &runtime, 2, Some(again)).await, Err(Objection::Revoked));
    assert!(show(&store, &fork).await.is_err());
    assert_eq!(conflicts(&store).await, [expected]);
    assert_eq!(store.events_after(0).await.unwrap().len(), events.len());
}

#[tokio::test]
async fn a_log_that_went_back_or_proves_nothing_buys_no_lease_and_is_on_record() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::boot());
    let store = leased(&folder, &runtime, Some(runtime.offer(None, 4))).await;
    for (nonce, wrong) in [
        (2, runtime.offer(None, 9)),
        (3, runtime.offer(Some(3), 9)),
        (4, runtime.offer(Some(2), 3)),
    ] {
        let refused = renew(&store, &runtime, nonce, Some(wrong.clone())).await;
        assert_eq!(refused, Err(Objection::Log));
        assert!(matches!(show(&store, &wrong).await, Err(AuditError::Equivocation { .. })));
    }
    assert_eq!(conflicts(&store).await.len(), 1, "the first is kept");
    // Nothing of it counts, and the log that grew is still taken.
    assert_eq!(renew(&store, &runtime, 5, None).await, Err(Objection::NoLog));
    assert_eq!(renew(&store, &runtime, 6, Some(runtime.offer(Some(4), 6))).await, Ok(()));
    assert_eq!(store.checkpoints().await.unwrap()[0].size, 6);
}

#[tokio::test]
async fn a_runtime_that_keeps_no_log_is_admitted_until_it_shows_one() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::boot());
    let store = leased(&folder, &runtime, None).await;
    assert_eq!(renew(&store, &runtime, 2, None).await, Ok(()));
    assert_eq!(renew(&store, &runtime, 3, Some(runtime.offer(None, 1))).await, Ok(()));
    assert_eq!(renew(&store, &runtime, 4, None).await, Err(Objection::NoLog));
}

#[tokio::test]
async fn what_a_peer_was_shown_is_compared_with_what_was_shown_here() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::boot());
    let store = leased(&folder, &runtime, Some(runtime.offer(None, 4))).await;
    show(&store, &runtime.offer(Some(4), 9)).await.unwrap();
    let witness = "ab".repeat(16);
    let compare = async |offer: Offer| {
        store.compare_checkpoint(shown(&offer.checkpoint, Some(&witness))).await.unwrap()
    };
    for same in [4, 9] {
        assert_eq!(compare(runtime.offer(None, same)).await, None);
    }
    // Before everything that is kept, and of a runtime that nobody knows.
    assert_eq!(compare(runtime.fork(2)).await, None);
    assert_eq!(compare(Runtime::boot().fork(4)).await, None);
    assert_eq!(conflicts(&store).await, []);
    // What was never shown here is no proof of anything, and does not go unnoticed.
    let unseen = compare(runtime.offer(None, 12)).await;
    assert_eq!(unseen, Some(AuditError::Equivocation { earlier: 9, later: 12 }));
    assert_eq!(store.instance(&runtime.instance()).await.unwrap().unwrap().revocation, None);
    let fork = runtime.fork(4);
    assert_eq!(compare(fork.clone()).await, Some(AuditError::Fork { size: 4 }));
    let found = conflicts(&store).await;
    let found = found.iter().find(|conflict| conflict.0 == "audit.fork").unwrap();
    assert_eq!((&found.2[..], found.3.as_ref()), (fork.checkpoint.bytes(), Some(&witness)));
    let instance = store.instance(&runtime.instance()).await.unwrap().unwrap();
    assert_eq!(instance.revocation.as_deref(), Some("audit.fork"));
}

#[tokio::test]
async fn so_many_checkpoints_are_kept_and_they_end_with_their_verdicts() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::boot());
    let store = open(&folder).await;
    let kept = u64::from(CHECKPOINTS_KEPT);
    for size in 1..kept + 20 {
        let held = (size > 1).then_some(size - 1);
        show(&store, &runtime.offer(held, size)).await.unwrap();
    }
    let sql = "SELECT size FROM checkpoints ORDER BY size";
    let sizes: Vec<(i64,)> = sqlx::query_as(sql).fetch_all(&store.pool).await.unwrap();
    assert_eq!(sizes.len(), usize::try_from(kept).unwrap());
    assert_eq!(sizes[0].0, 20);
    store.forget(NOW).await.unwrap();
    assert_eq!(store.checkpoints().await.unwrap().len(), 1);
    let later = UnixTime::from_secs(NOW.as_secs() + 91 * 24 * 60 * 60);
    store.forget(later).await.unwrap();
    assert_eq!(store.checkpoints().await.unwrap(), []);
}
