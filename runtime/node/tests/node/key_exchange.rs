//! What TLS negotiates: post-quantum by default, and always on the record.

use std::sync::Arc;

use cloister_channel::TrustDomain;
use cloister_channel::tls::{ALPN, server_name};
use http::StatusCode;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{operator, send};
use crate::connections::{metric, until_metric};
use crate::node::Node;
use crate::world::{TRUST_DOMAIN, World};

/// Why a client with nothing but this key exchange gets no TLS connection to `node`.
async fn refused(node: &Node, group: &'static dyn SupportedKxGroup) -> rustls::Error {
    let mut provider = default_provider();
    provider.kx_groups = vec![group];
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    let stream = TcpStream::connect(node.runtime.addresses().listen).await.unwrap();
    let name = server_name(&TrustDomain::new(TRUST_DOMAIN).unwrap());
    let error = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap_err();
    error.get_ref().unwrap().downcast_ref::<rustls::Error>().unwrap().clone()
}

#[tokio::test]
async fn x25519_alone_is_refused_while_post_quantum_is_required() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let alone = refused(&b, kx_group::X25519).await;
    assert_eq!(alone, rustls::Error::AlertReceived(AlertDescription::HandshakeFailure));
    // The counterpart: with the hybrid, the key exchange is done and the certificate is judged.
    let hybrid = refused(&b, kx_group::X25519MLKEM768).await;
    assert!(matches!(hybrid, rustls::Error::InvalidCertificate(_)), "{hybrid:?}");
    until_metric(&b, "handshakes_refused_total", 2).await;
    assert_eq!(b.runtime.channels().counts().1, 0);
}

#[tokio::test]
async fn what_was_negotiated_is_shown_at_both_ends() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    assert_eq!(send(&a, "bob", "SendMessage", "hello").await.status(), StatusCode::OK);
    for node in [&a, &b] {
        assert_eq!(operator(node, "/v1/channels").await.1[0]["group"], "X25519MLKEM768");
        assert_eq!(metric(node, "key_exchanges_total{group=\"X25519MLKEM768\"}").await, 1);
    }
}
