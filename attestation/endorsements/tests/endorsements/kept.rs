//! What is kept: one request for many, across a restart, never mixed up, never going back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloister_attestation::bytes::{ChipId, Fmspc};
use cloister_attestation::publication::{Need, PckCa, TcbUpdate};
use cloister_attestation::snp::{Product, SigningKey, Tcb};
use cloister_endorsements::limits::{ABSENT_TIME, REFRESH_INTERVAL_DEFAULT};
use cloister_endorsements::{ContentStore, Entry, MemoryStore, Settings, StoreError};
use cloister_simulator::publisher::{Catalogue, Fault};
use futures_util::future::join_all;

use crate::world::{CRL, ISSUED, NOW, QE_IDENTITY, World, fetched, refused, vcek};

const FMSPC: Fmspc = Fmspc::new(*b"SIM\0\0\0");

fn everything(world: &World) -> Vec<Need> {
    let mut needs = vec![
        Need::IntelRootCrl,
        Need::PckCrl { ca: PckCa::Platform },
        Need::PckCrl { ca: PckCa::Processor },
        Need::TdxTcbInfo { fmspc: FMSPC, update: TcbUpdate::Standard },
        QE_IDENTITY,
    ];
    for product in [Product::Milan, Product::Turin] {
        needs.push(vcek(&world.pki, product));
        needs.push(Need::AmdCrl { product });
        needs.push(Need::AmdChain { product, key: SigningKey::Vlek });
    }
    needs
}

#[tokio::test]
async fn every_document_is_fetched_once_and_then_at_hand() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    for need in everything(&world) {
        let publication = fetched(&fetcher, need, NOW).await;
        assert_eq!(*publication.need(), need);
        fetched(&fetcher, need, NOW).await;
        assert_eq!(world.asked(&need.path()), 1, "{need}");
    }
    let tally = fetcher.tally();
    assert_eq!(tally.fetched, u64::try_from(world.publisher.requests().len()).unwrap());
    assert!(tally.failures.is_empty() && tally.hits > tally.misses, "{tally:?}");
}

#[tokio::test]
async fn a_hundred_at_once_send_one_request() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    let need = vcek(&world.pki, Product::Milan);
    let all = join_all((0..100).map(|_| {
        let fetcher = fetcher.clone();
        tokio::spawn(async move { fetcher.fetch(need, NOW).await.unwrap() })
    }));
    let all: Vec<_> = all.await.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|publication| publication == &all[0]));
    assert_eq!(world.asked("/vcek/v1/Milan/"), 2, "{:?}", world.publisher.requests());
    assert_eq!(world.asked(&need.path()), 1);
}

#[tokio::test]
async fn who_gives_up_leaves_the_turn_to_the_next() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    world.publisher.misbehave(Fault::Silence);
    let first = tokio::spawn({
        let fetcher = fetcher.clone();
        async move { fetcher.fetch(QE_IDENTITY, NOW).await }
    });
    while world.publisher.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    world.publisher.misbehave(None);
    fetched(&fetcher, QE_IDENTITY, NOW).await;
}

#[tokio::test]
async fn a_restart_finds_everything_without_a_service() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let needs = everything(&world);
    let before = world.fetcher_on(folder.path(), world.settings());
    let mut first = Vec::new();
    for need in &needs {
        first.push(fetched(&before, *need, NOW).await);
    }
    let asked = world.publisher.requests().len();
    let after = world.fetcher_on(folder.path(), Settings::offline());
    for (need, first) in needs.iter().zip(first) {
        assert_eq!(fetched(&after, *need, NOW.plus(Duration::from_secs(9))).await, first);
    }
    assert_eq!(world.publisher.requests().len(), asked);
}

/// Counts how often it is looked into.
#[derive(Debug, Default)]
struct Counted {
    store: MemoryStore,
    loads: AtomicUsize,
}

impl ContentStore for Counted {
    fn load(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.store.load(key)
    }

    fn keep(&self, key: &str, entry: &Entry) -> Result<(), StoreError> {
        self.store.keep(key, entry)
    }
}

/// Every admission without a CRL would like to have one.
#[tokio::test]
async fn where_nobody_may_be_asked_the_store_is_looked_into_once_in_a_while() {
    let world = World::start().await;
    let store = Arc::new(Counted::default());
    let shared: Arc<dyn ContentStore> = store.clone();
    let offline = world.fetcher_with(Settings::offline(), Arc::clone(&shared));
    let chain = Need::AmdChain { product: Product::Milan, key: SigningKey::Vlek };
    for (now, loads) in
        [(NOW, 1), (NOW.plus(Duration::from_secs(1)), 1), (NOW.plus(ABSENT_TIME), 2)]
    {
        for _ in 0..3 {
            assert_eq!(refused(&offline, chain, now).await, "fetch.off");
        }
        assert_eq!(store.loads.load(Ordering::Relaxed), loads, "{now}");
    }
    // What somebody else put there meanwhile is found then, and what is found stays at hand.
    fetched(&world.fetcher_with(world.settings(), shared), chain, NOW).await;
    let later = NOW.plus(ABSENT_TIME * 2);
    fetched(&offline, chain, later).await;
    fetched(&offline, chain, later).await;
    assert_eq!(offline.tally().fetched, 0);
}

/// The store is not trusted: what somebody wrote into it is verified like any other answer.
#[tokio::test]
async fn a_store_that_was_tampered_with_is_as_good_as_empty() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    fetched(&world.fetcher_on(folder.path(), world.settings()), QE_IDENTITY, NOW).await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let mut entry: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let body = entry["body"].as_str().unwrap();
        // `"version":2` in the signed document becomes 3.
        let (from, to) = (hex::encode("\"version\":2"), hex::encode("\"version\":3"));
        assert!(body.contains(&from));
        entry["body"] = body.replace(&from, &to).into();
        std::fs::write(&path, serde_json::to_vec(&entry).unwrap()).unwrap();
    }
    let offline = world.fetcher_on(folder.path(), Settings::offline());
    assert_eq!(refused(&offline, QE_IDENTITY, NOW).await, "fetch.off");
    let online = world.fetcher_on(folder.path(), world.settings());
    fetched(&online, QE_IDENTITY, NOW).await;
    assert_eq!(world.asked("/tdx/certification/v4/qe/identity"), 2);
}

/// Attack: a cache whose key leaves out part of the TCB answers with another key's certificate.
#[tokio::test]
async fn every_component_of_the_tcb_is_part_of_the_key() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    let Need::Vcek { product, hwid, tcb } = vcek(&world.pki, Product::Turin) else { panic!() };
    let up = |level: u8| level + 1;
    let mut other_chip = *hwid.as_bytes();
    other_chip[7] ^= 1;
    let needs = [
        Need::Vcek { product, hwid, tcb },
        Need::Vcek { product, hwid, tcb: Tcb { fmc: tcb.fmc.map(up), ..tcb } },
        Need::Vcek { product, hwid, tcb: Tcb { boot_loader: up(tcb.boot_loader), ..tcb } },
        Need::Vcek { product, hwid, tcb: Tcb { tee: up(tcb.tee), ..tcb } },
        Need::Vcek { product, hwid, tcb: Tcb { snp: up(tcb.snp), ..tcb } },
        Need::Vcek { product, hwid, tcb: Tcb { microcode: up(tcb.microcode), ..tcb } },
        Need::Vcek { product, hwid: ChipId::new(other_chip), tcb },
    ];
    for round in 0..2 {
        for need in needs {
            assert_eq!(*fetched(&fetcher, need, NOW).await.need(), need, "round {round}");
        }
    }
    // Seven certificates and the chain above them.
    assert_eq!(world.asked("/vcek/v1/Turin/"), needs.len() + 1);
}

#[tokio::test]
async fn the_two_evaluations_of_intel_are_kept_apart() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut early = world.settings();
    early.update = TcbUpdate::Early;
    let standard = world.fetcher_on(folder.path(), world.settings());
    let early = world.fetcher_on(folder.path(), early);
    let number = |publication: &cloister_attestation::publication::Publication| {
        publication.issue().unwrap().number.unwrap()
    };
    let first = number(&*fetched(&standard, QE_IDENTITY, NOW).await);
    assert_eq!(number(&*fetched(&early, QE_IDENTITY, NOW).await), first + 1);
    assert_eq!(number(&*fetched(&standard, QE_IDENTITY, NOW).await), first);
}

#[tokio::test]
async fn a_newer_issue_is_asked_for_after_the_interval_and_a_certificate_is_not() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    let need = vcek(&world.pki, Product::Milan);
    let second = Duration::from_secs(1);
    for now in [NOW, NOW.plus(REFRESH_INTERVAL_DEFAULT - second)] {
        fetched(&fetcher, CRL, now).await;
        fetched(&fetcher, need, now).await;
        assert_eq!(world.asked(&CRL.path()), 1);
    }
    let later = NOW.plus(REFRESH_INTERVAL_DEFAULT);
    fetched(&fetcher, CRL, later).await;
    fetched(&fetcher, need, later).await;
    assert_eq!((world.asked(&CRL.path()), world.asked(&need.path())), (2, 1));
}

#[tokio::test]
async fn an_outage_is_bridged_for_as_long_as_the_vendor_vouches_and_no_longer() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    let kept = fetched(&fetcher, QE_IDENTITY, NOW).await;
    world.publisher.misbehave(Fault::Status(503, None));
    for now in [NOW.plus(REFRESH_INTERVAL_DEFAULT), kept.valid_until()] {
        assert_eq!(fetched(&fetcher, QE_IDENTITY, now).await, kept);
    }
    assert_eq!(fetcher.tally().failures["fetch.status"], 2);
    let after = kept.valid_until().plus(Duration::from_secs(3600));
    assert_eq!(refused(&fetcher, QE_IDENTITY, after).await, "fetch.status");
}

/// Attack: bringing back a CRL from before a revocation, or collateral of an earlier evaluation.
#[tokio::test]
async fn an_older_issue_does_not_replace_a_newer_one() {
    let world = World::start().await;
    let at = ISSUED.plus(Duration::from_secs(1800));
    let newer = Catalogue::new(&world.pki)
        .with_snp(move |guest| guest.with_crl(move |crl| crl.this_update = at))
        .with_tdx(|guest| guest.with_qe_identity(|id| id.tcb_evaluation_data_number += 5));
    let fetcher = world.fetcher();
    let later = NOW.plus(REFRESH_INTERVAL_DEFAULT);
    for need in [CRL, QE_IDENTITY] {
        world.publisher.publish(newer.clone());
        let kept = fetched(&fetcher, need, NOW).await;
        world.publisher.publish(Catalogue::new(&world.pki));
        assert_eq!(fetched(&fetcher, need, later).await, kept, "{need}");
    }
    assert_eq!(fetcher.tally().failures["fetch.older"], 2);
}
