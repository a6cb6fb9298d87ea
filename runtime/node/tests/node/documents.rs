//! What a stranger without a certificate can ask for, and what a stranger cannot.

use bytes::Bytes;
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::Nonce;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::Manifest;
use cloister_channel::svid::{Svid, verify_chain};
use cloister_channel::{Document, lease};
use cloister_node::phase::Phase;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

use crate::client::{operator, text};
use crate::node::{Image, Node};
use crate::rogue::Rogue;
use crate::stranger::Stranger;
use crate::world::{World, now};

const NONCE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn with_nonce() -> String {
    format!("/.well-known/cloister?nonce={NONCE}")
}

/// The envelope in a document, and its binding.
fn evidence(document: &Document) -> (Envelope, Binding) {
    let envelope = Envelope::decode(document.evidence.as_ref().unwrap()).unwrap();
    let binding = Binding::decode(&envelope.binding).unwrap();
    (envelope, binding)
}

#[tokio::test]
async fn a_stranger_gets_lease_and_chain_that_verify() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let judge = Rogue::enrol(&world, "judge").await;
    let document = Stranger::connect(&b).await.document("/.well-known/cloister").await;
    assert_eq!(document.evidence, None, "there was no nonce to make it for");
    let lease = lease::verify(&document.lease, &judge.trust, now()).unwrap();
    assert_eq!(lease.claims().agent.as_str(), "bob");
    let jwt = document.lease_jwt.unwrap();
    let same = lease::verify(jwt.as_bytes(), &judge.trust, now()).unwrap();
    assert_eq!(same.claims(), lease.claims(), "one lease in two forms");
    let chain: Vec<_> = document.certificates.into_iter().map(Into::into).collect();
    let svid = verify_chain(judge.trust.issuers(), &chain, now()).unwrap();
    svid.check(&lease).unwrap();
}

#[tokio::test]
async fn evidence_names_nonce_keys_manifest_and_connection() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let judge = Rogue::enrol(&world, "judge").await;
    let mut stranger = Stranger::connect(&b).await;
    let document = stranger.document(&with_nonce()).await;
    let claims = lease::verify(&document.lease, &judge.trust, now()).unwrap().claims().clone();
    let (envelope, binding) = evidence(&document);
    assert_eq!(binding.nonce, NONCE.parse::<Nonce>().unwrap());
    assert_eq!(binding.identity_key, claims.identity_key);
    assert_eq!(binding.channel_key, claims.channel_key);
    assert_eq!(
        &binding.channel_key,
        Svid::parse(&stranger.certificate).unwrap().key().thumbprint()
    );
    assert_eq!(binding.manifest, Manifest::digest(&envelope.manifest));
    assert_eq!(Manifest::decode(&envelope.manifest).unwrap().agent, "bob");
    assert!(binding.is_for(Some(&stranger.exporter)));
    // What the hardware signed is this binding and no other.
    let expected = Binding::report_data(&envelope.binding);
    let found = envelope.hardware.windows(64).any(|part| part == expected.as_bytes());
    assert!(found, "REPORT_DATA is in the report");
}

#[tokio::test]
async fn a_document_of_one_connection_speaks_for_no_other() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let mut first = Stranger::connect(&b).await;
    let mut second = Stranger::connect(&b).await;
    let (_, binding) = evidence(&first.document(&with_nonce()).await);
    assert!(binding.is_for(Some(&first.exporter)));
    assert!(!binding.is_for(Some(&second.exporter)) && !binding.is_for(None));
    let (_, other) = evidence(&second.document(&with_nonce()).await);
    assert!(other.is_for(Some(&second.exporter)) && !other.is_for(Some(&first.exporter)));
}

#[tokio::test]
async fn paths_of_the_agent_are_not_there_for_strangers_and_never_reach_it() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    let mut stranger = Stranger::connect(&b).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{}}"#;
    for (method, path) in [
        (Method::GET, "/.well-known/agent-card.json"),
        (Method::POST, "/"),
        (Method::POST, "/agents/bob/"),
        (Method::POST, "/message:send"),
        (Method::GET, "/tasks/1"),
        (Method::POST, "/.well-known/cloister"),
        (Method::HEAD, "/.well-known/cloister"),
        (Method::GET, "/.well-known/cloister/"),
        (Method::POST, "/lf.a2a.v1.A2AService/SendMessage"),
    ] {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("https://bob{path}"))
            .header("content-type", "application/json")
            .header("a2a-version", "1.0")
            .header("cloister-peer-agent", "alice")
            .body(Full::new(Bytes::from(call)))
            .unwrap();
        let response = stranger.send(request).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {path}");
        // The answer to HEAD has no body.
        if method != Method::HEAD {
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["code"], "node.document.path");
        }
    }
    assert!(b.agent().seen().is_empty());
    assert_eq!(b.runtime.channels().counts().1, 0, "no channel was ever open");
}

#[tokio::test]
async fn a_nonce_of_another_form_is_refused_before_the_tee_is_asked() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let mut stranger = Stranger::connect(&b).await;
    // More often than the quota gives Evidence.
    for _ in 0..8 {
        let (status, problem) = stranger.problem("/.well-known/cloister?nonce=00").await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &"node.document.nonce".into())
        );
    }
    assert!(stranger.document(&with_nonce()).await.evidence.is_some());
}

#[tokio::test]
async fn evidence_is_rationed_and_lease_and_chain_are_not() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let mut stranger = Stranger::connect(&b).await;
    let mut refused = None;
    // The quota gives back one in a second; this asks faster, and ends in any case.
    for _ in 0..1000 {
        let response = stranger.get(&with_nonce()).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(response);
            break;
        }
        assert_eq!(response.status(), StatusCode::OK);
    }
    let refused = refused.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(wait, 1);
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "node.document.busy");
    assert!(["fault", "message", "remedy"].iter().all(|name| problem[name].is_string()));
    let metrics = text(&b, "/metrics").await;
    for counted in ["evidence", "node.document.busy"] {
        let line = format!("documents_total{{answer=\"{counted}\"}}");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    // Another connection does not get round it, and what costs nothing is still there.
    let mut other = Stranger::connect(&b).await;
    assert_eq!(other.document("/.well-known/cloister").await.evidence, None);
}

#[tokio::test]
async fn evidence_for_a_stranger_buys_no_lease() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let mut stranger = Stranger::connect(&b).await;
    // Whoever stands between could ask for Evidence with a Verifier's challenge as the nonce.
    let refused = stranger.buy_lease(&world).await;
    assert!(refused.contains("admission.session_evidence"), "{refused}");
}

#[tokio::test]
async fn a_runtime_that_lost_its_lease_has_nothing_to_show() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &[]).await;
    let mut stranger = Stranger::connect(&b).await;
    assert_eq!(stranger.get("/.well-known/cloister").await.status(), StatusCode::OK);
    world.quarantine("bob").await;
    b.until(Phase::Revoked).await;
    let (status, problem) = stranger.problem("/.well-known/cloister").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem["code"], "node.document.not_admitted");
}

#[tokio::test]
async fn whoever_offers_a_channel_shows_a_certificate_whatever_else_is_offered() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    for offered in [
        &[b"cloister/1".as_slice()][..],
        &[b"cloister/1+evidence"],
        &[b"h2", b"cloister/1"],
        &[b"cloister/1", b"h2"],
        &[b"h2", b"cloister/1+evidence"],
    ] {
        assert!(Stranger::offering(&b, offered).await.is_none(), "{offered:?}");
    }
    for offered in [&[][..], &[b"http/1.1".as_slice()], &[b"h3"]] {
        assert!(Stranger::offering(&b, offered).await.is_none(), "{offered:?}");
    }
    let (_, channels) = operator(&b, "/v1/channels").await;
    assert_eq!(channels, Value::Array(Vec::new()));
}

#[tokio::test]
async fn connections_that_ask_are_few_and_make_room_when_they_end() {
    let world = World::start().await;
    let b = Image::admitted(&world, "bob", &[]).await.start(&world).await;
    b.until(Phase::Admitted).await;
    let mut open = Vec::new();
    while let Some(stranger) = Stranger::offering(&b, &[b"h2"]).await {
        open.push(stranger);
        assert!(open.len() <= 64, "somebody counts");
    }
    assert_eq!(open.len(), 32);
    drop(open);
    // The runtime hears of their end in its own time.
    while Stranger::offering(&b, &[b"h2"]).await.is_none() {
        tokio::time::sleep(core::time::Duration::from_millis(5)).await;
    }
}

#[test]
fn curl_fetches_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let world = World::start().await;
        let b = Node::boot(&world, "bob", &[]).await;
        let url = format!("https://{}{}", b.runtime.addresses().listen, with_nonce());
        let curl = tokio::process::Command::new("curl").args(["-ksS", "--http2", &url]).output();
        let output = match curl.await {
            Ok(output) => output,
            Err(error) => {
                println!("skipped: there is no curl here ({error})");
                return;
            }
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(Document::from_json(&output.stdout).unwrap().evidence.is_some());
    });
}
