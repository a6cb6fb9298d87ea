//! A Verifier that accepts one simulator, and its operator.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloister_api::v1;
use cloister_api::v1::operator_client::OperatorClient;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_node::clock::Clock;
use cloister_node::config::{AgentConfig, LogConfig};
use cloister_node::logging;
use cloister_node::workload::declare;
use cloister_simulator::{Pki, ProcessImage, SnpGuest, reference_values};
use cloister_verifier::{Config, Verifier};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

pub(crate) const TRUST_DOMAIN: &str = "example.org";

/// A running Verifier, and a folder for everybody.
pub(crate) struct World {
    pub(crate) pki: Pki,
    folder: TempDir,
    verifier: Option<Verifier>,
    address: SocketAddr,
}

impl World {
    /// With leases of ten minutes.
    pub(crate) async fn start() -> Self {
        Self::with_leases(600).await
    }

    pub(crate) async fn with_leases(lifetime_secs: u64) -> Self {
        show_log();
        let day = Duration::from_secs(24 * 60 * 60);
        let pki = Pki::from_seed("verifier-service", Clock::default().now().minus(day));
        let folder = tempfile::tempdir().unwrap();
        write_verifier(folder.path(), &pki, lifetime_secs);
        let config = Config::load(&folder.path().join("verifier.toml")).unwrap();
        let verifier = Verifier::start(config, cloister_verifier::Clock::system()).await.unwrap();
        let address = verifier.address();
        Self { pki, folder, verifier: Some(verifier), address }
    }

    /// A new folder below the world's.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = tempfile::Builder::new().prefix(name).tempdir_in(self.folder.path()).unwrap();
        folder.keep()
    }

    pub(crate) fn trust_root(&self) -> PathBuf {
        self.folder.path().join("data/trust.pem")
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Starts the service again where it was, with what it had stored.
    pub(crate) async fn restart_verifier(&mut self) {
        let path = self.folder.path().join("verifier.toml");
        let config = fs::read_to_string(&path).unwrap();
        let config = config.replace("127.0.0.1:0", &self.address.to_string());
        fs::write(&path, config).unwrap();
        let config = Config::load(&path).unwrap();
        let verifier = Verifier::start(config, cloister_verifier::Clock::system()).await.unwrap();
        self.verifier = Some(verifier);
    }

    /// Ends the service: nobody is answered any more.
    pub(crate) async fn stop_verifier(&mut self) {
        self.verifier.take().unwrap().stop().await;
    }

    /// Admits what `image` measures, with the manifest that `agent_toml` declares.
    pub(crate) async fn admit(&self, agent_toml: &Path, image: &ProcessImage) {
        let config = AgentConfig::load(agent_toml).unwrap();
        let manifest = declare(&config).unwrap().digest;
        let values = reference_values(image, &config.image.name, &config.image.version, manifest);
        let reference_values = serde_json::to_vec(&values).unwrap();
        let request =
            self.authorized(v1::AdmitImageRequest { reference_values, ..Default::default() });
        self.operator().await.admit_image(request).await.unwrap();
    }

    pub(crate) async fn quarantine(&self, name: &str) {
        let message =
            v1::QuarantineAgentRequest { name: name.to_owned(), reason: "a test".to_owned() };
        self.operator().await.quarantine_agent(self.authorized(message)).await.unwrap();
    }

    /// What runtimes showed of their audit logs.
    pub(crate) async fn logs(&self) -> Vec<v1::AuditCheckpoint> {
        let request = self.authorized(v1::ListCheckpointsRequest {});
        let listed = self.operator().await.list_checkpoints(request).await.unwrap();
        listed.into_inner().checkpoints
    }

    fn authorized<T>(&self, message: T) -> Request<T> {
        let token = fs::read_to_string(self.folder.path().join("data/operator.token")).unwrap();
        let mut request = Request::new(message);
        let value = format!("Bearer {}", token.trim()).parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        request
    }

    async fn operator(&self) -> OperatorClient<Channel> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(self.trust_root()).unwrap() {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let (connector, address) = (TlsConnector::from(Arc::new(tls)), self.address);
        let dial = tower::service_fn(move |_: http::Uri| {
            let connector = connector.clone();
            async move {
                let stream = TcpStream::connect(address).await?;
                let name = ServerName::IpAddress(address.ip().into());
                Ok::<_, std::io::Error>(TokioIo::new(connector.connect(name, stream).await?))
            }
        });
        let endpoint = Endpoint::from_static("https://verifier");
        OperatorClient::new(endpoint.connect_with_connector(dial).await.unwrap())
    }
}

/// Shows the log where `CLOISTER_TEST_LOG` says which part of it, as in `cloister_node=debug`.
fn show_log() {
    if let Ok(filter) = std::env::var("CLOISTER_TEST_LOG") {
        let mut config = LogConfig::default();
        config.filter = filter;
        // A process has one log, and several tests may run in it.
        let _taken = logging::init(&config);
    }
}

fn write_verifier(folder: &Path, pki: &Pki, lifetime_secs: u64) {
    let anchor = pki.anchor();
    fs::write(folder.join("anchor.json"), serde_json::to_vec(&anchor).unwrap()).unwrap();
    fs::create_dir_all(folder.join("endorsements/snp/Milan")).unwrap();
    let endorsements = SnpGuest::new(pki, Product::Milan).endorsements();
    fs::write(folder.join("endorsements/snp/Milan/crl.der"), endorsements.crl.unwrap()).unwrap();
    let config = format!(
        "listen = \"127.0.0.1:0\"\ndata = \"data\"\ntrust_domain = \"{TRUST_DOMAIN}\"\n\
         [lease]\nlifetime_secs = {lifetime_secs}\n\
         [endorsements]\nfolder = \"endorsements\"\n[appraisal]\n\
         anchors = {{ simulator = {{ file = \"anchor.json\", fingerprint = \"{}\" }} }}\n",
        anchor.fingerprint()
    );
    fs::write(folder.join("verifier.toml"), config).unwrap();
}

/// A digest that stands for a file which plays no part.
pub(crate) fn stand_in(text: &str) -> Digest48 {
    Digest48::sha384(text.as_bytes())
}

/// Now, in whole seconds.
pub(crate) fn now() -> UnixTime {
    Clock::default().now()
}
