//! How a host that fails, or that wants to be left alone, is treated.

use std::time::Duration;

use cloister_attestation::publication::Need;
use cloister_attestation::snp::{Product, SigningKey};
use cloister_endorsements::FetchError;
use cloister_endorsements::limits::{ABSENT_TIME, BACK_OFF_MIN};
use cloister_simulator::publisher::Fault;
use futures_util::future::join_all;

use crate::world::{NOW, World, failed, fetched, refused, vcek};

const fn chain(product: Product) -> Need {
    Need::AmdChain { product, key: SigningKey::Vcek }
}

/// Both forms of `Retry-After`: seconds, and a date. NOW is 2027-01-15T09:00:00Z.
#[tokio::test]
async fn a_throttled_host_is_left_alone_for_as_long_as_it_asks() {
    for (value, secs) in [("30", 30), ("Fri, 15 Jan 2027 09:00:45 GMT", 45)] {
        let world = World::start().await;
        let fetcher = world.fetcher();
        world.publisher.misbehave(Fault::Status(429, Some(value.to_owned())));
        let until = NOW.plus(Duration::from_secs(secs));
        let error = failed(&fetcher, chain(Product::Milan), NOW).await;
        assert!(matches!(error, FetchError::Throttled { .. }), "{error}");
        assert_eq!(error.retry_at(), Some(until));
        world.publisher.misbehave(None);
        let early = until.minus(Duration::from_secs(1));
        for product in [Product::Milan, Product::Genoa] {
            let error = failed(&fetcher, chain(product), early).await;
            assert!(matches!(error, FetchError::BackingOff { .. }), "{error}");
            assert_eq!(error.retry_at(), Some(until));
        }
        assert_eq!(world.publisher.requests().len(), 1);
        fetched(&fetcher, chain(Product::Milan), until).await;
    }
}

#[tokio::test]
async fn a_failing_host_is_asked_once_by_many_and_again_after_a_growing_wait() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    world.publisher.misbehave(Fault::Status(500, None));
    let all = join_all((0..50).map(|_| fetcher.fetch(chain(Product::Milan), NOW))).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(world.publisher.requests().len(), 1);
    let second = NOW.plus(BACK_OFF_MIN);
    assert_eq!(refused(&fetcher, chain(Product::Milan), second).await, "fetch.status");
    let third = second.plus(BACK_OFF_MIN);
    assert_eq!(refused(&fetcher, chain(Product::Milan), third).await, "fetch.backing_off");
    world.publisher.misbehave(None);
    fetched(&fetcher, chain(Product::Milan), second.plus(BACK_OFF_MIN * 2)).await;
}

#[tokio::test]
async fn what_a_host_does_not_have_is_not_asked_for_again_at_once() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    fetched(&fetcher, chain(Product::Milan), NOW).await;
    let need = vcek(&world.pki, Product::Milan);
    world.publisher.misbehave(Fault::Status(404, None));
    assert_eq!(refused(&fetcher, need, NOW).await, "fetch.absent");
    world.publisher.misbehave(None);
    assert_eq!(refused(&fetcher, need, NOW).await, "fetch.in_vain");
    fetched(&fetcher, Need::AmdCrl { product: Product::Milan }, NOW).await;
    fetched(&fetcher, need, NOW.plus(ABSENT_TIME)).await;
    assert_eq!(world.asked(&need.path()), 2);
}
