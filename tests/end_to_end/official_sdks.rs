//! Unmodified agents and clients on the official Python SDK, on both ends.

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_devnet::python::Python;
use cloister_devnet::workspace::Programs;

const TEXT: &str = "nobody between us";

/// One that calls, and the one that it may call.
async fn two_enclaves(devnet: &Devnet) -> (Enclave, Enclave) {
    let caller = devnet.admitted_image("assistant", &[]).await.unwrap();
    let callee = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
    let boot = |image, hardware| Enclave::boot(&devnet.host, &devnet.verifier, image, hardware);
    (boot(&caller, Hardware::SnpMilan).await.unwrap(), boot(&callee, Hardware::Tdx).await.unwrap())
}

async fn ask_through_two_enclaves(options: &[&str]) -> serde_json::Value {
    let python = Python::with_a2a_sdk().await.unwrap();
    let devnet = Devnet::start(Agents::Python(python.clone())).await.unwrap();
    let (caller, _callee) = two_enclaves(&devnet).await;
    let url = caller.agent_url("translator");
    let answer = python.ask(&url, TEXT, options).await.unwrap();
    for interface in answer["interfaces"].as_array().unwrap() {
        assert!(interface.as_str().unwrap().starts_with(&url), "{interface} leaves the channel");
    }
    answer
}

#[tokio::test]
async fn python_client_and_agent_talk_unary_over_json_rpc() {
    let answer = ask_through_two_enclaves(&["--binding", "JSONRPC"]).await;
    assert_eq!(answer["text"].as_str().unwrap().trim(), TEXT.to_uppercase());
}

#[tokio::test]
async fn python_client_and_agent_stream_over_json_rpc() {
    let answer = ask_through_two_enclaves(&["--binding", "JSONRPC", "--stream"]).await;
    assert_eq!(answer["text"].as_str().unwrap().trim(), TEXT.to_uppercase());
    assert!(answer["events"].as_u64().unwrap() >= 5, "{answer}");
}

#[tokio::test]
async fn python_client_and_agent_talk_unary_over_http_json() {
    let answer = ask_through_two_enclaves(&["--binding", "HTTP+JSON"]).await;
    assert_eq!(answer["text"].as_str().unwrap().trim(), TEXT.to_uppercase());
}

#[tokio::test]
async fn python_client_and_agent_stream_over_http_json() {
    let answer = ask_through_two_enclaves(&["--binding", "HTTP+JSON", "--stream"]).await;
    assert_eq!(answer["text"].as_str().unwrap().trim(), TEXT.to_uppercase());
    assert!(answer["events"].as_u64().unwrap() >= 5, "{answer}");
}

/// The agent that images are tried and measured with is on no SDK.
#[tokio::test]
async fn an_official_client_understands_the_small_agent() {
    let program = Programs::of_this_build().unwrap().agent.with_file_name("cloister-small-agent");
    let devnet = Devnet::start(Agents::Program(program)).await.unwrap();
    let (caller, _callee) = two_enclaves(&devnet).await;
    let asker = Asker::connect(&caller.agent_url("translator")).await.unwrap();
    assert_eq!(asker.card, "translator");
    for _ in 0..2 {
        let (answer, _) = asker.unary(TEXT).await.unwrap();
        assert_eq!(answer, TEXT.to_uppercase());
    }
}
