//! Attackers on the network, against the port that a runtime really listens on.
//!
//! What needs keys of one's own (replayed Evidence, swapped keys, expired and revoked leases,
//! proofs of another connection) is in the tests of `cloister-verifier` and `cloister-channel`,
//! where a test can hold those keys.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_domain::adversary::Anyone;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(15);
const SECRET: &str = "the callee is never asked this";

async fn callee() -> (Devnet, Enclave) {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let image = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
    let enclave =
        Enclave::boot(&devnet.host, &devnet.verifier, &image, Hardware::SnpMilan).await.unwrap();
    (devnet, enclave)
}

/// Sends `bytes` and returns everything that comes back until the other side closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A reset is as good an end as a close; what counts is what was said before it.
    drop(read.expect("the runtime keeps a stranger's connection open"));
    answer
}

#[tokio::test]
async fn tls_1_2_is_refused_with_an_alert() {
    let (_devnet, enclave) = callee().await;
    let answer = exchange(enclave.listen(), &tls_1_2_client_hello()).await;
    assert_eq!(answer[0], ALERT, "{answer:?}");
    assert_eq!(answer[5..7], [FATAL, PROTOCOL_VERSION], "{answer:?}");
}

#[tokio::test]
async fn plain_http_is_not_answered_in_http() {
    let (_devnet, enclave) = callee().await;
    let request = b"POST /jsonrpc HTTP/1.1\r\nHost: translator\r\nContent-Length: 0\r\n\r\n";
    let answer = exchange(enclave.listen(), request).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn application_bytes_from_a_client_without_a_lease_reach_nobody() {
    let (_devnet, enclave) = callee().await;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client_without_certificate()));
    let tcp = TcpStream::connect(enclave.listen()).await.unwrap();
    let name = ServerName::try_from("anything.test").unwrap();
    let mut heard = Vec::new();
    // In TLS 1.3 a client learns only after its own handshake that its missing certificate was
    // refused; until then it can write.
    if let Ok(mut stream) = connector.connect(name, tcp).await {
        let request = format!("POST /jsonrpc HTTP/1.1\r\n\r\n{SECRET}");
        drop(stream.write_all(request.as_bytes()).await);
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
        drop(read.expect("the runtime keeps a stranger's connection open"));
    }
    assert!(heard.is_empty(), "the runtime spoke before any verdict: {heard:?}");
    assert!(!enclave.log().unwrap().contains(SECRET));
}

const ALERT: u8 = 21;
const FATAL: u8 = 2;
/// SPEC: RFC 8446 section 6: `protocol_version(70)`.
const PROTOCOL_VERSION: u8 = 70;

/// SPEC: RFC 5246 section 7.4.1.2, with one cipher suite and no extensions but signature algorithms
/// and groups.
fn tls_1_2_client_hello() -> Vec<u8> {
    let extensions = [
        // supported_groups: secp256r1
        &[0, 10, 0, 4, 0, 2, 0, 23][..],
        // signature_algorithms: ecdsa_secp256r1_sha256
        &[0, 13, 0, 4, 0, 2, 4, 3][..],
    ]
    .concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, null compression
    body.extend([0, 2, 0xc0, 0x2b, 1, 0]);
    body.extend([0, u8::try_from(extensions.len()).unwrap()]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

/// Speaks TLS 1.3 with the right ALPN, believes every server, and shows no certificate.
fn client_without_certificate() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"cloister/1".to_vec()];
    config
}
