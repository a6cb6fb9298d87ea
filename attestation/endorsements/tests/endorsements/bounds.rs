//! What an answer may cost: time, bytes, header fields, and no second host.

use std::sync::Arc;
use std::time::Duration;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::Need;
use cloister_attestation::snp::{Product, SigningKey};
use cloister_endorsements::MemoryStore;
use cloister_simulator::publisher::{Catalogue, Fault, Publisher};

use crate::world::{NOW, QE_IDENTITY, World, at, failed, fetched, refused};

const CHAIN: Need = Need::AmdChain { product: Product::Milan, key: SigningKey::Vcek };

/// Time is Tokio's and moves by itself while everybody waits: no assertion depends on a real clock.
#[tokio::test(start_paused = true)]
async fn a_service_that_says_nothing_or_drips_is_given_up_in_time() {
    let world = World::start().await;
    for fault in [Fault::Silence, Fault::Drip] {
        let fetcher = world.fetcher();
        world.publisher.misbehave(fault.clone());
        let started = tokio::time::Instant::now();
        assert_eq!(refused(&fetcher, CHAIN, NOW).await, "fetch.timeout", "{fault:?}");
        assert_eq!(started.elapsed().as_secs(), world.settings().request_timeout.as_secs());
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_and_a_short_one_is_no_document() {
    let world = World::start().await;
    for (fault, code) in [
        (Fault::Endless, "fetch.too_large"),
        (Fault::Truncated, "fetch.connection"),
        (Fault::Headers, "fetch.answer"),
    ] {
        world.publisher.misbehave(fault.clone());
        for need in [CHAIN, QE_IDENTITY] {
            assert_eq!(refused(&world.fetcher(), need, NOW).await, code, "{fault:?} {need}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_not_read() {
    let world = World::start().await;
    world.publisher.misbehave(Fault::Poisoned(vec![b' '; 64 * 1024 + 1]));
    assert_eq!(refused(&world.fetcher(), CHAIN, NOW).await, "fetch.too_large");
}

#[tokio::test]
async fn a_body_that_is_not_announced_is_read_up_to_its_limit_exactly() {
    let world = World::start().await;
    let max = cloister_endorsements::limits::body_bytes_max(&CHAIN);
    for (len, code) in [(max, "fetch.refused"), (max + 1, "fetch.too_large")] {
        world.publisher.misbehave(Fault::Unannounced(vec![b'x'; len]));
        assert_eq!(refused(&world.fetcher(), CHAIN, NOW).await, code, "{len} bytes");
    }
}

/// Attack 27, 28: a redirect leads nowhere, not even to the same host.
#[tokio::test]
async fn no_redirect_is_followed() {
    let world = World::start().await;
    let elsewhere = Publisher::start(Catalogue::new(&world.pki)).await.unwrap();
    for target in [elsewhere.url(), world.publisher.url(), "/".to_owned()] {
        world.publisher.misbehave(Fault::Redirect(format!("{target}{}", CHAIN.path())));
        let asked = world.publisher.requests().len();
        assert_eq!(refused(&world.fetcher(), CHAIN, NOW).await, "fetch.redirect");
        assert_eq!(world.publisher.requests().len(), asked + 1);
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn nobody_at_the_address_is_said_and_so_is_a_service_that_is_off() {
    let world = World::start().await;
    let url = Publisher::start(Catalogue::new(&world.pki)).await.unwrap().url();
    tokio::task::yield_now().await;
    let mut settings = at(&url);
    settings.request_timeout = Duration::from_secs(60);
    let fetcher = world.fetcher_with(settings, Arc::new(MemoryStore::default()));
    let error = failed(&fetcher, CHAIN, NOW).await;
    assert_eq!(error.code().id, "fetch.connection", "{error}");
    let offline = cloister_endorsements::Settings::offline();
    let fetcher = world.fetcher_with(offline, Arc::new(MemoryStore::default()));
    assert_eq!(refused(&fetcher, CHAIN, NOW).await, "fetch.off");
}

#[tokio::test]
async fn a_mirror_below_a_path_is_asked_there() {
    let world = World::start().await;
    let settings = at(&format!("{}/mirror/", world.publisher.url()));
    let fetcher = world.fetcher_with(settings, Arc::new(MemoryStore::default()));
    assert_eq!(refused(&fetcher, CHAIN, NOW).await, "fetch.absent");
    assert_eq!(world.publisher.requests(), [format!("/mirror{}", CHAIN.path())]);
    fetched(&world.fetcher(), CHAIN, NOW).await;
}
