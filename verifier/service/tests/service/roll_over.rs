//! Roll-over: an image and the one that takes its place, for a stated time together.

use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::reference::ReferenceValues;
use tonic::Code;

use crate::enclave::Enclave;
use crate::world::World;

const OVERLAP: Duration = Duration::from_secs(900);

fn request(world: &World, enclave: &Enclave, version: &str) -> v1::AdmitImageRequest {
    let values = ReferenceValues { version: version.to_owned(), ..enclave.reference_values() };
    v1::AdmitImageRequest {
        reference_values: serde_json::to_vec(&values).unwrap(),
        admitted_until: world.now().as_secs() + 100_000,
        ..Default::default()
    }
}

async fn admit(
    world: &World,
    request: v1::AdmitImageRequest,
) -> Result<v1::AdmitImageResponse, (Code, String)> {
    let answer = world.operator().admit_image(world.authorized(request)).await;
    answer.map(tonic::Response::into_inner).map_err(|status| {
        let code = status.metadata().get("cloister-code").unwrap().to_str().unwrap().to_owned();
        (status.code(), code)
    })
}

/// Yesterday's image, admitted, and today's; two builds of one agent.
async fn two_versions(world: &World) -> (Enclave, Enclave) {
    let old = Enclave::boot(&world.pki, "translator");
    admit(world, request(world, &old, "1.0.0")).await.unwrap();
    (old, Enclave::boot(&world.pki, "interpreter"))
}

#[tokio::test]
async fn both_are_admitted_for_the_stated_time_and_then_the_old_is_refused() {
    let world = World::start().await;
    let (old, new) = two_versions(&world).await;
    assert_eq!(new.refused(&world).await, ["reference.match"], "not before it is admitted");
    let successor = v1::AdmitImageRequest {
        replaces: vec!["1.0.0".to_owned()],
        overlap_secs: OVERLAP.as_secs(),
        ..request(&world, &new, "1.1.0")
    };
    let rolled = admit(&world, successor.clone()).await.unwrap();
    let ends = world.now().as_secs() + OVERLAP.as_secs() - 1;
    assert!(!rolled.replaced.is_empty());
    assert!(
        rolled
            .replaced
            .iter()
            .all(|it| (it.version.as_str(), it.admitted_until) == ("1.0.0", ends))
    );
    old.admitted(&world).await;
    new.admitted(&world).await;

    world.advance(OVERLAP - Duration::from_secs(1));
    old.admitted(&world).await;
    let again = v1::AdmitImageRequest { overlap_secs: 5 * OVERLAP.as_secs(), ..successor };
    let replaced = admit(&world, again).await.unwrap().replaced;
    assert!(replaced.iter().all(|it| it.admitted_until == ends), "an end is never put off");

    world.advance(Duration::from_secs(1));
    assert_eq!(old.refused(&world).await, ["reference.match", "image.retired"]);
    new.admitted(&world).await;
    let listed = world.operator().list_images(world.authorized(v1::ListImagesRequest {})).await;
    for image in listed.unwrap().into_inner().images {
        let retired = image.version == "1.0.0";
        assert_eq!(image.state() == v1::ImageState::Retired, retired, "{}", image.version);
    }
}

#[tokio::test]
async fn what_no_image_declares_is_compared_with_the_newest_image() {
    let world = World::start().await;
    let (_, other) = two_versions(&world).await;
    let Outcome::Refused(refused) = other.enrol(&world).await else { panic!("admitted") };
    let [finding] = refused.findings.as_slice() else { panic!("{refused:?}") };
    let expected = &finding.expected;
    assert!(expected.contains("of the nearest, translator 1.0.0, these differ: "), "{expected}");
    assert!(expected.ends_with("manifest (what the runtime declares: agent, policy, files)"));
}

#[tokio::test]
async fn without_an_overlap_the_old_is_refused_at_once() {
    let world = World::start().await;
    let (old, new) = two_versions(&world).await;
    old.admitted(&world).await;
    let successor = v1::AdmitImageRequest {
        replaces: vec!["1.0.0".to_owned()],
        ..request(&world, &new, "1.1.0")
    };
    admit(&world, successor).await.unwrap();
    assert_eq!(old.refused(&world).await, ["reference.match", "image.retired"]);
    new.admitted(&world).await;
}

#[tokio::test]
async fn an_image_is_refused_once_its_own_validity_has_ended() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let until = world.now().as_secs() + 60;
    let short =
        v1::AdmitImageRequest { admitted_until: until, ..request(&world, &enclave, "1.0.0") };
    admit(&world, short.clone()).await.unwrap();
    world.advance(Duration::from_secs(60));
    enclave.admitted(&world).await;
    world.advance(Duration::from_secs(1));
    assert_eq!(enclave.refused(&world).await, ["reference.match", "image.retired"]);
    let late = admit(&world, short).await.unwrap_err();
    assert_eq!(late, (Code::InvalidArgument, "service.argument".to_owned()));
    admit(&world, request(&world, &enclave, "1.0.0")).await.unwrap();
    enclave.admitted(&world).await;
}

#[tokio::test]
async fn a_roll_over_that_says_nothing_sensible_changes_nothing() {
    let world = World::start().await;
    let (old, new) = two_versions(&world).await;
    let good = request(&world, &new, "1.1.0");
    let refused = (Code::InvalidArgument, "service.argument".to_owned());
    for bad in [
        v1::AdmitImageRequest { replaces: vec!["1.1.0".to_owned()], ..good.clone() },
        v1::AdmitImageRequest { replaces: vec!["1.0.0".to_owned(); 33], ..good.clone() },
        v1::AdmitImageRequest { overlap_secs: 1, ..good.clone() },
    ] {
        assert_eq!(admit(&world, bad).await.unwrap_err(), refused);
    }
    old.admitted(&world).await;
    assert_eq!(new.refused(&world).await, ["reference.match"]);
}
