//! A Verifier without its network: the parts that decide, with the database on a disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::Nonce;
use cloister_attestation::policy::Policy;
use cloister_channel::TrustDomain;
use cloister_endorsements::{Fetcher, MemoryStore, Settings};
use cloister_simulator::Pki;
use cloister_verifier::admission::{Admission, Appraiser, Parts};
use cloister_verifier::checkpoints::Checkpoints;
use cloister_verifier::clock::Clock;
use cloister_verifier::endorsements::{OfflineFolder, RollbackMemory, Sources};
use cloister_verifier::metrics::Metrics;
use cloister_verifier::policies::Policies;
use cloister_verifier::publications::Publications;
use cloister_verifier::state::{Directory, Keys, files};
use cloister_verifier::store::{Operation, Store};
use cloister_verifier::trust::Trust;
use tempfile::TempDir;

use super::enclave::Enclave;
use super::{AT_ONCE, ISSUED, NOW};

const LIFETIME: Duration = Duration::from_secs(600);

/// A Verifier and the runtimes that it admits.
pub(super) struct Verifier {
    admission: Arc<Admission>,
    store: Store,
    anchors: Anchors,
    enclaves: Vec<Enclave>,
    _folder: TempDir,
}

impl Verifier {
    pub(super) async fn open() -> Result<Self> {
        let pki = Pki::from_seed("cloister-bench", ISSUED);
        let enclaves = (0..AT_ONCE).map(|_| Enclave::boot(&pki)).collect::<Result<Vec<_>>>()?;
        let folder = folder()?;
        let domain = TrustDomain::new("example.org")?;
        let directory = Directory::open(&folder.path().join("data"))?;
        let keys = Arc::new(Keys::open(&directory, &domain, LIFETIME, NOW)?);
        let store = Store::open(&directory.reserve(files::DATABASE)?, &domain, NOW).await?;
        let policy = Policy::strict_for_simulator(pki.anchor().fingerprint());
        let clock = Clock::from_fn(|| NOW);
        let appraiser = appraiser(&pki, &policy, (&store, &clock)).await?;
        let metrics = Arc::new(Metrics::default());
        let publications = Publications::open(
            store.clone(),
            Arc::clone(&keys),
            domain.clone(),
            Arc::clone(&metrics),
        )
        .await?;
        let trust = Trust::new(domain, policy.anchors, Arc::clone(&keys), store.clone());
        let metrics = Arc::new(Metrics::default());
        let checkpoints = Checkpoints::new(store.clone(), clock.clone(), Arc::clone(&metrics));
        let admission = Admission::new(Parts {
            keys,
            appraiser,
            store: store.clone(),
            checkpoints,
            trust,
            publications,
            clock,
            metrics,
            lease_lifetime: LIFETIME,
            verifications_max: std::thread::available_parallelism()?.get(),
        });
        let verifier = Self {
            admission: Arc::new(admission),
            store,
            anchors: pki.anchors(),
            enclaves,
            _folder: folder,
        };
        verifier.admit_image().await?;
        Ok(verifier)
    }

    async fn admit_image(&self) -> Result<()> {
        let values = self.enclave(0)?.reference_values();
        let tuples: Vec<_> = values.tuples().collect();
        let operation = Operation {
            at: NOW,
            action: "image.admit",
            subject: String::new(),
            detail: String::new(),
        };
        let admitted = self.store.admit_images(&tuples, &operation).await?;
        ensure!(admitted.is_ok(), "the image was revoked");
        Ok(())
    }

    pub(super) const fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    pub(super) const fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    pub(super) fn enclave(&self, at: usize) -> Result<&Enclave> {
        self.enclaves.get(at).context("an enclave")
    }

    pub(super) fn challenge(&self) -> Result<Nonce> {
        Nonce::from_slice(&self.admission.challenge()?.nonce).context("a nonce")
    }

    #[cfg(test)]
    pub(super) async fn admitted(&self) -> Result<u64> {
        Ok(self.store.verdicts(cloister_verifier::store::Outcome::Admitted).await?)
    }

    pub(super) async fn close(&self) {
        self.store.close().await;
    }
}

/// Beside the program, on the disk that it was built on: a folder for temporary files may be in
/// memory, where nothing is durable.
fn folder() -> Result<TempDir> {
    let program = std::env::current_exe()?;
    let beside: &Path = program.parent().context("a program is in a folder")?;
    Ok(tempfile::tempdir_in(beside)?)
}

async fn appraiser(
    pki: &Pki,
    policy: &Policy,
    (store, clock): (&Store, &Clock),
) -> Result<Appraiser> {
    let settings = Settings::offline();
    let policies = Policies::open(store.clone(), policy, NOW).await?;
    let memory =
        RollbackMemory::open(store.clone(), clock.clone(), &pki.anchors(), settings.update).await?;
    let fetcher = Fetcher::new(settings, pki.anchors(), Arc::new(MemoryStore::default()))?;
    let sources = Sources::new(OfflineFolder::new(None), fetcher);
    Ok(Appraiser::new(pki.anchors(), policies, sources, memory))
}
