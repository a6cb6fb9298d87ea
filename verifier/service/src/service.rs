//! The whole service: from configuration to a listening port and back to nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cloister_endorsements::{Fetcher, FolderStore};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admission::{Admission, Appraiser, Parts};
use crate::app::App;
use crate::checkpoints::Checkpoints;
use crate::clock::Clock;
use crate::config::Config;
use crate::endorsements::{OfflineFolder, RollbackMemory, Sources};
use crate::limits::{HOUSEKEEPING_INTERVAL, SERVER_CERTIFICATE_LIFETIME};
use crate::metrics::Metrics;
use crate::operations::Operations;
use crate::policies::Policies;
use crate::publications::Publications;
use crate::registry::{Pace, Registry};
use crate::rotation::KeyRotation;
use crate::server::{self, Listener};
use crate::start::StartError;
use crate::state::{Directory, Keys, ServerCertificate, files};
use crate::store::Store;
use crate::trust::Trust;

/// A Verifier that listens.
#[derive(Debug)]
pub struct Verifier {
    address: SocketAddr,
    stopping: CancellationToken,
    serving: JoinHandle<()>,
    store: Store,
    /// Keeps other processes out of the data folder.
    _directory: Arc<Directory>,
}

impl Verifier {
    /// Opens the data folder, binds the port and starts to answer.
    ///
    /// # Errors
    /// [`StartError`] if the data folder cannot be used or the port is taken.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let now = clock.now();
        let directory = Arc::new(Directory::open(&config.data)?);
        let keys =
            Arc::new(Keys::open(&directory, &config.trust_domain, config.challenge_lifetime, now)?);
        let database = directory.reserve(files::DATABASE)?;
        let store = Store::open(&database, &config.trust_domain, now).await?;
        let (socket, address) = bind(config.listen).await?;
        let certificate = ServerCertificate::issue(&keys.authority, names(&config, address), now)?;
        let certificate = Arc::new(certificate);
        let tls = server::config(Arc::clone(&certificate), keys.authority.certificate(), &clock)?;
        let stopping = CancellationToken::new();
        let connections_max = config.connections_max;
        let policies = Policies::open(store.clone(), &config.appraisal.policy, now).await?;
        let (appraiser, fetcher) =
            appraiser(&config, &directory, policies.clone(), (&store, &clock)).await?;
        let accepted = config.appraisal.policy.anchors.clone();
        let domain = config.trust_domain.clone();
        let trust = Trust::new(domain, accepted, Arc::clone(&keys), store.clone());
        let rotation = KeyRotation::new(
            (Arc::clone(&keys), Arc::clone(&directory)),
            (store.clone(), trust.clone(), clock.clone()),
            config.lease_key_age_max,
        );
        rotation.keep().await?;
        let operations = Operations::new(store.clone(), clock.clone(), policies, rotation.clone());
        let metrics = Arc::new(Metrics::default());
        let domain = config.trust_domain.clone();
        let publications =
            Publications::open(store.clone(), Arc::clone(&keys), domain, Arc::clone(&metrics))
                .await?;
        let app = assemble(
            &config,
            (appraiser, fetcher),
            (trust, operations, publications, metrics),
            (&keys, &store, &clock),
            &stopping,
        );
        warn_of_simulator(&app);
        directory.publish(files::ADDRESS, format!("{address}\n").as_bytes())?;
        let metrics = Arc::clone(&app.metrics);
        let listener = Listener::new(socket, tls, server::router(&app), metrics, connections_max);
        tokio::spawn(keep_house(store.clone(), rotation, clock.clone(), stopping.clone()));
        tokio::spawn(renew_certificate(certificate, keys, clock, stopping.clone()));
        let serving = tokio::spawn(listener.serve(stopping.clone()));
        tracing::info!(%address, trust_domain = %app.trust.domain(), "listening");
        Ok(Self { address, stopping, serving, store, _directory: directory })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends watches, lets running requests end, and closes the database.
    pub async fn stop(self) {
        self.stopping.cancel();
        if self.serving.await.is_err() {
            tracing::error!("serving ended with a panic");
        }
        self.store.close().await;
    }
}

/// What Evidence is judged by. Reading what was seen before also raises the clock.
async fn appraiser(
    config: &Config,
    directory: &Directory,
    policies: Policies,
    (store, clock): (&Store, &Clock),
) -> Result<(Appraiser, Fetcher), StartError> {
    let (appraisal, endorsements) = (config.appraisal.clone(), config.endorsements.clone());
    let update = endorsements.services.update;
    let memory =
        RollbackMemory::open(store.clone(), clock.clone(), &appraisal.anchors, update).await?;
    let documents = FolderStore::open(&directory.path(files::DOCUMENTS))?;
    let anchors = appraisal.anchors.clone();
    let fetcher = Fetcher::new(endorsements.services, anchors, Arc::new(documents))?;
    let sources = Sources::new(OfflineFolder::new(endorsements.folder), fetcher.clone());
    Ok((Appraiser::new(appraisal.anchors, policies, sources, memory), fetcher))
}

fn assemble(
    config: &Config,
    (appraiser, fetcher): (Appraiser, Fetcher),
    (trust, operations, publications, metrics): (Trust, Operations, Publications, Arc<Metrics>),
    (keys, store, clock): (&Arc<Keys>, &Store, &Clock),
    stopping: &CancellationToken,
) -> App {
    let registry = Registry::new(
        store.clone(),
        trust.clone(),
        clock.clone(),
        Pace::default(),
        stopping.clone(),
    );
    let checkpoints = Checkpoints::new(store.clone(), clock.clone(), Arc::clone(&metrics));
    let admission = Admission::new(Parts {
        keys: Arc::clone(keys),
        appraiser,
        store: store.clone(),
        checkpoints: checkpoints.clone(),
        trust: trust.clone(),
        publications: publications.clone(),
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        lease_lifetime: config.lease_lifetime,
        verifications_max: verifications(config.appraisal.verifications_max),
    });
    App {
        admission: Arc::new(admission),
        checkpoints,
        registry,
        operations,
        publications,
        trust,
        metrics,
        clock: clock.clone(),
        store: store.clone(),
        keys: Arc::clone(keys),
        fetcher,
    }
}

fn verifications(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    }
}

async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Bind { address: listen, source };
    let socket = TcpListener::bind(listen).await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok((socket, address))
}

/// The configured names and, where it says something, the address that is listened on.
fn names(config: &Config, address: SocketAddr) -> Vec<String> {
    let own: Option<IpAddr> = Some(address.ip()).filter(|ip| !ip.is_unspecified());
    config.names.iter().cloned().chain(own.map(|ip| ip.to_string())).collect()
}

fn warn_of_simulator(app: &App) {
    if app.admission.is_simulated() {
        tracing::warn!(
            "SIMULATED EVIDENCE IS ACCEPTED: the configured anchors are a simulator's. Nothing that \
             this Verifier admits is protected by hardware. Never use it for anything but development."
        );
    }
}

async fn keep_house(
    store: Store,
    rotation: KeyRotation,
    clock: Clock,
    stopping: CancellationToken,
) {
    while !passed(HOUSEKEEPING_INTERVAL, &stopping).await {
        if let Err(error) = store.forget(clock.now()).await {
            tracing::error!(error = %crate::error::chain(&error), "housekeeping failed");
        }
        if let Err(error) = rotation.keep().await {
            tracing::error!(error = %crate::error::chain(&error), "lease keys are not kept");
        }
    }
}

async fn renew_certificate(
    certificate: Arc<ServerCertificate>,
    keys: Arc<Keys>,
    clock: Clock,
    stopping: CancellationToken,
) {
    while !passed(SERVER_CERTIFICATE_LIFETIME / 4, &stopping).await {
        if let Err(error) = certificate.renew(&keys.authority, clock.now()) {
            tracing::error!(error = %crate::error::chain(&error), "own certificate is not renewed");
        }
    }
}

/// Waits; `true` if the service stops meanwhile.
async fn passed(interval: Duration, stopping: &CancellationToken) -> bool {
    tokio::time::timeout(interval, stopping.cancelled()).await.is_ok()
}
