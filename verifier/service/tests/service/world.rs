//! A Verifier to talk to, and connections to it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::enrolment_client::EnrolmentClient;
use cloister_api::v1::operator_client::OperatorClient;
use cloister_api::v1::registry_client::RegistryClient;
use cloister_api::v1::trust_client::TrustClient;
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::pem;
use cloister_channel::{Credentials, KeyExchange, TrustBundle, client_config};
use cloister_simulator::Pki;
use cloister_verifier::store::Store;
use cloister_verifier::{Clock, Config, Verifier};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::enclave::Enclave;

/// When the simulated vendors issued everything. Tests begin an hour later.
pub(crate) const VALID_FROM: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Nobody is asked for anything.
const OFFLINE: &str = "kds = \"off\"\npcs = \"off\"\nintel_root = \"off\"\n";

/// The operator's calls.
pub(crate) type Operator = OperatorClient<Channel>;

/// A running Verifier with everything around it.
pub(crate) struct World {
    pub(crate) pki: Pki,
    folder: TempDir,
    time: Arc<AtomicU64>,
    /// How many seconds the service's own clock is behind.
    behind: Arc<AtomicU64>,
    verifier: Option<Verifier>,
}

/// What the configuration says beside the paths.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) lease_secs: u64,
    pub(crate) challenge_secs: u64,
    pub(crate) vendor_anchors: bool,
    /// Further lines of the section `endorsements`.
    pub(crate) endorsements: String,
}

impl Default for Settings {
    fn default() -> Self {
        let endorsements = OFFLINE.to_owned();
        Self { lease_secs: 600, challenge_secs: 120, vendor_anchors: false, endorsements }
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let pki = pki();
        let folder = tempfile::tempdir().unwrap();
        write_config(folder.path(), &pki, &settings);
        let time = Arc::new(AtomicU64::new(VALID_FROM.as_secs() + 3600));
        let mut world = Self { pki, folder, time, behind: Arc::default(), verifier: None };
        world.restart().await;
        world
    }

    /// Stops the service if it runs, and starts it on the same folder.
    pub(crate) async fn restart(&mut self) {
        if let Some(verifier) = self.verifier.take() {
            verifier.stop().await;
        }
        let config = Config::load(&self.folder.path().join("verifier.toml")).unwrap();
        self.verifier = Some(Verifier::start(config, self.service_clock()).await.unwrap());
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = Arc::clone(&self.time);
        Clock::from_fn(move || UnixTime::from_secs(time.load(Ordering::SeqCst)))
    }

    fn service_clock(&self) -> Clock {
        let (time, behind) = (Arc::clone(&self.time), Arc::clone(&self.behind));
        let read = move || time.load(Ordering::SeqCst) - behind.load(Ordering::SeqCst);
        Clock::from_fn(move || UnixTime::from_secs(read()))
    }

    /// Sets the service's own clock back, and no one else's.
    pub(crate) fn set_service_back(&self, by: Duration) {
        self.behind.store(by.as_secs(), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock().now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.time.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the configuration for the next start.
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let path = self.folder.path().join("verifier.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn endorsements(&self) -> PathBuf {
        self.folder.path().join("endorsements")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.verifier.as_ref().unwrap().address()
    }

    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.data().join("operator.token")).unwrap().trim().to_owned()
    }

    /// What peers of this trust domain accept.
    pub(crate) fn accepted(&self) -> AnchorPolicy {
        AnchorPolicy::Simulator(self.pki.anchor().fingerprint())
    }

    /// The record, read beside the service.
    pub(crate) async fn record(&self) -> Store {
        let path = self.data().join("verifier.sqlite");
        Store::open(&path, &"example.org".parse().unwrap(), self.now()).await.unwrap()
    }

    pub(crate) fn tls(&self, credentials: Option<(&Credentials, &TrustBundle)>) -> ClientConfig {
        self.tls_with(vec![kx_group::X25519MLKEM768], credentials)
    }

    /// A client that pins the Verifier's issuer and offers `kx_groups`.
    pub(crate) fn tls_with(
        &self,
        kx_groups: Vec<&'static dyn SupportedKxGroup>,
        credentials: Option<(&Credentials, &TrustBundle)>,
    ) -> ClientConfig {
        let pinned = fs::read_to_string(self.data().join("trust.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        for issuer in pem::certificates(&pinned).unwrap() {
            roots.add(CertificateDer::from(issuer.as_der().to_vec())).unwrap();
        }
        let provider = Arc::new(CryptoProvider { kx_groups, ..default_provider() });
        let builder = ClientConfig::builder_with_details(provider, Arc::new(self.clock()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = builder.with_no_client_auth();
        if let Some((credentials, trust)) = credentials {
            let time = Arc::new(self.clock());
            let mutual = client_config(credentials, trust, KeyExchange::PostQuantum, time).unwrap();
            config.client_auth_cert_resolver = Arc::clone(&mutual.client_auth_cert_resolver);
        }
        config
    }

    /// A gRPC channel over `tls`. Dials at first use.
    pub(crate) fn channel(&self, mut tls: ClientConfig) -> Channel {
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let (tls, address) = (Arc::new(tls), self.address());
        let dial = service_fn(move |_: http::Uri| {
            let tls = Arc::clone(&tls);
            async move { Ok::<_, std::io::Error>(TokioIo::new(dial(tls, address).await?)) }
        });
        Endpoint::from_static("http://verifier").connect_with_connector_lazy(dial)
    }

    pub(crate) fn anybody(&self) -> Channel {
        self.channel(self.tls(None))
    }

    pub(crate) fn enrolment(&self) -> EnrolmentClient<Channel> {
        EnrolmentClient::new(self.anybody())
    }

    pub(crate) fn operator(&self) -> Operator {
        OperatorClient::new(self.anybody())
    }

    pub(crate) fn registry(
        &self,
        credentials: Option<(&Credentials, &TrustBundle)>,
    ) -> RegistryClient<Channel> {
        RegistryClient::new(self.channel(self.tls(credentials)))
    }

    pub(crate) async fn bundle(&self) -> TrustBundle {
        let bundle = TrustClient::new(self.anybody()).bundle(v1::BundleRequest {}).await.unwrap();
        TrustBundle::from_wire(&bundle.into_inner(), self.accepted()).unwrap()
    }

    /// `message` with the operator's token.
    pub(crate) fn authorized<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token()).parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        request
    }

    /// Admits the image that `enclave` was launched from.
    pub(crate) async fn admit(&self, enclave: &Enclave) -> Vec<v1::Image> {
        let reference_values = serde_json::to_vec(&enclave.reference_values()).unwrap();
        let request =
            self.authorized(v1::AdmitImageRequest { reference_values, ..Default::default() });
        self.operator().admit_image(request).await.unwrap().into_inner().images
    }

    pub(crate) async fn quarantine(&self, name: &str) -> v1::QuarantineAgentResponse {
        let message =
            v1::QuarantineAgentRequest { name: name.to_owned(), reason: "a test".to_owned() };
        self.operator().quarantine_agent(self.authorized(message)).await.unwrap().into_inner()
    }

    pub(crate) async fn stop(mut self) {
        self.verifier.take().unwrap().stop().await;
    }
}

/// The vendors of every test.
pub(crate) fn pki() -> Pki {
    Pki::from_seed("verifier-service", VALID_FROM)
}

/// A TLS connection to the service.
pub(crate) async fn dial(
    tls: Arc<ClientConfig>,
    address: SocketAddr,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    TlsConnector::from(tls).connect(ServerName::from(address.ip()), socket).await
}

fn write_config(folder: &Path, pki: &Pki, settings: &Settings) {
    let anchor = pki.anchor();
    fs::write(folder.join("anchor.json"), serde_json::to_vec(&anchor).unwrap()).unwrap();
    let anchors = if settings.vendor_anchors {
        "\"vendor\"".to_owned()
    } else {
        let fingerprint = anchor.fingerprint();
        format!("{{ simulator = {{ file = \"anchor.json\", fingerprint = \"{fingerprint}\" }} }}")
    };
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndata = \"data\"\ntrust_domain = \"example.org\"\n\
         [lease]\nlifetime_secs = {}\n[challenge]\nlifetime_secs = {}\n\
         [appraisal]\nanchors = {anchors}\npolicy = \"strict\"\n\
         [endorsements]\nfolder = \"endorsements\"\n{}",
        settings.lease_secs, settings.challenge_secs, settings.endorsements,
    );
    fs::write(folder.join("verifier.toml"), text).unwrap();
}
