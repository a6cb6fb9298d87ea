//! Lease keys over the service's life: listed, rotated, announced, forgotten.

use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::LeaseKeyState;
use cloister_api::v1::watch_event::Event;
use cloister_channel::lease::{self, LeaseError};
use http::Method;
use serde_json::Value;
use tonic::{Code, Status};

use crate::enclave::Enclave;
use crate::http::get;
use crate::registry::{announced, resolve, watch};
use crate::world::World;

const LEAD: Duration = Duration::from_secs(15 * 60);
const TAIL: Duration = Duration::from_secs(60 * 60);

async fn rotate(world: &World) -> Result<Vec<v1::LeaseKeyRecord>, Status> {
    let request = world.authorized(v1::RotateKeysRequest {});
    Ok(world.operator().rotate_keys(request).await?.into_inner().keys)
}

async fn list(world: &World) -> Vec<v1::LeaseKeyRecord> {
    let request = world.authorized(v1::ListKeysRequest {});
    world.operator().list_keys(request).await.unwrap().into_inner().keys
}

fn in_state(keys: &[v1::LeaseKeyRecord], state: LeaseKeyState) -> Vec<String> {
    keys.iter().filter(|key| key.state() == state).map(|key| key.kid.clone()).collect()
}

/// The ids of the lease keys in the key set.
async fn published(world: &World) -> Vec<String> {
    let set = get(world, "/v1/jwks").await.json();
    let keys = set["keys"].as_array().unwrap().iter();
    let leases = keys.filter(|key| key["cloister.use"] == "lease");
    leases.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn leases_of_both_keys_are_good_while_one_follows_the_other() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let before = list(&world).await;
    let next = in_state(&before, LeaseKeyState::Next);
    assert_eq!((before.len(), next.len()), (2, 1));
    world.advance(LEAD);
    let first = enclave.admitted(&world).await;
    let known = first.trust.clone();

    let keys = rotate(&world).await.unwrap();
    assert_eq!(in_state(&keys, LeaseKeyState::Current), next);
    let previous = in_state(&before, LeaseKeyState::Current);
    assert_eq!(in_state(&keys, LeaseKeyState::Previous), previous);
    assert_eq!(list(&world).await, keys);
    assert_eq!(published(&world).await, keys.iter().map(|key| key.kid.clone()).collect::<Vec<_>>());

    let second = enclave.admitted(&world).await;
    // Whoever knew the bundle from before the rotation accepts what the new key signs.
    assert!(lease::verify(&second.answer.lease, &known, world.now()).is_ok());
    let jwt = second.answer.lease_jwt.as_bytes();
    assert!(lease::verify(jwt, &known, world.now()).is_ok());
    assert!(lease::verify(&first.answer.lease, &second.trust, world.now()).is_ok());
    let ids: Vec<String> = second.trust.lease_key_ids().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_rotation_before_everybody_can_have_the_next_key_is_refused() {
    let world = World::start().await;
    let refused = rotate(&world).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(refused.metadata().get("cloister-code").unwrap(), "service.key_too_new");
    world.advance(LEAD);
    rotate(&world).await.unwrap();
    assert!(rotate(&world).await.is_err());
    let operations = world.record().await.operations().await.unwrap();
    assert_eq!(operations.iter().filter(|(action, _)| action == "keys.rotate").count(), 1);
}

#[tokio::test]
async fn watchers_are_told_and_find_the_key_after_next_in_the_bundle() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    world.advance(LEAD);
    let admitted = enclave.admitted(&world).await;
    let mut events = watch(&world, &admitted, 0).await;
    let keys = rotate(&world).await.unwrap();
    let (sequence, event) = announced(&mut events).await;
    assert_eq!((sequence, event), (1, Event::TrustChanged(v1::TrustChanged {})));
    let bundle = world.bundle().await;
    assert_eq!(bundle.sequence(), 1);
    let next = in_state(&keys, LeaseKeyState::Next);
    assert!(bundle.lease_key_ids().any(|kid| kid.to_string() == next[0]));
    assert!(bundle.check_not_before(&admitted.trust).is_ok());
}

#[tokio::test]
async fn a_start_forgets_what_has_ended_and_announces_what_was_not_announced() {
    let mut world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    world.advance(LEAD);
    enclave.admitted(&world).await;
    rotate(&world).await.unwrap();
    assert_eq!(list(&world).await.len(), 3);
    world.restart().await;
    assert_eq!(world.bundle().await.sequence(), 1, "was announced before");
    world.advance(TAIL);
    world.restart().await;
    assert_eq!(list(&world).await.len(), 2);
    assert_eq!(world.bundle().await.sequence(), 2);
    // Keys that changed while nobody could be told, as if the process had ended right after.
    let record = world.record().await;
    assert!(record.announce_trust("something else", world.now()).await.unwrap());
    record.close().await;
    world.restart().await;
    assert_eq!(world.bundle().await.sequence(), 4);
}

#[tokio::test]
async fn keys_are_rotated_by_age_where_the_configuration_says_so() {
    let mut world = World::start().await;
    world.configure("lifetime_secs = 600\n", "lifetime_secs = 600\nrotate_keys_after_days = 30\n");
    world.restart().await;
    let before = list(&world).await;
    world.advance(Duration::from_secs(30 * 86_400 - 1));
    world.restart().await;
    assert_eq!(list(&world).await, before);
    world.advance(Duration::from_secs(1));
    world.restart().await;
    let after = list(&world).await;
    let next = in_state(&before, LeaseKeyState::Next);
    assert_eq!(in_state(&after, LeaseKeyState::Current), next);
}

#[tokio::test]
async fn keys_can_be_listed_and_rotated_in_json() {
    let world = World::start().await;
    world.advance(LEAD);
    let keys = crate::http::operate(&world, Method::GET, "/v1/keys", "").await.json();
    let state = |keys: &Value, at: usize| keys["keys"][at]["state"].as_str().map(str::to_owned);
    assert_eq!(state(&keys, 0).as_deref(), Some("current"));
    let done = crate::http::operate(&world, Method::POST, "/v1/keys/rotate", "").await.json();
    assert_eq!(done["keys"][0]["kid"], keys["keys"][1]["kid"]);
    assert_eq!(state(&done, 2).as_deref(), Some("previous"));
    let again = crate::http::operate(&world, Method::POST, "/v1/keys/rotate", "").await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (http::StatusCode::CONFLICT, "service.key_too_new")
    );
}

async fn revoke(world: &World, kid: &str) -> Result<Vec<v1::LeaseKeyRecord>, Status> {
    let request = world.authorized(v1::RevokeKeyRequest { kid: kid.to_owned() });
    Ok(world.operator().revoke_key(request).await?.into_inner().keys)
}

#[tokio::test]
async fn what_a_revoked_key_signed_is_not_believed_and_watchers_are_told() {
    let mut world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let first = enclave.admitted(&world).await;
    let mut events = watch(&world, &first, 0).await;
    let before = list(&world).await;
    let leaked = in_state(&before, LeaseKeyState::Current).remove(0);
    // However new the next key is: it signs from now on.
    let after = revoke(&world, &leaked).await.unwrap();
    assert_eq!(in_state(&after, LeaseKeyState::Current), in_state(&before, LeaseKeyState::Next));
    assert!(after.iter().all(|key| key.kid != leaked));
    assert!(!published(&world).await.contains(&leaked));
    let (_, event) = announced(&mut events).await;
    assert_eq!(event, Event::TrustChanged(v1::TrustChanged {}));

    let bundle = world.bundle().await;
    let unknown = LeaseError::UnknownKey { kid: leaked.clone() };
    assert_eq!(first.credentials.lease().recheck(&bundle, world.now()), Err(unknown.clone()));
    assert_eq!(bundle.verified_lease(&first.answer.lease, world.now()), Err(unknown));
    let refused = resolve(&world, Some(&first), "translator").await.unwrap_err();
    assert_eq!(refused.metadata().get("cloister-code").unwrap(), "service.lease_required");

    let second = enclave.admitted(&world).await;
    assert!(bundle.verified_lease(&second.answer.lease, world.now()).is_ok());
    assert!(resolve(&world, Some(&second), "translator").await.is_ok());
    world.restart().await;
    assert_eq!(list(&world).await, after);
}

#[tokio::test]
async fn only_a_listed_key_can_be_revoked_and_it_is_on_record() {
    let world = World::start().await;
    let before = list(&world).await;
    let refused = revoke(&world, &"00".repeat(32)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(list(&world).await, before);
    let next = in_state(&before, LeaseKeyState::Next).remove(0);
    let path = format!("/v1/keys/{next}/revoke");
    let done = crate::http::operate(&world, Method::POST, &path, "").await.json();
    assert_eq!(done["keys"][0]["kid"], before[0].kid.as_str(), "the current one goes on");
    assert_ne!(done["keys"][1]["kid"], next.as_str());
    let operations = world.record().await.operations().await.unwrap();
    assert_eq!(operations, [("keys.revoke".to_owned(), next)]);
}
