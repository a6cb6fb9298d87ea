//! A stand-in for a Verifier's operator service, over real TLS on loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cloister_api::v1::operator_server::{Operator, OperatorServer};
use cloister_api::v1::{
    AdmitImageRequest, AdmitImageResponse, ApplyPolicyRequest, ApplyPolicyResponse,
    AuditCheckpoint, Image, ImageState, LeaseKeyRecord, LeaseKeyState, LiftQuarantineRequest,
    LiftQuarantineResponse, ListAgentsRequest, ListAgentsResponse, ListCheckpointsRequest,
    ListCheckpointsResponse, ListImagesRequest, ListImagesResponse, ListKeysRequest,
    ListKeysResponse, ListMachinesRequest, ListMachinesResponse, ListPoliciesRequest,
    ListPoliciesResponse, ListPublicationsRequest, ListPublicationsResponse, Machine, PolicyRecord,
    PublishPolicyRequest, PublishedPolicy, QuarantineAgentRequest, QuarantineAgentResponse,
    ReattestRequest, ReattestResponse, RetireAgentRequest, RetireAgentResponse, RetireImageRequest,
    RetireImageResponse, RevokeImageRequest, RevokeImageResponse, RevokeKeyRequest,
    RevokeKeyResponse, RotateKeysRequest, RotateKeysResponse, ShowAgentRequest, ShowAgentResponse,
};
use cloister_attestation::reference::ReferenceValues;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::{Request, Response, Status};

/// The token that the stand-in accepts.
pub(crate) const TOKEN: &str = "operator-token-of-the-test";

/// What the stand-in was asked, in order: the method and the `authorization` header.
pub(crate) type Asked = Arc<Mutex<Vec<(&'static str, String)>>>;

/// What the stand-in says that runtimes showed of their audit logs.
pub(crate) type Logs = Arc<Mutex<Vec<AuditCheckpoint>>>;

/// The machines that the stand-in says it knows.
pub(crate) type Known = Arc<Mutex<Vec<Machine>>>;

/// A running stand-in. Ends with the test's process.
pub(crate) struct StandIn {
    pub(crate) address: String,
    pub(crate) asked: Asked,
    pub(crate) machines: Known,
    pub(crate) logs: Logs,
}

impl StandIn {
    /// Serves with a certificate for 127.0.0.1, and writes the authority's to `ca`.
    pub(crate) fn start(ca: &Path) -> Self {
        let (authority, tls) = credentials();
        std::fs::write(ca, authority).unwrap();
        let asked = Asked::default();
        let (machines, logs) = (Known::default(), Logs::default());
        let service = Service {
            asked: Arc::clone(&asked),
            machines: Arc::clone(&machines),
            logs: Arc::clone(&logs),
        };
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                serve(listener, TlsAcceptor::from(Arc::new(tls)), service).await;
            });
        });
        let address: SocketAddr = told.recv().unwrap();
        Self { address: format!("https://{address}"), asked, machines, logs }
    }
}

fn credentials() -> (String, ServerConfig) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()),
        )
        .unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let pem =
        pem_rfc7468::encode_string("CERTIFICATE", pem_rfc7468::LineEnding::LF, authority.der());
    (pem.unwrap(), tls)
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, service: Service) {
    while let Ok((socket, _)) = listener.accept().await {
        // A client that does not like the certificate ends here, before it has said anything.
        let Ok(stream) = tls.accept(socket).await else { continue };
        let service = TowerToHyperService::new(OperatorServer::new(service.clone()));
        // A client that hangs up is done; what it was told is what the test looks at.
        let _ended = Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}

#[derive(Clone)]
struct Service {
    asked: Asked,
    machines: Known,
    logs: Logs,
}

impl Service {
    fn heard<T>(&self, method: &'static str, request: &Request<T>) -> Result<(), Status> {
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let header = header.unwrap_or_default().to_owned();
        let known = header == format!("Bearer {TOKEN}");
        self.asked.lock().unwrap().push((method, header));
        if known { Ok(()) } else { Err(Status::unauthenticated("not the operator's token")) }
    }
}

fn image() -> Image {
    Image {
        tuple: "ab".repeat(48),
        image: "translator".to_owned(),
        version: "1.0.0".to_owned(),
        tee: "snp".to_owned(),
        state: ImageState::Admitted.into(),
        admitted_at: 1_780_000_000,
        ..Image::default()
    }
}

#[tonic::async_trait]
impl Operator for Service {
    async fn admit_image(
        &self,
        request: Request<AdmitImageRequest>,
    ) -> Result<Response<AdmitImageResponse>, Status> {
        self.heard("admit_image", &request)?;
        let values = ReferenceValues::from_json(&request.get_ref().reference_values).unwrap();
        let images = values.shapes.iter().map(|_| image()).collect();
        Ok(Response::new(AdmitImageResponse { images, replaced: Vec::new() }))
    }

    async fn list_images(
        &self,
        request: Request<ListImagesRequest>,
    ) -> Result<Response<ListImagesResponse>, Status> {
        self.heard("list_images", &request)?;
        Ok(Response::new(ListImagesResponse { images: vec![image()] }))
    }

    async fn retire_image(
        &self,
        request: Request<RetireImageRequest>,
    ) -> Result<Response<RetireImageResponse>, Status> {
        self.heard("retire_image", &request)?;
        assert_eq!(request.get_ref().tuple, image().tuple);
        let image = Image { state: ImageState::Retired.into(), ..image() };
        Ok(Response::new(RetireImageResponse { image: Some(image) }))
    }

    async fn revoke_image(
        &self,
        request: Request<RevokeImageRequest>,
    ) -> Result<Response<RevokeImageResponse>, Status> {
        self.heard("revoke_image", &request)?;
        Err(Status::not_found("no such tuple"))
    }

    async fn list_agents(
        &self,
        request: Request<ListAgentsRequest>,
    ) -> Result<Response<ListAgentsResponse>, Status> {
        self.heard("list_agents", &request)?;
        Ok(Response::new(ListAgentsResponse { agents: Vec::new() }))
    }

    async fn show_agent(
        &self,
        request: Request<ShowAgentRequest>,
    ) -> Result<Response<ShowAgentResponse>, Status> {
        self.heard("show_agent", &request)?;
        Err(Status::not_found(format!("no agent is called {}", request.get_ref().name)))
    }

    async fn quarantine_agent(
        &self,
        request: Request<QuarantineAgentRequest>,
    ) -> Result<Response<QuarantineAgentResponse>, Status> {
        self.heard("quarantine_agent", &request)?;
        Ok(Response::new(QuarantineAgentResponse { agent: None, revoked_instances: 2 }))
    }

    async fn lift_quarantine(
        &self,
        request: Request<LiftQuarantineRequest>,
    ) -> Result<Response<LiftQuarantineResponse>, Status> {
        self.heard("lift_quarantine", &request)?;
        Ok(Response::new(LiftQuarantineResponse { agent: None }))
    }

    async fn retire_agent(
        &self,
        request: Request<RetireAgentRequest>,
    ) -> Result<Response<RetireAgentResponse>, Status> {
        self.heard("retire_agent", &request)?;
        Ok(Response::new(RetireAgentResponse { agent: None, revoked_instances: 1 }))
    }

    async fn list_machines(
        &self,
        request: Request<ListMachinesRequest>,
    ) -> Result<Response<ListMachinesResponse>, Status> {
        self.heard("list_machines", &request)?;
        Ok(Response::new(ListMachinesResponse { machines: self.machines.lock().unwrap().clone() }))
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Result<Response<ListCheckpointsResponse>, Status> {
        self.heard("list_checkpoints", &request)?;
        let checkpoints = self.logs.lock().unwrap().clone();
        Ok(Response::new(ListCheckpointsResponse { checkpoints }))
    }

    async fn list_keys(
        &self,
        request: Request<ListKeysRequest>,
    ) -> Result<Response<ListKeysResponse>, Status> {
        self.heard("list_keys", &request)?;
        let key = |kid: &str, state: LeaseKeyState| LeaseKeyRecord {
            kid: kid.to_owned(),
            state: state.into(),
            since: 1_800_000_000,
        };
        let keys = vec![key("aa", LeaseKeyState::Current), key("bb", LeaseKeyState::Next)];
        Ok(Response::new(ListKeysResponse { keys }))
    }

    async fn rotate_keys(
        &self,
        request: Request<RotateKeysRequest>,
    ) -> Result<Response<RotateKeysResponse>, Status> {
        self.heard("rotate_keys", &request)?;
        Err(Status::failed_precondition("too new"))
    }

    async fn revoke_key(
        &self,
        request: Request<RevokeKeyRequest>,
    ) -> Result<Response<RevokeKeyResponse>, Status> {
        self.heard("revoke_key", &request)?;
        match request.into_inner().kid.as_str() {
            "aa" => Ok(Response::new(RevokeKeyResponse::default())),
            _ => Err(Status::not_found("no such lease key")),
        }
    }

    async fn list_policies(
        &self,
        request: Request<ListPoliciesRequest>,
    ) -> Result<Response<ListPoliciesResponse>, Status> {
        self.heard("list_policies", &request)?;
        let policies = vec![policy(2, "operator"), policy(1, "configuration")];
        Ok(Response::new(ListPoliciesResponse { policies, epoch_floor: 1 }))
    }

    async fn apply_policy(
        &self,
        request: Request<ApplyPolicyRequest>,
    ) -> Result<Response<ApplyPolicyResponse>, Status> {
        self.heard("apply_policy", &request)?;
        let read = cloister_attestation::policy::Policy::from_toml(&request.get_ref().document);
        let read = read.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let policy = PolicyRecord { digest: read.digest().to_string(), ..policy(2, "operator") };
        Ok(Response::new(ApplyPolicyResponse { policy: Some(policy), changed: true }))
    }

    async fn publish_policy(
        &self,
        request: Request<PublishPolicyRequest>,
    ) -> Result<Response<PublishedPolicy>, Status> {
        self.heard("publish_policy", &request)?;
        let PublishPolicyRequest { bundle, agent } = request.into_inner();
        if agent == "stubborn" {
            return Err(Status::failed_precondition("the image keeps to its own policy"));
        }
        let number = 3;
        Ok(Response::new(PublishedPolicy { number, bundle, agent, ..published(3) }))
    }

    async fn list_publications(
        &self,
        request: Request<ListPublicationsRequest>,
    ) -> Result<Response<ListPublicationsResponse>, Status> {
        self.heard("list_publications", &request)?;
        let policies = vec![published(2), published(1)];
        Ok(Response::new(ListPublicationsResponse { policies }))
    }

    async fn reattest(
        &self,
        request: Request<ReattestRequest>,
    ) -> Result<Response<ReattestResponse>, Status> {
        self.heard("reattest", &request)?;
        let leases_ended = if request.get_ref().all { 5 } else { 1 };
        Ok(Response::new(ReattestResponse { epoch_floor: 2, leases_ended }))
    }
}

fn published(number: u64) -> PublishedPolicy {
    PublishedPolicy {
        number,
        published_at: 1_800_000_000,
        agent: String::new(),
        digest: "cd".repeat(48),
        policies: 1,
        bundle: String::new(),
    }
}

fn policy(epoch: u64, origin: &str) -> PolicyRecord {
    PolicyRecord {
        epoch,
        applied_at: 1_800_000_000,
        origin: origin.to_owned(),
        digest: "ab".repeat(48),
        document: String::new(),
    }
}
