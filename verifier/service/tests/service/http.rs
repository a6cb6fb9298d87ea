//! The JSON surface: the same answers under paths that `curl` can name.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use cloister_attestation::bytes::Nonce;
use cloister_channel::trust::KeyId;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::enclave::Enclave;
use crate::world::{World, dial};

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    /// The code of a problem, whose other parts have to be there.
    pub(crate) fn code(&self) -> String {
        let problem = self.json();
        for part in ["code", "fault", "message", "remedy"] {
            assert!(problem[part].is_string(), "{part} in {problem}");
        }
        problem["code"].as_str().unwrap().to_owned()
    }
}

async fn send(world: &World, request: Request<Full<Bytes>>) -> Answer {
    let mut tls = world.tls(None);
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = dial(Arc::new(tls), world.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, text: String::from_utf8(body.to_vec()).unwrap() }
}

pub(crate) async fn call(
    world: &World,
    method: Method,
    path: &str,
    body: impl Into<Bytes>,
) -> Answer {
    let request = Request::builder().method(method).uri(path).header("host", "verifier");
    send(world, request.body(Full::new(body.into())).unwrap()).await
}

pub(crate) async fn get(world: &World, path: &str) -> Answer {
    call(world, Method::GET, path, "").await
}

pub(crate) async fn operate(
    world: &World,
    method: Method,
    path: &str,
    body: impl Into<Bytes>,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "verifier")
        .header("authorization", format!("Bearer {}", world.token()));
    send(world, request.body(Full::new(body.into())).unwrap()).await
}

async fn enrol(world: &World, enclave: &Enclave) -> Answer {
    let challenge = call(world, Method::POST, "/v1/challenge", "").await.json();
    let nonce = STANDARD.decode(challenge["nonce"].as_str().unwrap()).unwrap();
    assert_eq!(challenge["expires_at"], world.now().as_secs() + 120);
    let request = enclave.request(Nonce::from_slice(&nonce).unwrap());
    call(world, Method::POST, "/v1/attest", serde_json::to_vec(&request).unwrap()).await
}

#[tokio::test]
async fn the_whole_story_can_be_told_in_json() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let refused = enrol(&world, &enclave).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["refused"]["findings"][0]["id"], "reference.match");

    let values = serde_json::to_vec(&enclave.reference_values()).unwrap();
    let admitted = operate(&world, Method::POST, "/v1/images", values).await;
    assert_eq!(admitted.status, StatusCode::OK, "{}", admitted.text);
    let tuple = admitted.json()["images"][0]["tuple"].as_str().unwrap().to_owned();
    let answer = enrol(&world, &enclave).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["admitted"]["agent"], "translator");

    let shown = operate(&world, Method::GET, "/v1/agents/translator", "").await.json();
    assert_eq!(shown["agent"]["state"], "active");
    assert_eq!(shown["results"][0]["tier"], "warning");
    let path = "/v1/agents/translator/quarantine";
    let done = operate(&world, Method::POST, path, r#"{"reason": "odd"}"#).await.json();
    assert_eq!(
        (&done["agent"]["state"], &done["revoked_instances"]),
        (&json!("quarantined"), &json!(1))
    );
    let trust = get(&world, "/v1/trust").await.json();
    assert!(trust["revocations"].is_string());
    let revoked = world.bundle().await.revocation(&enclave.identity.instance()).cloned();
    assert_eq!(revoked.unwrap().reason, "agent.quarantined");
    let lifted = operate(&world, Method::POST, "/v1/agents/translator/lift", "").await.json();
    assert_eq!(lifted["agent"]["state"], "active");

    let machines = operate(&world, Method::GET, "/v1/machines", "").await.json();
    let machine = &machines["machines"][0];
    assert_eq!((&machine["tee"], &machine["agent"]), (&json!("snp"), &json!("translator")));

    let path = format!("/v1/images/{tuple}/retire");
    let retired = operate(&world, Method::POST, &path, "").await.json();
    assert_eq!(retired["image"]["state"], "retired");
    let path = format!("/v1/images/{tuple}/revoke");
    let revoked = operate(&world, Method::POST, &path, "").await.json();
    assert_eq!(revoked["image"]["state"], "revoked");
    let path = "/v1/agents/translator/retire";
    let retired = operate(&world, Method::POST, path, "{}").await.json();
    assert_eq!(retired["agent"]["state"], "retired");
    let agents = operate(&world, Method::GET, "/v1/agents", "").await.json();
    assert_eq!(agents["agents"][0]["state"], "retired");
    let images = operate(&world, Method::GET, "/v1/images", "").await.json();
    assert_eq!(images["images"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn operators_paths_need_the_token() {
    let world = World::start().await;
    let tuple = "00".repeat(48);
    let paths = [
        (Method::GET, "/v1/images".to_owned()),
        (Method::POST, "/v1/images".to_owned()),
        (Method::POST, format!("/v1/images/{tuple}/retire")),
        (Method::POST, format!("/v1/images/{tuple}/revoke")),
        (Method::GET, "/v1/agents".to_owned()),
        (Method::GET, "/v1/agents/a".to_owned()),
        (Method::POST, "/v1/agents/a/quarantine".to_owned()),
        (Method::POST, "/v1/agents/a/lift".to_owned()),
        (Method::POST, "/v1/agents/a/retire".to_owned()),
        (Method::GET, "/v1/machines".to_owned()),
        (Method::GET, "/v1/keys".to_owned()),
        (Method::POST, "/v1/keys/rotate".to_owned()),
        (Method::GET, "/v1/policies".to_owned()),
        (Method::POST, "/v1/policies".to_owned()),
        (Method::POST, "/v1/reattest".to_owned()),
    ];
    for (method, path) in paths {
        let answer = call(&world, method.clone(), &path, "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(answer.code(), "service.operator");
        let answer = operate(&world, method.clone(), &path, "{}").await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn health_readiness_and_metrics_are_there() {
    let world = World::start().await;
    assert_eq!(get(&world, "/healthz").await.status, StatusCode::OK);
    assert_eq!(get(&world, "/readyz").await.status, StatusCode::OK);
    let enclave = Enclave::boot(&world.pki, "translator");
    enclave.refused(&world).await;
    world.admit(&enclave).await;
    enclave.admitted(&world).await;
    let metrics = get(&world, "/metrics").await;
    for sample in [
        "cloister_verifier_admissions_total 1",
        "cloister_verifier_leases_live 1",
        "cloister_verifier_refusals_total{code=\"reference.match\"} 1",
        "cloister_verifier_admission_seconds_count 2",
    ] {
        assert!(metrics.text.lines().any(|line| line == sample), "{sample} in\n{}", metrics.text);
    }
}

#[tokio::test]
async fn the_key_set_names_the_keys_and_what_each_signs() {
    let world = World::start().await;
    let keys = get(&world, "/v1/jwks").await.json();
    assert_eq!(keys, get(&world, "/.well-known/jwks.json").await.json());
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"))
    );
    assert_eq!(
        (&key["cloister.use"], &keys["keys"][1]["cloister.use"], &keys["keys"][2]["cloister.use"]),
        (&json!("lease"), &json!("lease"), &json!("result"))
    );
    assert_ne!(key["kid"], keys["keys"][1]["kid"]);
    assert_ne!(key["kid"], keys["keys"][2]["kid"]);
    let trust = get(&world, "/v1/trust").await.json();
    let spki = STANDARD.decode(trust["lease_keys"][0]["public_key"].as_str().unwrap()).unwrap();
    let public = cloister_channel::PublicKey::from_spki(&spki).unwrap();
    assert_eq!(key["kid"], KeyId::of(&public).to_string());
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    assert_eq!([coordinate("x"), coordinate("y")].concat(), spki[spki.len() - 64..]);
}

#[tokio::test]
async fn what_is_too_large_or_does_not_read_is_refused() {
    let world = World::start().await;
    let huge = "x".repeat(1024 * 1024);
    let answer = call(&world, Method::POST, "/v1/attest", huge.clone()).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "service.too_large")
    );
    let answer = operate(&world, Method::POST, "/v1/images", huge).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let document = "x".repeat(256 * 1024 + 1);
    let answer = operate(&world, Method::POST, "/v1/images", document).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    for body in ["", "{}", "[", r#"{"evidence": "?"}"#, "null"] {
        let answer = call(&world, Method::POST, "/v1/attest", body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "service.body"),
            "{body}"
        );
    }
    let unknown = r#"{"reason": "odd", "for": "ever"}"#;
    let answer = operate(&world, Method::POST, "/v1/agents/a/quarantine", unknown).await;
    assert_eq!(answer.code(), "service.body");
    let answer = get(&world, "/v2/attest?token=secret").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::NOT_FOUND, "service.not_found")
    );
    assert!(!answer.text.contains("secret"));
}
