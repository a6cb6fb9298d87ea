//! Authorization policies that operators publish to runtimes.

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::manifest::PolicySource;
use cloister_channel::AgentName;
use cloister_channel::publication::{Publication, PublicationError};
use tonic::{Code, Status};

use crate::enclave::{Admitted, Enclave, attest, challenge};
use crate::http::get;
use crate::registry::{announced, watch};
use crate::world::World;

const EVERYBODY: &str = "permit(principal, action, resource);";

async fn publish(world: &World, agent: &str, bundle: &str) -> Result<v1::PublishedPolicy, Status> {
    let request = v1::PublishPolicyRequest { bundle: bundle.to_owned(), agent: agent.to_owned() };
    Ok(world.operator().publish_policy(world.authorized(request)).await?.into_inner())
}

fn code(refused: &Status) -> &str {
    refused.metadata().get("cloister-code").unwrap().to_str().unwrap()
}

/// An enclave whose image lets the Verifier change its policy, or does not.
async fn booted(world: &World, agent: &str, source: PolicySource) -> Enclave {
    let mut enclave = Enclave::boot(&world.pki, agent);
    enclave.manifest.policy_source = source;
    world.admit(&enclave).await;
    enclave
}

fn named(admitted: &Admitted) -> u64 {
    admitted.credentials.lease().claims().published_policy
}

fn read(admitted: &Admitted, bytes: &[u8], agent: &str) -> Result<Publication, PublicationError> {
    Publication::verify(bytes, &admitted.trust, &AgentName::new(agent).unwrap(), 0)
}

async fn asked(world: &World, caller: &Admitted, after_number: u64) -> Vec<u8> {
    let request = v1::PolicyRequest { after_number, ..v1::PolicyRequest::default() };
    let answer = world.registry(caller.shown()).policy(request).await;
    answer.unwrap().into_inner().publication
}

#[tokio::test]
async fn a_publication_is_announced_named_in_the_next_lease_and_given_to_its_agent() {
    let world = World::start().await;
    let enclave = booted(&world, "translator", PolicySource::Verifier).await;
    let before = enclave.admitted(&world).await;
    assert_eq!((named(&before), before.answer.publication.len()), (0, 0));
    let mut events = watch(&world, &before, 0).await;

    let published = publish(&world, "translator", EVERYBODY).await.unwrap();
    assert_eq!((published.number, published.policies), (1, 1));
    let said = v1::PolicyPublished { agent: "translator".into(), number: 1 };
    assert_eq!(announced(&mut events).await, (1, Event::PolicyPublished(said)));
    let publication = asked(&world, &before, 0).await;
    let read_as = |agent| read(&before, &publication, agent);
    assert_eq!(read_as("translator").unwrap().bundle, EVERYBODY.as_bytes());
    assert!(matches!(read_as("asker"), Err(PublicationError::Audience { .. })));
    assert_eq!(asked(&world, &before, 1).await, b"");

    let after = enclave.admitted(&world).await;
    assert_eq!(named(&after), 1);
    assert_eq!(read(&after, &after.answer.publication, "translator").unwrap().number, 1);
}

#[tokio::test]
async fn what_a_runtime_has_is_named_and_not_sent_again() {
    let world = World::start().await;
    let enclave = booted(&world, "translator", PolicySource::Verifier).await;
    publish(&world, "", EVERYBODY).await.unwrap();
    let nonce = challenge(&world).await;
    let request = v1::AttestRequest { policy_number: 1, ..enclave.request(nonce) };
    let v1::attest_response::Outcome::Admitted(answer) = attest(&world, request).await else {
        panic!("refused")
    };
    assert_eq!(answer.publication, b"");
}

#[tokio::test]
async fn for_an_agent_counts_the_newest_that_is_for_it_or_for_all() {
    let mut world = World::start().await;
    let enclave = booted(&world, "translator", PolicySource::Verifier).await;
    for (agent, number) in [("", 1), ("translator", 2), ("somebody", 2), ("", 4)] {
        publish(&world, agent, EVERYBODY).await.unwrap();
        assert_eq!(named(&enclave.admitted(&world).await), number, "{agent}");
    }
    // Numbers go on where they were, in leases too.
    world.restart().await;
    assert_eq!(named(&enclave.admitted(&world).await), 4);
    assert_eq!(publish(&world, "", "").await.unwrap().number, 5);
    let request = world.authorized(v1::ListPublicationsRequest {});
    let listed = world.operator().list_publications(request).await.unwrap().into_inner().policies;
    let numbers: Vec<u64> = listed.iter().map(|policy| policy.number).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn an_image_that_keeps_to_its_own_policy_is_given_none_and_cannot_be_published_to() {
    let world = World::start().await;
    let enclave = booted(&world, "translator", PolicySource::Image).await;
    // Nobody knows its image yet.
    publish(&world, "translator", EVERYBODY).await.unwrap();
    publish(&world, "", EVERYBODY).await.unwrap();
    let admitted = enclave.admitted(&world).await;
    assert_eq!((named(&admitted), admitted.answer.publication.len()), (0, 0));
    assert_eq!(asked(&world, &admitted, 0).await, b"");
    let refused = publish(&world, "translator", EVERYBODY).await.unwrap_err();
    assert_eq!(
        (code(&refused), refused.code()),
        ("service.image_forbids", Code::FailedPrecondition)
    );
    // Its next image may, and is another one.
    let next = booted(&world, "translator", PolicySource::Verifier).await;
    assert_eq!(named(&next.admitted(&world).await), 2);
    publish(&world, "translator", EVERYBODY).await.unwrap();
}

#[tokio::test]
async fn a_policy_that_does_not_load_or_is_for_nobody_is_not_published() {
    let world = World::start().await;
    for (agent, bundle, expected) in [
        ("", "permit();", "policy.bundle.syntax"),
        ("", "permit(principal, action == Action::\"sned\", resource);", "policy.bundle.invalid"),
        ("No/Body", EVERYBODY, "service.argument"),
        ("", &" ".repeat(256 * 1024 + 1), "service.too_large"),
    ] {
        let refused = publish(&world, agent, bundle).await.unwrap_err();
        assert_eq!((code(&refused), refused.code()), (expected, Code::InvalidArgument));
    }
    let nobody = world.operator().publish_policy(v1::PublishPolicyRequest::default()).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_runtime_that_cannot_use_a_publication_says_so_under_a_known_code() {
    let world = World::start().await;
    let enclave = booted(&world, "translator", PolicySource::Verifier).await;
    let admitted = enclave.admitted(&world).await;
    for refused_code in ["policy.bundle.syntax", "anything\nelse"] {
        let request = v1::PolicyRequest {
            after_number: u64::MAX,
            refused_number: 1,
            refused_code: refused_code.to_owned(),
        };
        let answer = world.registry(admitted.shown()).policy(request).await.unwrap();
        assert_eq!(answer.into_inner().publication, b"");
    }
    let metrics = get(&world, "/metrics").await.text;
    for code in ["policy.bundle.syntax", "other"] {
        let sample = format!("cloister_verifier_publications_refused_total{{code=\"{code}\"}} 1");
        assert!(metrics.contains(&sample), "{metrics}");
    }
    let nobody = world.registry(None).policy(v1::PolicyRequest::default()).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
}
