//! The signature on a card that crossed two runtimes, verified by the official SDKs with the key that
//! the card's attestation extension leads to.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_devnet::node::Node;
use cloister_devnet::python::Python;
use serde_json::Value;
use tokio::process::Command;

use crate::program::told;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/cards").join(name)
}

/// What the runtime's lease says, in JSON. `relying` shows how a relying party verifies it.
async fn lease(enclave: &Enclave) -> String {
    payload(&enclave.lease_jwt().await.unwrap())
}

fn payload(jwt: &str) -> String {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    String::from_utf8(payload).unwrap()
}

/// The parameters of the attestation extension of a card that the Python SDK accepts.
async fn verified(python: &Python, url: &str, lease: &str) -> Result<Value, String> {
    let mut command = Command::new(python.interpreter());
    command.arg(file("verify.py")).arg(url);
    told(command, lease).await
}

/// Whether the JavaScript SDK accepts a card by this key.
async fn verifies(node: &Node, url: &str, jwk: &Value) -> bool {
    let mut command = node.command();
    command.arg(node.script(&file("verify.mjs")).unwrap()).arg(format!("{url}/"));
    told(command, &jwk.to_string()).await.is_ok()
}

/// The key that a card's attestation extension says it is signed with.
fn card_key(params: &Value) -> Value {
    let statement = payload(params["signer"]["statement"].as_str().unwrap());
    let mut statement: Value = serde_json::from_str(&statement).unwrap();
    statement["cnf"]["jwk"].take()
}

#[tokio::test]
async fn the_official_sdks_verify_a_card_with_the_key_that_the_callers_lease_leads_to() {
    let pins = file("requirements.txt");
    let python = Python::with_requirements("python-cards", &pins).await.unwrap();
    let devnet = Devnet::start(Agents::Python(python.clone())).await.unwrap();
    let caller = devnet.admitted_image("assistant", &[]).await.unwrap();
    let callee = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
    let (host, verifier) = (&devnet.host, &devnet.verifier);
    let caller = Enclave::boot(host, verifier, &caller, Hardware::SnpMilan).await.unwrap();
    let callee = Enclave::boot(host, verifier, &callee, Hardware::Tdx).await.unwrap();
    let url = caller.agent_url("translator");
    let url = url.trim_end_matches('/');

    let (own, peers) = (lease(&caller).await, lease(&callee).await);
    let params = verified(&python, url, &own).await.unwrap();
    assert_eq!(params["simulated"], true);
    assert_eq!(params["tee"], "tdx");
    assert_eq!(params["image"]["name"], "translator");
    let document = format!("https://{}/.well-known/cloister", callee.listen());
    assert_eq!(params["evidence"]["document"], document);
    // The callee's runtime signed what the caller's runtime was shown, not what is shown here.
    assert!(verified(&python, url, &peers).await.is_err());

    let node = Node::with_package("node-a2a", &file("../pairings/package.json")).await.unwrap();
    assert!(verifies(&node, url, &card_key(&params)).await);
    let another = params["signer"]["identityKey"].clone();
    assert!(!verifies(&node, url, &another).await, "whatever the key is");
}
