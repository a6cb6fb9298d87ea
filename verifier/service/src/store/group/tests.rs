//! Admissions in one transaction: durable before they are answered, each on its own merits, in the
//! order in which they came.

use std::fs;
use std::path::Path;

use cloister_attestation::reference::ReferenceTuple;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::limits::ADMISSIONS_WRITTEN_MAX;
use crate::store::tests::{NOW, admitted, open, operation, tuple};
use crate::store::{Admitted, Objection, Outcome, Store, StoreError};

/// A store with one admitted image.
async fn with_image(folder: &TempDir) -> (Store, ReferenceTuple) {
    let (store, tuple) = (open(folder).await, tuple("1"));
    let admit = operation("image.admit", "");
    store.admit_images(std::slice::from_ref(&tuple), &admit).await.unwrap().unwrap();
    (store, tuple)
}

type Pending = JoinHandle<Result<Result<(), Objection>, StoreError>>;

/// Lets all of `asking` wait, in their order, while somebody else writes; then lets them go.
async fn together(store: &Store, asking: Vec<Admitted>) -> Vec<Pending> {
    let other = store.write().await.unwrap();
    let mut pending = Vec::new();
    for admitted in asking {
        let store = store.clone();
        pending.push(tokio::spawn(async move { store.admit(admitted).await }));
        // On the one thread of this test the task runs up to where it waits.
        tokio::task::yield_now().await;
    }
    assert!(pending.iter().all(|pending| !pending.is_finished()), "nobody is answered yet");
    other.rollback().await.unwrap();
    pending
}

/// Transactions in the write-ahead log.
///
/// SPEC: SQLite file format, section 4.1: a frame header of 24 bytes whose second field is not zero
/// ends a transaction.
fn transactions(folder: &TempDir) -> usize {
    let log = fs::read(folder.path().join("verifier.sqlite-wal")).unwrap();
    let page = usize::try_from(u32::from_be_bytes(log[8..12].try_into().unwrap())).unwrap();
    let frames = log[32..].chunks_exact(24 + page);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

/// A disk that takes no commit in which `agent` is admitted, as a deferred constraint.
async fn uncommittable(store: &Store, agent: &str) {
    for sql in [
        "CREATE TABLE absent (id BIGINT PRIMARY KEY)".to_owned(),
        "CREATE TABLE held (id BIGINT REFERENCES absent (id) DEFERRABLE INITIALLY DEFERRED)"
            .to_owned(),
        format!(
            "CREATE TRIGGER hold AFTER INSERT ON verdicts WHEN NEW.agent = '{agent}'
             BEGIN INSERT INTO held VALUES (1); END"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&store.pool).await.unwrap();
    }
}

#[tokio::test]
async fn who_waits_at_the_same_time_shares_a_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_image(&folder).await;
    let before = transactions(&folder);
    let asking = (1..=20).map(|at| admitted(&format!("i{at}"), "a", at, &tuple)).collect();
    for pending in together(&store, asking).await {
        assert_eq!(pending.await.unwrap().unwrap(), Ok(()));
    }
    assert_eq!(transactions(&folder) - before, 1);
    assert_eq!(store.leases_live(NOW).await.unwrap(), 20);
    assert_eq!(store.verdicts(Outcome::Admitted).await.unwrap(), 20);
}

/// Whatever a process does once it has answered, the disk has the admission: another process that
/// opens what is there at that moment finds it.
#[tokio::test]
async fn what_is_answered_is_on_disk_whenever_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_image(&folder).await;
    for at in 1..=5 {
        let instance = format!("i{at}");
        assert_eq!(store.admit(admitted(&instance, "a", at, &tuple)).await.unwrap(), Ok(()));
        let (_copy, found) = left_behind(folder.path()).await;
        assert!(found.instance(&instance).await.unwrap().is_some());
        assert_eq!(found.verdicts(Outcome::Admitted).await.unwrap(), u64::from(at));
    }
}

/// A store over a copy of what is in `folder` now, as after a crash.
async fn left_behind(folder: &Path) -> (TempDir, Store) {
    let copy = tempfile::tempdir().unwrap();
    for name in ["verifier.sqlite", "verifier.sqlite-wal"] {
        fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    let store = open(&copy).await;
    (copy, store)
}

#[tokio::test]
async fn the_disk_is_waited_for_with_every_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_image(&folder).await;
    let mut write = store.write().await.unwrap();
    // SPEC: SQLite pragma synchronous: 2 is FULL, which syncs the log after each transaction.
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *write).await.unwrap();
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *write).await.unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"));
}

#[tokio::test]
async fn what_cannot_be_committed_is_not_acknowledged_and_fails_no_neighbour() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_image(&folder).await;
    uncommittable(&store, "b").await;
    let asking = [("i1", "a"), ("i2", "b"), ("i3", "a"), ("i4", "c")];
    let asking = asking.iter().zip(1..).map(|((i, a), at)| admitted(i, a, at, &tuple)).collect();
    let mut answers = Vec::new();
    for pending in together(&store, asking).await {
        answers.push(pending.await.unwrap());
    }
    assert!(matches!(answers[1], Err(StoreError::Database(_))), "{:?}", answers[1]);
    assert!([0, 2, 3].iter().all(|at| matches!(answers[*at], Ok(Ok(())))), "{answers:?}");
    assert!(store.instance("i2").await.unwrap().is_none());
    assert!(store.agent("b").await.unwrap().is_none());
    for instance in ["i1", "i3", "i4"] {
        assert!(store.instance(instance).await.unwrap().is_some(), "{instance}");
    }
    // Its challenge is unspent, so that it can be tried again once the disk takes it.
    sqlx::query("DROP TRIGGER hold").execute(&store.pool).await.unwrap();
    assert_eq!(store.admit(admitted("i2", "b", 2, &tuple)).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn who_is_refused_in_a_group_changes_nothing_for_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (store, known) = with_image(&folder).await;
    let asking = vec![
        admitted("i1", "a", 1, &known),
        admitted("i2", "b", 2, &tuple("unknown")),
        // The challenge of the one before last, and a challenge that bought nothing.
        admitted("i3", "a", 1, &known),
        admitted("i4", "a", 2, &known),
    ];
    let mut answers = Vec::new();
    for pending in together(&store, asking).await {
        answers.push(pending.await.unwrap().unwrap());
    }
    let expected = [Ok(()), Err(Objection::ImageRetired), Err(Objection::Spent), Ok(())];
    assert_eq!(answers, expected);
    assert!(store.agent("b").await.unwrap().is_none());
}

#[tokio::test]
async fn one_instance_twice_is_decided_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (store, known) = with_image(&folder).await;
    let mut renewal = admitted("i1", "a", 2, &known);
    renewal.endpoint = "10.0.0.2:4500".into();
    let asking = vec![
        admitted("i1", "a", 1, &known),
        renewal,
        admitted("i1", "b", 3, &known),
        admitted("i2", "a", 4, &known),
    ];
    let mut answers = Vec::new();
    for pending in together(&store, asking).await {
        answers.push(pending.await.unwrap().unwrap());
    }
    assert_eq!(answers, [Ok(()), Ok(()), Err(Objection::OtherAgent), Ok(())]);
    let instance = store.instance("i1").await.unwrap().unwrap();
    assert_eq!((instance.agent.as_str(), instance.endpoint.as_str()), ("a", "10.0.0.2:4500"));
}

#[tokio::test]
async fn they_are_written_in_the_order_in_which_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_image(&folder).await;
    // More than fit into one transaction.
    let count = ADMISSIONS_WRITTEN_MAX + 3;
    let names: Vec<String> = (0..count).map(|at| format!("i{at:05}")).collect();
    let asking = names.iter().enumerate().map(|(at, name)| {
        let mut one = admitted(name, "a", 0, &tuple);
        let mut nonce = [0; 32];
        nonce[..8].copy_from_slice(&u64::try_from(at).unwrap().to_be_bytes());
        one.nonce = cloister_attestation::bytes::Nonce::new(nonce);
        one
    });
    let before = transactions(&folder);
    for pending in together(&store, asking.collect()).await {
        assert_eq!(pending.await.unwrap().unwrap(), Ok(()));
    }
    let written: Vec<String> = sqlx::query_scalar("SELECT instance FROM verdicts ORDER BY rowid")
        .fetch_all(&store.pool)
        .await
        .unwrap();
    assert_eq!(written, names);
    assert_eq!(transactions(&folder) - before, 2);
}

#[tokio::test]
async fn who_does_not_wait_any_more_is_not_put_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_image(&folder).await;
    let other = store.write().await.unwrap();
    let asking = [admitted("i1", "a", 1, &tuple), admitted("i2", "a", 2, &tuple)];
    let mut pending = Vec::new();
    for admitted in asking {
        let store = store.clone();
        pending.push(tokio::spawn(async move { store.admit(admitted).await }));
        tokio::task::yield_now().await;
    }
    let second = pending.pop().unwrap();
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    other.rollback().await.unwrap();
    assert_eq!(pending.remove(0).await.unwrap().unwrap(), Ok(()));
    assert!(store.instance("i1").await.unwrap().is_some());
    assert!(store.instance("i2").await.unwrap().is_none());
}

#[tokio::test]
async fn once_the_database_is_closed_nobody_is_admitted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_image(&folder).await;
    store.close().await;
    let refused = store.admit(admitted("i1", "a", 1, &tuple)).await;
    assert!(matches!(refused, Err(StoreError::Database(_))));
}
