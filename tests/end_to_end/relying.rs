//! Relying parties without Cloister: a JWT library and the Verifier's key set check a lease.
//!
//! The programs in `relying/` are the ones that the README shows.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloister_attestation::jws;
use cloister_attestation::key::SigningKey;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_devnet::node::Node;
use cloister_devnet::python::Python;
use cloister_devnet::verifier::Verifier;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::program::told;

const TYP: &str = "vnd.cloister.lease+jwt";

/// Starts one program that checks leases of a trust domain.
type Program = Box<dyn Fn(&Verifier, &str) -> Command>;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/relying").join(name)
}

async fn with_pyjwt() -> Program {
    let pins = file("requirements.txt");
    let python = Python::with_requirements("python-relying", &pins).await.unwrap();
    Box::new(move |verifier, domain| {
        let mut command = Command::new(python.interpreter());
        command.arg(file("lease.py")).arg(verifier.url()).arg(verifier.trust_root()).arg(domain);
        command
    })
}

async fn with_jose() -> Program {
    let node = Node::with_package("node-relying", &file("package.json")).await.unwrap();
    let script = node.script(&file("lease.mjs")).unwrap();
    Box::new(move |verifier, domain| {
        let mut command = node.command();
        command.env("NODE_EXTRA_CA_CERTS", verifier.trust_root());
        command.arg(&script).arg(verifier.url()).arg(domain);
        command
    })
}

/// The Verifier's own lease key and result key, as nobody but the Verifier has them.
fn keys(verifier: &Verifier) -> (SigningKey, SigningKey) {
    let read = |name: &str| std::fs::read(verifier.trust_root().with_file_name(name)).unwrap();
    let leases: Value = serde_json::from_slice(&read("lease.keys")).unwrap();
    let current = STANDARD.decode(leases["current"]["pkcs8"].as_str().unwrap()).unwrap();
    let [lease, result] =
        [current, read("result.key")].map(|pkcs8| SigningKey::from_pkcs8(&pkcs8).unwrap());
    (lease, result)
}

fn claims(lease: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(lease.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// `lease` with some claims changed, signed anew.
fn forged(lease: &str, changes: &[(&str, Value)], typ: &str, key: &SigningKey) -> String {
    let mut claims = claims(lease);
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    jws::sign(typ, claims.to_string().as_bytes(), key).unwrap()
}

async fn checks_leases(program: Program) {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let image = devnet.admitted_image("translator", &[]).await.unwrap();
    let enclave =
        Enclave::boot(&devnet.host, &devnet.verifier, &image, Hardware::SnpMilan).await.unwrap();
    let lease = enclave.lease_jwt().await.unwrap();
    let verifier = &devnet.verifier;
    let ask_of = |domain: &'static str, lease: String| {
        let command = program(verifier, domain);
        async move { told(command, &lease).await }
    };
    let judged = |lease: String| ask_of(Verifier::TRUST_DOMAIN, lease);

    let accepted = judged(lease.clone()).await.unwrap();
    assert_eq!(accepted, claims(&lease));
    assert_eq!(accepted["cloister.image"]["name"], "translator");

    let (lease_key, result_key) = keys(verifier);
    let same = forged(&lease, &[], TYP, &lease_key);
    assert!(judged(same).await.is_ok(), "what follows is refused for what it changes");
    let (head, signature) = lease.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let richer = claims(&forged(&lease, &[("cloister.principal", json!("me"))], TYP, &lease_key));
    let tampered = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(richer.to_string()));
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": TYP}).to_string());
    let payload = head.split_once('.').unwrap().1;
    let expired = [("iat", json!(1_700_000_000)), ("exp", json!(1_700_000_600))];
    let elsewhere = [("iss", json!("spiffe://other.test"))];
    for (what, bad) in [
        ("tampered", tampered),
        ("not signed", format!("{none}.{payload}.")),
        ("expired", forged(&lease, &expired, TYP, &lease_key)),
        ("of another trust domain", forged(&lease, &elsewhere, TYP, &lease_key)),
        ("of another kind", forged(&lease, &[], "eat+jwt", &lease_key)),
        ("signed for results", forged(&lease, &[], TYP, &result_key)),
        ("signed by nobody known", forged(&lease, &[], TYP, &SigningKey::generate().unwrap())),
    ] {
        assert!(judged(bad).await.is_err(), "{what}");
    }
    assert!(ask_of("other.test", lease).await.is_err(), "for whoever trusts another domain");
}

#[tokio::test]
async fn pyjwt_checks_a_lease_with_the_key_set() {
    checks_leases(with_pyjwt().await).await;
}

#[tokio::test]
async fn jose_checks_a_lease_with_the_key_set() {
    checks_leases(with_jose().await).await;
}
