//! One publisher, and fetchers that ask it.

use std::path::Path;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::{Need, Publication, TcbUpdate};
use cloister_attestation::snp::{Product, Tcb};
use cloister_attestation::time::UnixTime;
use cloister_endorsements::{
    ContentStore, Endpoint, FetchError, Fetcher, FolderStore, MemoryStore, Settings,
};
use cloister_simulator::publisher::{Catalogue, Publisher};
use cloister_simulator::{Pki, SnpGuest};

pub(crate) const ISSUED: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_003_600);
pub(crate) const CRL: Need = Need::AmdCrl { product: Product::Milan };
pub(crate) const QE_IDENTITY: Need = Need::TdQeIdentity { update: TcbUpdate::Standard };

pub(crate) struct World {
    pub(crate) pki: Pki,
    pub(crate) publisher: Publisher,
}

impl World {
    pub(crate) async fn start() -> Self {
        let pki = pki();
        let publisher = Publisher::start(Catalogue::new(&pki)).await.unwrap();
        Self { pki, publisher }
    }

    pub(crate) fn settings(&self) -> Settings {
        at(&self.publisher.url())
    }

    /// A fetcher that forgets with the process.
    pub(crate) fn fetcher(&self) -> Fetcher {
        self.fetcher_with(self.settings(), Arc::new(MemoryStore::default()))
    }

    pub(crate) fn fetcher_on(&self, folder: &Path, settings: Settings) -> Fetcher {
        self.fetcher_with(settings, Arc::new(FolderStore::open(folder).unwrap()))
    }

    pub(crate) fn fetcher_with(&self, settings: Settings, store: Arc<dyn ContentStore>) -> Fetcher {
        Fetcher::new(settings, self.pki.anchors(), store).unwrap()
    }

    /// How often something below `path` was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.publisher.requests().iter().filter(|request| request.starts_with(path)).count()
    }
}

pub(crate) fn pki() -> Pki {
    Pki::from_seed("endorsements", ISSUED)
}

/// Every service at one address.
pub(crate) fn at(url: &str) -> Settings {
    let endpoint = Endpoint::At(url.parse().unwrap());
    let mut settings = Settings::offline();
    settings.kds = endpoint.clone();
    settings.pcs = endpoint.clone();
    settings.intel_root = endpoint;
    settings
}

/// The certificate of the simulated chip at its current TCB.
pub(crate) fn vcek(pki: &Pki, product: Product) -> Need {
    let guest = SnpGuest::new(pki, product);
    let report = guest.report(&cloister_attestation::bytes::ReportData::new([0; 64]));
    let report = cloister_attestation::snp::Report::parse(&report).unwrap();
    let tcb: Tcb = report.reported_tcb().components(product);
    Need::Vcek { product, hwid: *report.chip_id(), tcb }
}

pub(crate) async fn fetched(fetcher: &Fetcher, need: Need, now: UnixTime) -> Arc<Publication> {
    fetcher.fetch(need, now).await.unwrap()
}

/// The code of a fetch that has to fail.
pub(crate) async fn refused(fetcher: &Fetcher, need: Need, now: UnixTime) -> &'static str {
    failed(fetcher, need, now).await.code().id
}

pub(crate) async fn failed(fetcher: &Fetcher, need: Need, now: UnixTime) -> FetchError {
    fetcher.fetch(need, now).await.unwrap_err()
}
