//! Somebody without a TEE, who visits an agent.

use std::sync::Arc;

use bytes::Bytes;
use cloister_attestation::bytes::Nonce;
use cloister_channel::session::SessionError;
use cloister_channel::tls::{VisitorHandshake, visit_client_config};
use cloister_channel::visit::{Reached, Visitor};
use cloister_channel::{AgentName, KeyExchange, TrustBundle, server_name};
use cloister_node::clock::{Clock, TlsTime};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::call;
use crate::node::Node;
use crate::world::now;

/// A TLS connection on which a visit may begin.
pub(crate) struct Arriving {
    pub(crate) stream: TlsStream<TcpStream>,
    trust: Arc<TrustBundle>,
}

/// A visit that has begun, and HTTP on it.
pub(crate) struct Visiting {
    sender: SendRequest<Full<Bytes>>,
    pub(crate) reached: Reached,
}

impl Arriving {
    /// TLS with a visit's protocol, or with these.
    pub(crate) async fn at(node: &Node, trust: &TrustBundle) -> std::io::Result<Self> {
        Self::offering(node, trust, None).await
    }

    pub(crate) async fn offering(
        node: &Node,
        trust: &TrustBundle,
        protocols: Option<&[&[u8]]>,
    ) -> std::io::Result<Self> {
        let time = Arc::new(TlsTime::new(Arc::new(Clock::default())));
        let config = visit_client_config(trust, KeyExchange::PostQuantum, time).unwrap();
        let mut config = ClientConfig::clone(&config);
        if let Some(protocols) = protocols {
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        }
        let stream = TcpStream::connect(node.runtime.addresses().listen).await?;
        let name = server_name(trust.trust_domain());
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Self { stream, trust: Arc::new(trust.clone()) })
    }

    /// Says whom it means; with `more` right behind that.
    pub(crate) async fn greet(&mut self, agent: &str, more: &[u8]) -> Visitor {
        let connection = self.stream.get_ref().1;
        let handshake = VisitorHandshake::of(connection, KeyExchange::PostQuantum).unwrap();
        let (trust, intended) = (Arc::clone(&self.trust), AgentName::new(agent).unwrap());
        let (visitor, greeting) =
            Visitor::new(trust, handshake, intended, Nonce::new([3; 32]), now()).unwrap();
        // The other end may have closed already.
        drop(self.stream.write_all(&[greeting.as_slice(), more].concat()).await);
        drop(self.stream.flush().await);
        visitor
    }

    /// Whatever comes until the other end closes.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        drop(self.stream.read_to_end(&mut heard).await);
        heard
    }

    /// The whole way to `agent`.
    pub(crate) async fn visit(mut self, agent: &str) -> Result<Visiting, SessionError> {
        let mut visitor = self.greet(agent, b"").await;
        let mut buffer = vec![0; 16 * 1024];
        let reached = loop {
            let len = self.stream.read(&mut buffer).await.unwrap_or_default();
            if len == 0 {
                return Err(SessionError::Ended);
            }
            if let Some(reached) = visitor.handle_bytes(&buffer[..len], now())? {
                break reached;
            }
        };
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(self.stream)).await.unwrap();
        tokio::spawn(connection);
        Ok(Visiting { sender, reached })
    }
}

impl Visiting {
    /// Sends one JSON-RPC call.
    pub(crate) async fn send(&mut self, method: &str, text: &str) -> Option<Response<Incoming>> {
        let request = Request::post("https://bob.cloister/")
            .header("content-type", "application/json")
            .header("a2a-version", "1.0")
            .header("cloister-peer-agent", "forged")
            .header("cloister-peer-attested", "true")
            .body(Full::new(Bytes::from(call(method, text).to_string())))
            .unwrap();
        self.sender.send_request(request).await.ok()
    }
}
