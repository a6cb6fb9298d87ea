//! The record: what is written is found again, announced in order, and never half.

use std::time::Duration;

use cloister_attestation::bytes::{Digest48, HostData, Nonce};
use cloister_attestation::publication::{Document, Issue};
use cloister_attestation::reference::{LaunchShape, ReferenceTuple};
use cloister_attestation::time::UnixTime;

use super::{
    Admitted, AgentState, EventKind, ImageState, Objection, Operation, Outcome, Seen, Store,
    StoreError, Verdict, history,
};
use crate::limits::{EVENT_BATCH_MAX, REFUSAL_RETENTION};

pub(super) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const QUARANTINED: &str = "agent.quarantined";

pub(super) async fn open(folder: &tempfile::TempDir) -> Store {
    try_open(folder, "example.org").await.unwrap()
}

async fn try_open(folder: &tempfile::TempDir, domain: &str) -> Result<Store, StoreError> {
    let path = folder.path().join("verifier.sqlite");
    Store::open(&path, &domain.parse().unwrap(), NOW).await
}

pub(super) fn tuple(of: &str) -> ReferenceTuple {
    ReferenceTuple {
        image: "translator".into(),
        version: of.into(),
        manifest: Digest48::sha384(b"manifest"),
        shape: LaunchShape::Snp {
            measurement: Digest48::sha384(of.as_bytes()),
            host_data: HostData::new([0; 32]),
        },
    }
}

pub(super) fn operation(action: &'static str, detail: &str) -> Operation {
    Operation { at: NOW, action, subject: "subject".into(), detail: detail.into() }
}

pub(super) fn admitted(instance: &str, agent: &str, nonce: u8, tuple: &ReferenceTuple) -> Admitted {
    Admitted {
        nonce: Nonce::new([nonce; 32]),
        nonce_expires_at: NOW.plus(Duration::from_secs(120)),
        instance: instance.into(),
        agent: agent.into(),
        tuple: tuple.digest(),
        endpoint: "10.0.0.1:4500".into(),
        simulated: true,
        tier: "warning".into(),
        platform: "chip 00".into(),
        not_asserted: vec!["snp.crl".into()],
        machine: None,
        log: None,
        lease_expires_at: NOW.plus(Duration::from_secs(600)),
        policy_epoch: 1,
        takes_policies: false,
        verdict: Verdict {
            at: NOW,
            outcome: Outcome::Admitted,
            agent: Some(agent.into()),
            instance: Some(instance.into()),
            evidence: "00".into(),
            detail: "{}".into(),
        },
    }
}

/// A store with one admitted image and one live instance `a1` of agent `a`.
async fn with_instance(folder: &tempfile::TempDir) -> (Store, ReferenceTuple) {
    let (store, tuple) = (open(folder).await, tuple("1"));
    let admit = operation("image.admit", "");
    store.admit_images(std::slice::from_ref(&tuple), &admit).await.unwrap().unwrap();
    let standing = store.admit(admitted("a1", "a", 1, &tuple)).await.unwrap();
    assert_eq!(standing, Ok(()));
    (store, tuple)
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    store.close().await;
    let store = open(&folder).await;
    assert_eq!(store.images().await.unwrap()[0].tuple, tuple);
    let agent = store.agent("a").await.unwrap().unwrap();
    assert_eq!(agent.state, AgentState::Active);
    assert_eq!(agent.instances.len(), 1);
    assert_eq!(agent.instances[0].not_asserted, ["snp.crl"]);
    assert!(agent.instances[0].is_live(NOW));
    assert!(!agent.instances[0].is_live(NOW.plus(Duration::from_secs(600))));
    assert_eq!(store.leases_live(NOW).await.unwrap(), 1);
    assert_eq!(store.verdicts(Outcome::Admitted).await.unwrap(), 1);
}

#[tokio::test]
async fn an_instance_shows_the_result_of_its_latest_lease_and_every_verdict_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    for (nonce, instance, result) in [(2, "a2", "[2]"), (3, "a1", "[3]")] {
        let mut lease = admitted(instance, "a", nonce, &tuple);
        lease.verdict.detail = result.into();
        assert_eq!(store.admit(lease).await.unwrap(), Ok(()));
    }
    let agent = store.agent("a").await.unwrap().unwrap();
    assert_eq!(agent.instances.iter().map(|it| &*it.instance).collect::<Vec<_>>(), ["a1", "a2"]);
    assert_eq!(store.results("a").await.unwrap(), ["[3]", "[2]"]);
    let details: Vec<String> = sqlx::query_scalar("SELECT detail FROM verdicts ORDER BY rowid")
        .fetch_all(&store.pool)
        .await
        .unwrap();
    assert_eq!(details, ["{}", "[2]", "[3]"]);
}

#[tokio::test]
async fn a_database_of_another_trust_domain_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).await.close().await;
    let refused = try_open(&folder, "example.com").await.unwrap_err();
    assert!(matches!(refused, StoreError::TrustDomain { .. }));
}

#[tokio::test]
async fn a_challenge_buys_one_lease() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    let again = admitted("a2", "a", 1, &tuple);
    assert_eq!(store.admit(again.clone()).await.unwrap(), Err(Objection::Spent));
    assert_eq!(store.leases_live(NOW).await.unwrap(), 1);
}

#[tokio::test]
async fn a_refused_admission_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (store, known) = with_instance(&folder).await;
    let unknown = admitted("a2", "b", 2, &tuple("2"));
    assert_eq!(store.admit(unknown.clone()).await.unwrap(), Err(Objection::ImageRetired));
    assert!(store.agent("b").await.unwrap().is_none());
    // The challenge was not spent either.
    let good = admitted("a2", "b", 2, &known);
    assert_eq!(store.admit(good.clone()).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn an_identity_key_stays_with_its_agent() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    let other = admitted("a1", "b", 2, &tuple);
    assert_eq!(store.admit(other.clone()).await.unwrap(), Err(Objection::OtherAgent));
}

#[tokio::test]
async fn quarantine_revokes_announces_and_refuses_until_it_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    let woken = store.newest_event();
    let why = operation("agent.quarantine", "odd");
    let suspended = store.suspend_agent("a", AgentState::Quarantined, QUARANTINED, &why);
    let (agent, revoked) = suspended.await.unwrap().unwrap();
    assert_eq!((agent.state, agent.reason.as_str(), revoked), (AgentState::Quarantined, "odd", 1));
    assert!(woken.has_changed().unwrap());
    let (revoked, sequence) = store.revoked(NOW).await.unwrap();
    assert_eq!((revoked.len(), sequence), (1, 1));
    let renewal = admitted("a1", "a", 2, &tuple);
    assert_eq!(store.admit(renewal.clone()).await.unwrap(), Err(Objection::Quarantined));

    let lift = operation("agent.lift", "");
    let agent = store.lift_quarantine("a", QUARANTINED, &lift).await.unwrap().unwrap();
    assert_eq!((agent.state, agent.reason.as_str()), (AgentState::Active, ""));
    assert_eq!(store.admit(renewal.clone()).await.unwrap(), Ok(()));
    let events = store.events_after(0).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(matches!(&events[0].kind, EventKind::Revoked { reason, .. } if reason == QUARANTINED));
    assert!(matches!(&events[1].kind, EventKind::Restored { instance, .. } if instance == "a1"));
}

#[tokio::test]
async fn lifting_a_quarantine_does_not_bring_back_a_revoked_image() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    let why = operation("agent.quarantine", "");
    store.suspend_agent("a", AgentState::Quarantined, QUARANTINED, &why).await.unwrap();
    let revoke = store.revoke_image(&tuple.digest(), "image.revoked", &why).await.unwrap();
    assert_eq!(revoke.unwrap().1, 0, "it was revoked before");
    store.lift_quarantine("a", QUARANTINED, &why).await.unwrap();
    let (revoked, _) = store.revoked(NOW).await.unwrap();
    assert_eq!(revoked[0].revocation.as_deref(), Some("image.revoked"));
    assert_eq!(store.leases_live(NOW).await.unwrap(), 0);
}

#[tokio::test]
async fn a_retired_agent_stays_retired() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tuple) = with_instance(&folder).await;
    let why = operation("agent.retire", "gone");
    store.suspend_agent("a", AgentState::Retired, "agent.retired", &why).await.unwrap();
    let again = store.suspend_agent("a", AgentState::Quarantined, QUARANTINED, &why).await;
    assert_eq!(again.unwrap().unwrap().0.state, AgentState::Retired);
    let lifted = store.lift_quarantine("a", QUARANTINED, &why).await.unwrap().unwrap();
    assert_eq!(lifted.state, AgentState::Retired);
    let fresh = admitted("a2", "a", 2, &tuple);
    assert_eq!(store.admit(fresh.clone()).await.unwrap(), Err(Objection::Retired));
}

#[tokio::test]
async fn a_retired_image_can_come_back_and_a_revoked_one_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let other = tuple("2");
    let (store, tuple) = with_instance(&folder).await;
    let why = operation("image", "");
    let retired = store.retire_image(&tuple.digest(), &why).await.unwrap().unwrap();
    assert_eq!(retired.state, ImageState::Retired);
    let renewal = admitted("a1", "a", 2, &tuple);
    assert_eq!(store.admit(renewal.clone()).await.unwrap(), Err(Objection::ImageRetired));
    assert_eq!(store.leases_live(NOW).await.unwrap(), 1, "live leases run out");
    let all = [tuple.clone()];
    store.admit_images(&all, &why).await.unwrap().unwrap();
    assert_eq!(store.admit(renewal.clone()).await.unwrap(), Ok(()));

    let (image, lost) =
        store.revoke_image(&tuple.digest(), "image.revoked", &why).await.unwrap().unwrap();
    assert_eq!((image.state, lost), (ImageState::Revoked, 1));
    assert_eq!(store.leases_live(NOW).await.unwrap(), 0);
    let retired = store.retire_image(&tuple.digest(), &why).await.unwrap().unwrap();
    assert_eq!(retired.state, ImageState::Revoked, "retiring takes nothing back");
    let both = [other, tuple.clone()];
    assert_eq!(store.admit_images(&both, &why).await.unwrap(), Err(tuple.digest()));
    assert_eq!(store.images().await.unwrap().len(), 1, "all or none");
}

#[tokio::test]
async fn what_is_known_of_images_never_outlives_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let (store, first) = with_instance(&folder).await;
    let states = async || -> Vec<ImageState> {
        let images = store.images_of_manifest(&first.manifest).await.unwrap();
        images.iter().map(|image| image.state).collect()
    };
    let why = operation("image", "");
    assert_eq!(states().await, [ImageState::Admitted]);
    store.retire_image(&first.digest(), &why).await.unwrap();
    assert_eq!(states().await, [ImageState::Retired]);
    store.admit_images(&[tuple("2"), first.clone()], &why).await.unwrap().unwrap();
    assert_eq!(states().await, [ImageState::Admitted, ImageState::Admitted]);
    store.revoke_image(&first.digest(), "image.revoked", &why).await.unwrap();
    assert!(states().await.contains(&ImageState::Revoked));
    let unknown = Digest48::sha384(b"another manifest");
    assert!(store.images_of_manifest(&unknown).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_unknown_is_unknown_and_not_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let why = operation("x", "");
    let absent = tuple("absent").digest();
    assert!(store.retire_image(&absent, &why).await.unwrap().is_none());
    assert!(store.revoke_image(&absent, "image.revoked", &why).await.unwrap().is_none());
    assert!(store.lift_quarantine("a", QUARANTINED, &why).await.unwrap().is_none());
    let suspended = store.suspend_agent("a", AgentState::Retired, "agent.retired", &why).await;
    assert!(suspended.unwrap().is_none());
    assert!(store.operations().await.unwrap().is_empty());
}

#[tokio::test]
async fn housekeeping_forgets_what_is_over_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_instance(&folder).await;
    let why = operation("agent.quarantine", "");
    store.suspend_agent("a", AgentState::Quarantined, QUARANTINED, &why).await.unwrap();
    store.forget(NOW.plus(Duration::from_secs(3600))).await.unwrap();
    assert_eq!(store.agent("a").await.unwrap().unwrap().instances.len(), 1);
    let long_after = NOW.plus(Duration::from_secs(400 * 24 * 60 * 60));
    store.forget(long_after).await.unwrap();
    assert!(store.agent("a").await.unwrap().unwrap().instances.is_empty());
    assert_eq!(store.verdicts(Outcome::Admitted).await.unwrap(), 0);
    assert_eq!(store.events_after(0).await.unwrap().len(), 1, "the newest event is kept");
    assert_eq!(store.operations().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_row_that_was_changed_by_hand_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_instance(&folder).await;
    let forged = tuple("forged").shape;
    sqlx::query("UPDATE images SET shape = $1")
        .bind(serde_json::to_string(&forged).unwrap())
        .execute(&store.pool)
        .await
        .unwrap();
    assert!(matches!(store.images().await, Err(StoreError::Corrupt { column: "tuple", .. })));
}

fn refusal(at: UnixTime) -> Verdict {
    Verdict {
        at,
        outcome: Outcome::Refused,
        agent: None,
        instance: None,
        evidence: "00".into(),
        detail: "{}".into(),
    }
}

/// Anybody can cause refusals, and any number of them within one second.
#[tokio::test]
async fn refusals_are_bounded_by_number_also_within_one_second() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_instance(&folder).await;
    let later = NOW.plus(Duration::from_secs(1));
    for at in [NOW, NOW, NOW, NOW, later] {
        store.record(&refusal(at)).await.unwrap();
    }
    for (kept, left) in [(5, 5), (3, 3), (1, 1)] {
        let mut write = store.write().await.unwrap();
        history::prune_refusals(&mut write, kept).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(store.verdicts(Outcome::Refused).await.unwrap(), left);
    }
    let newest: i64 = sqlx::query_scalar("SELECT at FROM verdicts WHERE outcome = 'refused'")
        .fetch_one(&store.pool)
        .await
        .unwrap();
    assert_eq!(u64::try_from(newest).unwrap(), later.as_secs(), "the newest is kept");
    assert_eq!(store.verdicts(Outcome::Admitted).await.unwrap(), 1, "and no admission goes");
}

#[tokio::test]
async fn refusals_are_bounded_by_age() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_instance(&folder).await;
    store.record(&refusal(NOW)).await.unwrap();
    let last = NOW.plus(REFUSAL_RETENTION);
    for (now, left) in [(last, 1), (last.plus(Duration::from_secs(1)), 0)] {
        store.forget(now).await.unwrap();
        assert_eq!(store.verdicts(Outcome::Refused).await.unwrap(), left);
    }
    assert_eq!(store.verdicts(Outcome::Admitted).await.unwrap(), 1);
}

fn issue(document: Document, secs: u64, number: Option<u64>) -> (String, Issue) {
    let issued_at = NOW.plus(Duration::from_secs(secs));
    (document.to_string(), Issue { document, issued_at, number })
}

#[tokio::test]
async fn the_newest_issue_is_remembered_and_an_older_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (identity, list) = (Document::TdQeIdentity, Document::IntelRootCrl);
    let store = open(&folder).await;
    store.see(&[issue(identity, 10, Some(17)), issue(list, 5, None)]).await.unwrap();
    store.see(&[issue(identity, 20, Some(17))]).await.unwrap();
    // One that is older keeps the whole of its company from being remembered.
    let seen = store.see(&[issue(list, 50, Some(1)), issue(identity, 30, Some(16))]).await.unwrap();
    let newest = Seen { issued_at: NOW.plus(Duration::from_secs(20)), number: Some(17) };
    assert_eq!(seen[1], newest);
    store.close().await;
    let mut found = open(&folder).await.issues().await.unwrap();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let list_seen = Seen { issued_at: NOW.plus(Duration::from_secs(5)), number: None };
    assert_eq!(found, [(list.to_string(), list_seen), (identity.to_string(), newest)]);
}

/// Announces `many` events.
async fn announced(store: &Store, many: u64) {
    for _ in 0..many {
        store.reattest(true, &operation("fleet.reattest", "all")).await.unwrap();
    }
}

async fn numbers(store: &Store, after: u64) -> Vec<u64> {
    let events = store.events_after(after).await.unwrap();
    events.iter().map(|event| event.sequence).collect()
}

#[tokio::test]
async fn the_newest_events_are_read_once_for_all_who_watch() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    announced(&store, 3).await;
    assert_eq!(numbers(&store, 1).await, [2, 3]);
    announced(&store, 1).await;
    assert_eq!(numbers(&store, 3).await, [4]);
    store.close().await;
    assert_eq!(numbers(&store, 0).await, [1, 2, 3, 4]);
    assert_eq!(numbers(&store, 2).await, [3, 4]);
    assert_eq!(numbers(&store, 4).await, [0; 0]);
}

#[tokio::test]
async fn who_is_far_behind_reads_the_record_in_batches_until_the_end() {
    let (folder, batch) = (tempfile::tempdir().unwrap(), u64::from(EVENT_BATCH_MAX));
    let store = open(&folder).await;
    announced(&store, batch + 10).await;
    assert_eq!(numbers(&store, 0).await, (1..=batch).collect::<Vec<_>>());
    let rest: Vec<_> = (batch + 1..=batch + 10).collect();
    assert_eq!(numbers(&store, batch).await, rest);
    // What is kept in memory does not grow with the log.
    store.close().await;
    assert!(store.events_after(9).await.is_err());
    assert_eq!(numbers(&store, 10).await.len(), 256);
}
