//! The registry: for live leases only, and heard by those who watch.

use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use tonic::{Code, Status, Streaming};

use crate::enclave::{Admitted, ENDPOINT, Enclave};
use crate::world::World;

/// How long an event may take before the test gives up. Not a promise.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn resolve(
    world: &World,
    caller: Option<&Admitted>,
    agent: &str,
) -> Result<Vec<v1::Endpoint>, Status> {
    let mut registry = world.registry(caller.and_then(Admitted::shown));
    let request = v1::ResolveRequest { agent: agent.to_owned() };
    Ok(registry.resolve(request).await?.into_inner().endpoints)
}

pub(crate) async fn watch(
    world: &World,
    caller: &Admitted,
    after_sequence: u64,
) -> Streaming<v1::WatchEvent> {
    let request = v1::WatchRequest { after_sequence };
    world.registry(caller.shown()).watch(request).await.unwrap().into_inner()
}

async fn next(events: &mut Streaming<v1::WatchEvent>) -> Result<Option<(u64, Event)>, Status> {
    let item = tokio::time::timeout(PATIENCE, events.message()).await.expect("an event in time")?;
    Ok(item.map(|event| (event.sequence, event.event.unwrap())))
}

/// The next event that is no heartbeat.
pub(crate) async fn announced(events: &mut Streaming<v1::WatchEvent>) -> (u64, Event) {
    loop {
        let (sequence, event) = next(events).await.unwrap().unwrap();
        if !matches!(event, Event::Heartbeat(_)) {
            return (sequence, event);
        }
    }
}

/// Two admitted agents.
async fn pair() -> (World, Enclave, Admitted, Enclave, Admitted) {
    let world = World::start().await;
    let a = Enclave::boot(&world.pki, "asker");
    let b = Enclave::boot(&world.pki, "translator");
    world.admit(&a).await;
    world.admit(&b).await;
    let (lease_a, lease_b) = (a.admitted(&world).await, b.admitted(&world).await);
    (world, a, lease_a, b, lease_b)
}

#[tokio::test]
async fn an_admitted_runtime_finds_another_agents_runtimes() {
    let (world, _, asker, _, translator) = pair().await;
    let endpoints = resolve(&world, Some(&asker), "translator").await.unwrap();
    let expected = v1::Endpoint {
        address: ENDPOINT.to_owned(),
        instance: translator.answer.instance.clone(),
        lease_expires_at: world.now().as_secs() + 600,
    };
    assert_eq!(endpoints, [expected]);
    let unknown = resolve(&world, Some(&asker), "nobody").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let nonsense = resolve(&world, Some(&asker), "No/Body").await.unwrap_err();
    assert_eq!(nonsense.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn without_a_live_lease_nothing_is_answered() {
    let (world, _, asker, _, _) = pair().await;
    let anybody = resolve(&world, None, "translator").await.unwrap_err();
    assert_eq!(anybody.code(), Code::Unauthenticated);
    let mut registry = world.registry(None);
    let watching = registry.watch(v1::WatchRequest::default()).await.unwrap_err();
    assert_eq!(watching.code(), Code::Unauthenticated);

    world.quarantine("asker").await;
    let revoked = resolve(&world, Some(&asker), "translator").await.unwrap_err();
    assert_eq!(revoked.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_lease_that_ended_opens_no_connection_and_no_longer_serves_an_old_one() {
    let (world, _, asker, b, _) = pair().await;
    let mut registry = world.registry(asker.shown());
    let request = v1::ResolveRequest { agent: "translator".to_owned() };
    registry.resolve(request.clone()).await.unwrap();
    world.advance(Duration::from_secs(601));
    let old = registry.resolve(request).await.unwrap_err();
    assert_eq!(old.code(), Code::Unauthenticated, "on the connection from before");
    // Its certificate ended with it: TLS does not let it in.
    let new = resolve(&world, Some(&asker), "translator").await.unwrap_err();
    assert!(new.metadata().get("cloister-code").is_none(), "{new:?}");
    // And nobody is sent to a runtime whose lease ended.
    let fresh = b.admitted(&world).await;
    assert_eq!(resolve(&world, Some(&fresh), "asker").await.unwrap(), []);
}

#[tokio::test]
async fn a_certificate_of_another_verifier_opens_no_connection() {
    let (world, _, _, _, _) = pair().await;
    let (_other, _, foreign, _, _) = pair().await;
    let refused = resolve(&world, Some(&foreign), "translator").await.unwrap_err();
    assert!(refused.metadata().get("cloister-code").is_none(), "{refused:?}");
}

#[tokio::test]
async fn a_quarantine_is_announced_enforced_and_lifted() {
    let (world, _, asker, b, translator) = pair().await;
    let mut events = watch(&world, &asker, 0).await;
    let first = next(&mut events).await.unwrap().unwrap();
    assert_eq!(first, (0, Event::Heartbeat(v1::Heartbeat {})));

    let done = world.quarantine("translator").await;
    assert_eq!(done.revoked_instances, 1);
    let (sequence, event) = announced(&mut events).await;
    let Event::Revoked(revoked) = event else { panic!("{event:?}") };
    assert_eq!((sequence, revoked.instance.as_str()), (1, translator.answer.instance.as_str()));
    assert_eq!(
        (revoked.agent.as_str(), revoked.reason.as_str()),
        ("translator", "agent.quarantined")
    );
    assert_eq!(revoked.forget_after, world.now().as_secs() + 600);
    assert_eq!(resolve(&world, Some(&asker), "translator").await.unwrap(), []);
    assert_eq!(b.refused(&world).await, ["agent.quarantined"]);
    let bundle = world.bundle().await;
    assert_eq!(bundle.sequence(), 1);
    let recheck = translator.credentials.lease().recheck(&bundle, world.now());
    assert_eq!(
        recheck.unwrap_err().to_string().split(':').next_back().unwrap(),
        " agent.quarantined"
    );

    let lift = v1::LiftQuarantineRequest { name: "translator".to_owned() };
    world.operator().lift_quarantine(world.authorized(lift)).await.unwrap();
    let (sequence, event) = announced(&mut events).await;
    let Event::Restored(restored) = event else { panic!("{event:?}") };
    assert_eq!((sequence, restored.instance), (2, translator.answer.instance));
    assert_eq!(resolve(&world, Some(&asker), "translator").await.unwrap().len(), 1);
    b.admitted(&world).await;
}

#[tokio::test]
async fn a_watch_resumes_where_it_left_off() {
    let (world, _, asker, _, _) = pair().await;
    world.quarantine("translator").await;
    let lift = v1::LiftQuarantineRequest { name: "translator".to_owned() };
    world.operator().lift_quarantine(world.authorized(lift)).await.unwrap();
    for (after, expected) in [(0, vec![1, 2]), (1, vec![2])] {
        let mut events = watch(&world, &asker, after).await;
        let mut seen = Vec::new();
        for _ in 0..expected.len() {
            seen.push(announced(&mut events).await.0);
        }
        assert_eq!(seen, expected);
    }
    // From beyond the log, the first heartbeat says where the log really ends.
    let mut events = watch(&world, &asker, 99).await;
    assert_eq!(next(&mut events).await.unwrap().unwrap().0, 2);
}

#[tokio::test]
async fn a_watcher_hears_of_its_own_revocation_and_nothing_after_it() {
    let (world, _, asker, _, _) = pair().await;
    let mut events = watch(&world, &asker, 0).await;
    next(&mut events).await.unwrap();
    world.quarantine("asker").await;
    world.quarantine("translator").await;
    let (_, event) = announced(&mut events).await;
    assert!(matches!(event, Event::Revoked(revoked) if revoked.agent == "asker"));
    let end = next(&mut events).await.unwrap_err();
    assert_eq!(end.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_watch_ends_when_the_service_stops() {
    let (world, _, asker, _, _) = pair().await;
    let mut events = watch(&world, &asker, 0).await;
    next(&mut events).await.unwrap();
    world.stop().await;
    let end = next(&mut events).await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
}
