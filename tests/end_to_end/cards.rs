//! The signature on a card that crossed two runtimes, verified by the official Python SDK with the
//! key that the card's attestation extension leads to.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_devnet::python::Python;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/cards").join(name)
}

/// What the runtime's lease says, in JSON. `relying` shows how a relying party verifies it.
async fn lease(enclave: &Enclave) -> String {
    let jwt = enclave.lease_jwt().await.unwrap();
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    String::from_utf8(payload).unwrap()
}

/// The parameters of the attestation extension of a card that the SDK accepts, or what it says
/// instead.
async fn verified(python: &Python, url: &str, lease: &str) -> Result<Value, String> {
    let mut command = Command::new(python.interpreter());
    command.arg(file("verify.py")).arg(url).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lease.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    assert!(told.contains("refused: "), "it failed for another reason: {told}");
    Err(told)
}

#[tokio::test]
async fn the_official_sdk_verifies_a_card_with_the_key_that_the_callers_lease_leads_to() {
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
}
