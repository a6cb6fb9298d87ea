//! Relying parties without an enclave: they ask a runtime what it is, and judge the answer.

use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use serde_json::Value;

/// `cloister verify` of `enclave`: the exit code, the checks that failed, and the whole answer.
async fn ask(devnet: &Devnet, enclave: &Enclave, words: &[&str]) -> (i32, Vec<String>, Value) {
    let (exit, answer) = devnet.verifier.ask_runtime(enclave.listen(), words).await.unwrap();
    let checks = answer["checks"].as_array().into_iter().flatten();
    let failed = checks.filter(|check| check["state"] == "fail");
    let failed = failed.map(|check| check["id"].as_str().unwrap().to_owned()).collect();
    (exit, failed, answer)
}

fn nobody_vouches_for(answer: &Value, id: &str) -> bool {
    answer["not_asserted"].as_array().unwrap().contains(&id.into())
}

#[tokio::test]
async fn anybody_can_verify_a_runtime_and_ask_the_verifier_whether_it_still_holds() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let image = devnet.admitted_image("translator", &[]).await.unwrap();
    let enclave =
        Enclave::boot(&devnet.host, &devnet.verifier, &image, Hardware::SnpMilan).await.unwrap();
    let agent = ["--agent", "translator"];

    let (exit, failed, answer) = ask(&devnet, &enclave, &agent).await;
    assert_eq!((exit, failed), (0, Vec::new()), "{answer}");
    assert!(nobody_vouches_for(&answer, "cli.remote.revocation"), "nobody was asked: {answer}");
    assert!(nobody_vouches_for(&answer, "reference.match"), "there is nothing to match: {answer}");
    assert_eq!(answer["simulated"], true);

    let values = image.reference_values().unwrap().display().to_string();
    let url = devnet.verifier.url();
    let all = [&agent[..], &["--verifier", &url, "--reference", &values]].concat();
    let (exit, failed, answer) = ask(&devnet, &enclave, &all).await;
    assert_eq!((exit, failed), (0, Vec::new()), "{answer}");
    assert_eq!(answer["connection"]["lease"]["agent"], "translator");
    assert!(!nobody_vouches_for(&answer, "cli.remote.revocation"), "{answer}");
    assert!(!nobody_vouches_for(&answer, "reference.match"), "{answer}");

    let (exit, failed, _) = ask(&devnet, &enclave, &["--agent", "assistant"]).await;
    assert_eq!((exit, failed), (2, vec!["cli.remote.agent".to_owned()]));

    // Another image than is running, by one byte.
    let other = image.with_one_byte_changed().unwrap().reference_values().unwrap();
    let other = other.display().to_string();
    let (exit, failed, _) =
        ask(&devnet, &enclave, &[&agent[..], &["--reference", &other]].concat()).await;
    assert_eq!((exit, failed), (2, vec!["reference.match".to_owned()]));
}
