//! Somebody without any credentials, who asks for the attestation document.

use std::sync::Arc;

use bytes::Bytes;
use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_channel::Document;
use cloister_channel::tls::{document_client_config, document_exporter};
use cloister_node::clock::{Clock, TlsTime};
use cloister_node::verifier::Verifier;
use cloister_node::{AgentConfig, NodeConfig};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::node::Node;
use crate::world::World;

/// An open connection to a runtime.
pub(crate) struct Stranger {
    sender: SendRequest<Full<Bytes>>,
    /// The leaf that the runtime showed.
    pub(crate) certificate: Vec<u8>,
    /// This end's value for the document.
    pub(crate) exporter: [u8; 32],
    node: std::path::PathBuf,
}

impl Stranger {
    pub(crate) async fn connect(node: &Node) -> Self {
        Self::offering(node, &[b"h2"]).await.unwrap()
    }

    /// Offers these protocols; `None` if no HTTP/2 connection comes of it.
    pub(crate) async fn offering(node: &Node, protocols: &[&[u8]]) -> Option<Self> {
        let time = Arc::new(TlsTime::new(Arc::new(Clock::default())));
        let mut tls = ClientConfig::clone(&document_client_config(time).unwrap());
        tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(node.runtime.addresses().listen).await.unwrap();
        let name = ServerName::try_from("anything.invalid").unwrap();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.ok()?;
        let tls = stream.get_ref().1;
        let exporter = document_exporter(tls).ok()?;
        let certificate = tls.peer_certificates().unwrap()[0].to_vec();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(Self { sender, certificate, exporter, node: node.image.folder.clone() })
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.sender.send_request(request).await.unwrap()
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response<Incoming> {
        let request = Request::get(format!("https://runtime{path}"));
        self.send(request.body(Full::default()).unwrap()).await
    }

    pub(crate) async fn document(&mut self, path: &str) -> Document {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Document::from_json(&body).unwrap()
    }

    pub(crate) async fn problem(&mut self, path: &str) -> (StatusCode, Value) {
        let response = self.get(path).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Has the runtime make Evidence for a challenge of the Verifier, and asks the Verifier what
    /// it makes of that: the codes of its findings.
    pub(crate) async fn buy_lease(&mut self, world: &World) -> String {
        let agent = AgentConfig::load(&self.node.join("agent.toml")).unwrap();
        let node = NodeConfig::load(&self.node.join("node.toml")).unwrap();
        assert!(node.verifier.contains(&world.address()));
        let verifier = Verifier::new(&node, &agent.verifier, Arc::new(Clock::default()));
        let (nonce, enrolment) = verifier.challenge().await.unwrap();
        let document = self.document(&format!("/.well-known/cloister?nonce={nonce}")).await;
        let evidence = document.evidence.unwrap();
        // The stranger has neither key; with keys of its own it gets as far as their digests.
        let (identity, channel) = crate::rogue::keys();
        let request = cloister_channel::LeaseRequest {
            evidence: cloister_attestation::bytes::Hashed::of(&evidence),
            identity_key: identity.public(),
            channel_key: channel.public(),
            nonce,
            endpoint: "127.0.0.1:9",
        };
        let proofs = request.sign(&identity, &channel).unwrap();
        let message = v1::AttestRequest {
            checkpoint: Vec::new(),
            consistency: Vec::new(),
            identity_key: identity.spki().to_vec(),
            channel_key: channel.spki().to_vec(),
            identity_proof: proofs.identity.as_bytes().to_vec(),
            channel_proof: proofs.channel.as_bytes().to_vec(),
            endpoint: "127.0.0.1:9".to_owned(),
            evidence,
            policy_number: 0,
        };
        match enrolment.attest(message).await.unwrap() {
            Outcome::Refused(refused) => {
                refused.findings.iter().map(|finding| format!("{finding:?}")).collect()
            }
            Outcome::Admitted(_) => panic!("a stranger bought a lease"),
        }
    }
}
