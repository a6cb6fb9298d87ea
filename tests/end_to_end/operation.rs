//! What operators do, and what happens around it.

use std::time::{Duration, Instant};

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Host};
use cloister_devnet::verifier::Verifier;

const TEXT: &str = "still here";

async fn pair(devnet: &Devnet) -> (Enclave, Enclave) {
    let caller = devnet.admitted_image("assistant", &[]).await.unwrap();
    let callee = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
    (
        Enclave::boot(&devnet.host, &devnet.verifier, &caller, Hardware::SnpMilan).await.unwrap(),
        Enclave::boot(&devnet.host, &devnet.verifier, &callee, Hardware::Tdx).await.unwrap(),
    )
}

async fn ask(caller: &Enclave) -> anyhow::Result<String> {
    let asker = Asker::connect(&caller.agent_url("translator")).await?;
    Ok(asker.unary(TEXT).await?.0)
}

#[tokio::test]
async fn an_image_that_nobody_admitted_is_refused() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let image =
        cloister_devnet::enclave::Image::build(&devnet.host, &devnet.verifier, "stranger", &[])
            .unwrap();
    let findings =
        Enclave::boot_expecting_refusal(&devnet.host, &devnet.verifier, &image, Hardware::SnpMilan)
            .await
            .unwrap();
    assert_eq!(findings[0].id, "reference.match");
    assert!(!findings[0].remedy.is_empty());
}

#[tokio::test]
async fn a_lease_is_renewed_before_it_ends_and_calls_go_on() {
    let host = Host::start(Agents::Rust).await.unwrap();
    let verifier = Verifier::with_lease(&host, Duration::from_secs(12)).await.unwrap();
    let devnet = Devnet { host, verifier };
    let (caller, _callee) = pair(&devnet).await;
    let first = caller.operator("/v1/lease").await.unwrap();
    let mut renewed = first.clone();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(25) {
        assert!(ask(&caller).await.unwrap().contains("STILL"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        renewed = caller.operator("/v1/lease").await.unwrap();
    }
    assert_ne!(first, renewed, "twenty-five seconds outlive two leases of twelve");
}

#[tokio::test]
async fn calls_go_on_while_the_verifier_is_down_and_it_remembers_when_it_is_back() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let (caller, _callee) = pair(&devnet).await;
    assert!(ask(&caller).await.unwrap().contains("STILL"));
    let Devnet { host, verifier } = devnet;
    let halted = verifier.halt().await.unwrap();
    assert!(ask(&caller).await.unwrap().contains("STILL"));
    let verifier = halted.resume(&host).await.unwrap();
    assert!(ask(&caller).await.unwrap().contains("STILL"));
    let agents = verifier.cli(&["agents", "list"]).await.unwrap();
    assert!(agents.to_string().contains("translator"), "the registry survives: {agents}");
}

#[tokio::test]
async fn a_request_in_flight_outlives_a_verifier_outage_shorter_than_a_lease_and_its_own_leases() {
    let host = Host::start(Agents::Rust).await.unwrap();
    let verifier = Verifier::with_lease(&host, Duration::from_secs(16)).await.unwrap();
    let devnet = Devnet { host, verifier };
    let (caller, callee) = pair(&devnet).await;
    let Devnet { host, verifier } = devnet;
    let before = [caller.lease().await.unwrap().id, callee.lease().await.unwrap().id];
    let asker = Asker::connect(&caller.agent_url("translator")).await.unwrap();
    let began = tokio::sync::Notify::new();
    // Twenty seconds: longer than the leases that it begins under.
    let stream = asker.stream("tick 400", |_| began.notify_one());
    let outage = async {
        began.notified().await;
        let halted = verifier.halt().await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        halted.resume(&host).await.unwrap()
    };
    let (streamed, _verifier) = tokio::join!(stream, outage);
    let streamed = streamed.unwrap();
    assert!(!streamed.broken && streamed.text.contains("tick 400"), "{} events", streamed.events);
    let after = [caller.lease().await.unwrap().id, callee.lease().await.unwrap().id];
    assert!(before[0] != after[0] && before[1] != after[1], "nothing was renewed meanwhile");
    let channels = caller.channels().await.unwrap();
    assert_eq!(channels.len(), 1, "the stream ran on one channel: {channels:?}");
}

#[tokio::test]
async fn a_quarantined_agent_comes_back_when_the_quarantine_is_lifted() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let (caller, callee) = pair(&devnet).await;
    devnet.verifier.quarantine("translator").await.unwrap();
    callee.kill().await.unwrap();
    assert!(ask(&caller).await.is_err());
    devnet.verifier.cli(&["agents", "lift", "translator"]).await.unwrap();
    let image = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
    let _callee =
        Enclave::boot(&devnet.host, &devnet.verifier, &image, Hardware::Tdx).await.unwrap();
    assert!(ask(&caller).await.unwrap().contains("STILL"));
}

async fn policy_epoch(enclave: &Enclave) -> serde_json::Value {
    enclave.operator("/v1/lease").await.unwrap()["policy_epoch"].clone()
}

#[tokio::test]
async fn reattesting_ends_every_lease_and_runtimes_come_back_with_new_evidence() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let (caller, callee) = pair(&devnet).await;
    assert!(ask(&caller).await.unwrap().contains("STILL"));
    let before = caller.lease().await.unwrap().id;
    let told = devnet.verifier.cli(&["fleet", "reattest", "--all"]).await.unwrap();
    assert_eq!(told, serde_json::json!({ "epoch_floor": 2, "leases_ended": 2 }));
    let mut back = false;
    for _ in 0..600 {
        back = policy_epoch(&caller).await == 2 && policy_epoch(&callee).await == 2;
        if back {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(back, "leases of ten minutes are renewed at once");
    assert_ne!(caller.lease().await.unwrap().id, before);
    assert!(ask(&caller).await.unwrap().contains("STILL"));
}

#[tokio::test]
async fn a_revoked_lease_key_ends_what_it_signed_and_runtimes_come_back_under_another() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let (caller, callee) = pair(&devnet).await;
    assert!(ask(&caller).await.unwrap().contains("STILL"));
    let before = [caller.lease().await.unwrap().id, callee.lease().await.unwrap().id];
    let listed = devnet.verifier.cli(&["keys", "list"]).await.unwrap();
    let leaked = listed["keys"][0]["kid"].as_str().unwrap().to_owned();
    let after = devnet.verifier.cli(&["keys", "revoke", &leaked]).await.unwrap();
    assert!(!after.to_string().contains(&leaked), "{after}");
    let mut back = false;
    for _ in 0..600 {
        let now = [caller.lease().await.unwrap().id, callee.lease().await.unwrap().id];
        back = now[0] != before[0] && now[1] != before[1];
        if back {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(back, "leases of ten minutes are renewed at once");
    assert!(ask(&caller).await.unwrap().contains("STILL"));
}
