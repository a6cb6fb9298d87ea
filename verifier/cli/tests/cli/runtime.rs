//! A stand-in for a runtime that is asked for its attestation document. It can be made to lie.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::Tee;
use cloister_attestation::manifest::{Manifest, PolicyDigest, PolicySource, WorkloadDigest};
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::result::Tier;
use cloister_attestation::snp::Product;
use cloister_attestation::time::UnixTime;
use cloister_channel::tls::{document_exporter, document_server_config};
use cloister_channel::trust::{KeyId, TrustParts};
use cloister_channel::{
    ChannelKey, Credentials, Document, IdentityKey, LeaseClaims, PublicKey, TrustBundle,
};
use cloister_domain::world::World;
use cloister_simulator::{Guest, Pki, reference_values};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::time_provider::TimeProvider;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::program::{Run, cloister};
use crate::simulated::image;

/// What the stand-in is about to say. A lie changes it before the hardware signs.
pub(crate) struct Telling {
    pub(crate) binding: Binding,
    pub(crate) manifest: Vec<u8>,
    pub(crate) lease: Vec<u8>,
    pub(crate) lease_jwt: String,
    pub(crate) certificates: Vec<Vec<u8>>,
    /// Changed after the hardware has signed.
    pub(crate) afterwards: fn(&mut Envelope),
    /// `None` gives no Evidence.
    pub(crate) guest: Option<Guest>,
}

/// Changes what is said.
pub(crate) type Lie = fn(&mut Telling);

/// How the stand-in answers.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Document(Lie),
    /// This status and body, and `Retry-After: 7`.
    Raw(u16, &'static str),
}

/// A trust domain with one runtime, and the files that judge it.
pub(crate) struct Runtime {
    folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) world: World,
    pub(crate) claims: LeaseClaims,
    anchors: AnchorPolicy,
}

impl Runtime {
    /// Of the agent `translator`, and honest.
    pub(crate) fn honest() -> Self {
        Self::telling(Answer::Document(|_| {}))
    }

    pub(crate) fn lying(lie: Lie) -> Self {
        Self::telling(Answer::Document(lie))
    }

    pub(crate) fn telling(answer: Answer) -> Self {
        Self::with_lease(answer, |_| {})
    }

    /// The lease is another one than usual.
    pub(crate) fn with_lease(answer: Answer, change: fn(&mut LeaseClaims)) -> Self {
        Self::with_guest(answer, change, |pki| Guest::snp(pki, Product::Milan, &image()))
    }

    /// On a TD of the same image.
    pub(crate) fn on_tdx() -> Self {
        let guest = |pki: &Pki| Guest::tdx(pki, &image());
        Self::with_guest(Answer::Document(|_| {}), |claims| claims.tee = Tee::Tdx, guest)
    }

    fn with_guest(answer: Answer, change: fn(&mut LeaseClaims), guest: fn(&Pki) -> Guest) -> Self {
        let (world, pki) = (World::new(), pki());
        let anchors = AnchorPolicy::Simulator(pki.anchor().fingerprint());
        let identity = Arc::new(IdentityKey::generate().unwrap());
        let channel = Arc::new(ChannelKey::generate().unwrap());
        let mut claims = world.claims("translator", *identity.thumbprint(), *channel.thumbprint());
        claims.issued_at = now().minus(Duration::from_secs(60));
        claims.expires_at = now().plus(Duration::from_secs(540));
        claims.simulator = Some(pki.anchor().fingerprint());
        claims.tier = Tier::Warning;
        change(&mut claims);
        let lease = world.signer.sign(&claims).unwrap();
        let chain = [world.certificate(&claims, &lease, channel.public())];
        let bundle = TrustBundle::new(world.parts(), anchors.clone()).unwrap();
        let mid = claims.issued_at.plus(Duration::from_secs(1));
        let jwt = world.signer.sign_jwt(&claims).unwrap();
        let credentials = Credentials::new(identity, channel, &chain, &lease, &bundle, mid)
            .and_then(|made| made.with_lease_jwt(&jwt, &bundle, mid));
        let address = serve(Arc::new(credentials.unwrap()), guest(&pki), answer);
        let runtime =
            Self { folder: tempfile::tempdir().unwrap(), address, world, claims, anchors };
        runtime.write_files(&pki);
        runtime
    }

    fn write_files(&self, pki: &Pki) {
        self.put("anchor.json", &serde_json::to_vec(&pki.anchor()).unwrap());
        let values = reference_values(
            &image(),
            "translator",
            "1.0.0",
            Manifest::digest(&manifest("translator")),
        );
        self.put("image.json", &serde_json::to_vec(&values).unwrap());
        self.put("trust.pem", pem(self.world.ca.der()).as_bytes());
        self.put_bundle("bundle.json", &self.world, self.world.parts());
    }

    /// Writes the Verifier's key set, with a key of another purpose beside the one for leases.
    pub(crate) fn put_jwks(&self, name: &str, purpose: &str) {
        let other = IdentityKey::generate().unwrap();
        let keys = [jwk(self.world.signer.public(), purpose), jwk(other.public(), "result")];
        self.put(name, serde_json::json!({ "keys": keys }).to_string().as_bytes());
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes a trust bundle as the `/v1/trust` of the Verifier of `world` answers.
    pub(crate) fn put_bundle(&self, name: &str, world: &World, parts: TrustParts) {
        let bundle = TrustBundle::new(parts, self.anchors.clone()).unwrap();
        self.put(name, &serde_json::to_vec(&bundle.to_wire(&world.signer).unwrap()).unwrap());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// `cloister verify` of the agent `translator`, with JSON; `@name` stands for a file.
    pub(crate) fn verify(&self, more: &[&str]) -> Run {
        self.run(&["--json", "--agent", "translator"], more)
    }

    pub(crate) fn run(&self, first: &[&str], more: &[&str]) -> Run {
        let words = first.iter().chain(more).map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        });
        let start = ["verify".into(), self.url().into()];
        cloister(start.into_iter().chain(words))
    }
}

/// Shared with the other tests of this program, so that its RSA keys are made once.
pub(crate) fn pki() -> Pki {
    Pki::from_seed("cloister tests", now().minus(Duration::from_secs(24 * 60 * 60)))
}

/// Now, as the program under test reads it.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// The manifest of an agent of this name.
pub(crate) fn manifest(agent: &str) -> Vec<u8> {
    let manifest = Manifest {
        agent: agent.to_owned(),
        workload: WorkloadDigest(Digest48::sha384(b"workload")),
        policy: PolicyDigest(Digest48::sha384(b"policy")),
        principal: "example.org".to_owned(),
        scope: Vec::new(),
        region_claim: None,
        policy_source: PolicySource::Image,
    };
    manifest.encode().unwrap()
}

fn jwk(key: &PublicKey, purpose: &str) -> serde_json::Value {
    let (x, y) = key.coordinates();
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    serde_json::json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "cloister.use": purpose,
        "kid": KeyId::of(key).to_string(), "x": encoded(x), "y": encoded(y),
    })
}

pub(crate) fn pem(der: &[u8]) -> String {
    pem_rfc7468::encode_string("CERTIFICATE", pem_rfc7468::LineEnding::LF, der).unwrap()
}

#[derive(Debug)]
struct SystemTimeOfTls;

impl TimeProvider for SystemTimeOfTls {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        Some(rustls::pki_types::UnixTime::now())
    }
}

/// Serves on a thread that ends with the test's process.
fn serve(credentials: Arc<Credentials>, guest: Guest, answer: Answer) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                connection(socket, &credentials, &guest, answer).await;
            }
        });
    });
    told.recv().unwrap()
}

async fn connection(
    socket: TcpStream,
    credentials: &Arc<Credentials>,
    guest: &Guest,
    answer: Answer,
) {
    let tls = document_server_config(credentials, Arc::new(SystemTimeOfTls)).unwrap();
    // A client that is not served here hangs up.
    let Ok(stream) = TlsAcceptor::from(tls).accept(socket).await else { return };
    let exporter = document_exporter(stream.get_ref().1).unwrap();
    let service = service_fn(move |request: Request<Incoming>| {
        let (credentials, guest) = (Arc::clone(credentials), guest.clone());
        async move {
            let (status, body) = match answer {
                Answer::Raw(status, body) => (status, body.into()),
                Answer::Document(lie) => {
                    (200, document(&request, &credentials, guest, exporter, lie))
                }
            };
            let response = Response::builder().status(status).header("retry-after", "7");
            Ok::<_, core::convert::Infallible>(response.body(Full::new(body)).unwrap())
        }
    });
    // A client that hangs up is done.
    let _ended = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn document(
    request: &Request<Incoming>,
    credentials: &Credentials,
    guest: Guest,
    exporter: [u8; 32],
    lie: Lie,
) -> Bytes {
    assert_eq!(request.uri().path(), "/.well-known/cloister");
    let nonce: Nonce =
        request.uri().query().unwrap().strip_prefix("nonce=").unwrap().parse().unwrap();
    let manifest = manifest("translator");
    let mut telling = Telling {
        binding: Binding {
            identity_key: *credentials.identity().thumbprint(),
            channel_key: *credentials.channel().thumbprint(),
            nonce,
            manifest: Manifest::digest(&manifest),
            audit_head: None,
            exporter: Some(exporter),
        },
        manifest,
        lease: credentials.lease_bytes().to_vec(),
        lease_jwt: credentials.lease_jwt().unwrap().to_owned(),
        certificates: credentials.certificates().iter().map(|der| der.to_vec()).collect(),
        afterwards: |_| {},
        guest: Some(guest),
    };
    lie(&mut telling);
    let evidence = telling.guest.as_ref().map(|guest| envelope(&telling, guest).encode());
    let Telling { lease, lease_jwt, certificates, .. } = telling;
    Document { lease, lease_jwt: Some(lease_jwt), certificates, evidence }.to_json().into()
}

fn envelope(telling: &Telling, guest: &Guest) -> Envelope {
    let binding = telling.binding.encode();
    let mut envelope = Envelope {
        tee: guest.tee(),
        hardware: guest.evidence(&Binding::report_data(&binding)),
        binding,
        manifest: telling.manifest.clone(),
        certificates: guest.certificates(),
        event_log: guest.event_log(),
        vtpm: None,
    };
    (telling.afterwards)(&mut envelope);
    envelope
}
