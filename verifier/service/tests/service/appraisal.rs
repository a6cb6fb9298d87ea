//! Results without a lease: what relying parties get, and what they can do with it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::cose::{self, Header};
use cloister_attestation::ear::{
    Ear, EarError, Expected, ResultKeys, ResultSigner, TrustClaim, VerifiedResult, verify,
};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::key::{KeyId, SigningKey};
use cloister_attestation::result::Tier;
use cloister_channel::lease::{self, LeaseError};
use cloister_channel::trust::{TrustBundle, TrustParts};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::enclave::{Enclave, attest, challenge};
use crate::http::{Answer, call, get};
use crate::world::World;

const AUDIENCE: &str = "https://relying.example";

async fn ask(world: &World, envelope: &Envelope, nonce: Nonce, format: &str) -> Answer {
    let request = json!({
        "evidence": STANDARD.encode(envelope.encode()),
        "nonce": STANDARD.encode(nonce.as_bytes()),
        "audience": AUDIENCE,
        "format": format,
    });
    call(world, Method::POST, "/v1/appraise", request.to_string()).await
}

/// The token of an answer that has one.
async fn token(world: &World, enclave: &Enclave, nonce: Nonce, format: &str) -> Vec<u8> {
    let answer = ask(world, &enclave.collect(&enclave.binding(nonce)), nonce, format).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let token = answer.json()["result"]["token"].as_str().unwrap().to_owned();
    match format {
        "jwt" => token.into_bytes(),
        _ => URL_SAFE_NO_PAD.decode(token).unwrap(),
    }
}

async fn keys(world: &World) -> ResultKeys {
    ResultKeys::from_jwks(get(world, "/v1/jwks").await.text.as_bytes()).unwrap()
}

async fn relying(world: &World, token: &[u8], nonce: Nonce) -> Result<VerifiedResult, EarError> {
    let nonce = Some(nonce.as_bytes().as_slice());
    let expected = Expected { audience: AUDIENCE, nonce, now: world.now() };
    verify(token, &keys(world).await, &expected)
}

/// The ids of a refusal's findings.
fn findings(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    let findings = answer.json()["refused"]["findings"].as_array().unwrap().clone();
    findings.into_iter().map(|finding| finding["id"].clone()).collect()
}

#[tokio::test]
async fn a_relying_party_verifies_a_result_with_the_published_keys() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    for format in ["jwt", "cwt"] {
        let nonce = challenge(&world).await;
        let token = token(&world, &enclave, nonce, format).await;
        let verified = relying(&world, &token, nonce).await.unwrap();
        let facts = verified.facts();
        assert_eq!((verified.status(), facts.simulated), (Tier::Warning, true));
        assert_eq!(verified.ear().issuer.as_deref(), Some("spiffe://example.org"));
        assert_eq!(facts.identity_key, Some(*enclave.identity.thumbprint()));
        assert_eq!(facts.image.as_ref().unwrap().name, "translator");
        let other = relying(&world, &token, Nonce::new([1; 32])).await.unwrap_err();
        assert!(matches!(other, EarError::Nonce { .. }), "{other}");
        world.advance(Duration::from_secs(300));
        let late = relying(&world, &token, nonce).await.unwrap_err();
        assert!(matches!(late, EarError::Expired { .. }), "{late}");
    }
}

#[tokio::test]
async fn a_bad_conclusion_is_signed_and_admits_and_registers_nobody() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let nonce = challenge(&world).await;
    let token = token(&world, &enclave, nonce, "jwt").await;
    let verified = relying(&world, &token, nonce).await.unwrap();
    assert_eq!(verified.status(), Tier::Contraindicated);
    assert_eq!(verified.facts().failed, ["reference.match"]);
    assert_eq!(verified.appraisal().vector.get(TrustClaim::Executables), 33);
    assert!(world.record().await.agents().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_challenge_buys_any_number_of_results_and_still_its_one_lease() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let nonce = challenge(&world).await;
    token(&world, &enclave, nonce, "jwt").await;
    token(&world, &enclave, nonce, "cwt").await;
    assert!(matches!(attest(&world, enclave.request(nonce)).await, Outcome::Admitted(_)));
}

#[tokio::test]
async fn evidence_that_does_not_verify_or_answers_another_challenge_gets_no_result() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let (nonce, other) = (challenge(&world).await, challenge(&world).await);
    let good = enclave.collect(&enclave.binding(nonce));
    assert_eq!(findings(&ask(&world, &good, other, "jwt").await), ["binding.nonce"]);
    let made_up = Nonce::new([7; 32]);
    let foreign = enclave.collect(&enclave.binding(made_up));
    assert_eq!(findings(&ask(&world, &foreign, made_up, "jwt").await), ["challenge.foreign"]);
    let mut flipped = good.clone();
    flipped.hardware[0x90] ^= 1;
    assert_eq!(findings(&ask(&world, &flipped, nonce, "cwt").await), ["snp.signature"]);
    let mut session = enclave.binding(nonce);
    session.exporter = Some([1; 32]);
    let session = enclave.collect(&session);
    let refused = findings(&ask(&world, &session, nonce, "jwt").await);
    assert_eq!(refused, ["admission.session_evidence"]);
    let mut swapped = enclave.binding(nonce);
    swapped.manifest = Digest48::sha384(b"another manifest");
    let swapped = enclave.collect(&swapped);
    assert_eq!(findings(&ask(&world, &swapped, nonce, "jwt").await), ["binding.manifest"]);
}

#[tokio::test]
async fn requests_that_are_unusable_are_told_so() {
    let world = World::start().await;
    let nonce = STANDARD.encode([0; 32]);
    for (name, value, code) in [
        ("audience", json!(""), "service.argument"),
        ("audience", json!("a\nb"), "service.argument"),
        ("audience", json!("x".repeat(513)), "service.argument"),
        ("nonce", json!(STANDARD.encode([0; 31])), "service.argument"),
        ("format", json!("xml"), "service.body"),
        ("format", json!("unspecified"), "service.body"),
        ("more", json!(1), "service.body"),
    ] {
        let mut request =
            json!({ "evidence": "", "nonce": nonce, "audience": AUDIENCE, "format": "jwt" });
        request[name] = value;
        let answer = call(&world, Method::POST, "/v1/appraise", request.to_string()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_lease_is_no_result_and_a_result_is_no_lease_also_under_one_key() {
    let world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    world.admit(&enclave).await;
    let admitted = enclave.admitted(&world).await;
    let nonce = challenge(&world).await;
    let result = token(&world, &enclave, nonce, "cwt").await;

    let refused = relying(&world, &admitted.answer.lease, nonce).await.unwrap_err();
    assert_eq!(refused, EarError::Kind);
    let refused = lease::verify(&result, &admitted.trust, world.now()).unwrap_err();
    assert!(matches!(refused, LeaseError::Malformed { .. }), "{refused}");

    // A Verifier that signed both with one key, and an operator who trusts it for both.
    let key = SigningKey::generate().unwrap();
    let public = key.public().clone();
    let parts = TrustParts {
        trust_domain: admitted.trust.trust_domain().clone(),
        issuers: admitted.trust.issuers().map(<[u8]>::to_vec).collect(),
        lease_keys: vec![public.clone()],
        policy_epoch_floor: 0,
        revoked: Vec::new(),
        sequence: 0,
        issued_at: world.now(),
    };
    let trust = TrustBundle::new(parts, world.accepted()).unwrap();
    let kid = KeyId::of(&public);
    let payload =
        |message: &[u8], typ| cose::parse(message, typ).unwrap().dangerous_unverified_payload();
    let claims = payload(&admitted.answer.lease, None);
    let header = Header { kid: kid.as_bytes(), typ: Some("application/eat+cwt") };
    let disguised = cose::sign(&header, &claims, |m| key.sign(m)).unwrap();
    let expected = Expected { audience: AUDIENCE, nonce: None, now: world.now() };
    let refused = verify(&disguised, &ResultKeys::new([public]), &expected).unwrap_err();
    assert!(matches!(refused, EarError::Malformed { .. }), "{refused}");

    let claims = payload(&result, Some("application/eat+cwt"));
    let header = Header { kid: kid.as_bytes(), typ: None };
    let disguised = cose::sign(&header, &claims, |m| key.sign(m)).unwrap();
    let refused = lease::verify(&disguised, &trust, world.now()).unwrap_err();
    assert!(matches!(refused, LeaseError::Malformed { .. }), "{refused}");
    let signed = ResultSigner::new(key)
        .sign(&Ear::dangerous_unverified(&result).unwrap(), cloister_attestation::ear::Format::Cwt);
    let refused = lease::verify(&signed.unwrap(), &trust, world.now()).unwrap_err();
    assert!(matches!(refused, LeaseError::Malformed { .. }), "{refused}");
}
