//! A person's machine without an enclave: `cloister connect`, and an unmodified A2A client that is
//! given the port.

use std::time::Duration;

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};

/// A translator whose image says this about visitors.
async fn translator(allowed: bool) -> (Devnet, Enclave) {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let image = cloister_devnet::enclave::Image::build(
        &devnet.host,
        &devnet.verifier,
        "translator",
        &["assistant"],
    );
    let image = image.unwrap();
    let image = if allowed { image.allowing_visitors() } else { image.welcoming_visitors() };
    let image = image.unwrap();
    devnet.verifier.admit(&image).await.unwrap();
    let enclave =
        Enclave::boot(&devnet.host, &devnet.verifier, &image, Hardware::SnpMilan).await.unwrap();
    (devnet, enclave)
}

#[tokio::test]
async fn an_unmodified_client_calls_a_remote_agent_through_a_port_on_this_machine() {
    let (devnet, enclave) = translator(true).await;
    let connected = devnet.verifier.connect("translator", enclave.listen()).await.unwrap();
    assert_eq!(connected.exit, None, "{}", connected.answer);
    let (answer, url) = (&connected.answer, connected.url());
    assert_eq!(answer["lease"]["agent"], "translator");
    assert_eq!(answer["lease"]["simulated"], true);
    assert_eq!(answer["this_side"], "not attested");

    let asker = Asker::connect(&url).await.unwrap();
    assert!(asker.interfaces.iter().all(|at| at.starts_with(&url)), "{:?}", asker.interfaces);
    let (said, _) = asker.unary("from a laptop").await.unwrap();
    assert!(said.contains("FROM A LAPTOP"), "{said}");
    let streamed = asker.stream("from a laptop", |_| {}).await.unwrap();
    assert!(!streamed.broken && streamed.events > 0, "{streamed:?}");

    let channels = enclave.operator("/v1/channels").await.unwrap();
    assert_eq!(channels[0]["direction"], "visit", "{channels}");
    assert_eq!(connected.stop().await.unwrap(), Some(0));
}

#[tokio::test]
async fn where_agent_toml_says_nothing_visitors_are_refused_and_told_how_to_be_let_in() {
    let (devnet, enclave) = translator(false).await;
    let refused = devnet.verifier.connect("translator", enclave.listen()).await.unwrap();
    assert_eq!(refused.exit, Some(3), "{}", refused.answer);
    assert_eq!(refused.answer["error"]["id"], "cli.connect.no_visitors");
    assert!(!enclave.log().unwrap().contains("a visit began"));
}

#[tokio::test]
async fn another_genuine_agent_that_answers_is_not_connected_to() {
    let (devnet, enclave) = translator(true).await;
    let diverted = devnet.verifier.connect("executor", enclave.listen()).await.unwrap();
    assert_eq!(diverted.exit, Some(3), "{}", diverted.answer);
    assert_eq!(diverted.answer["error"]["id"], "cli.connect.turned_away");
}

#[tokio::test]
async fn a_quarantine_ends_the_port() {
    let (devnet, enclave) = translator(true).await;
    let connected = devnet.verifier.connect("translator", enclave.listen()).await.unwrap();
    let asker = Asker::connect(&connected.url()).await.unwrap();
    asker.unary("before").await.unwrap();
    devnet.verifier.quarantine("translator").await.unwrap();
    let mut answered = true;
    for _ in 0..200 {
        answered = asker.unary("after").await.is_ok();
        if !answered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!answered, "a revoked agent is still called");
}
