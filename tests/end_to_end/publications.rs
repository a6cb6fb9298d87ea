//! Authorization policies that an operator publishes while everything runs.

use std::time::Duration;

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Image};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TEXT: &str = "still here";

/// How long a published policy may take before the test gives up. Not a promise.
const PATIENCE: Duration = Duration::from_secs(60);

/// The translator's policy from its publication on: streams for the assistant, nothing for others.
const STREAMS_ONLY: &str = "
permit (principal == Agent::\"assistant\",
        action in [Action::\"connect\", Action::\"card\", Action::\"stream\"],
        resource == Agent::\"translator\");
";

/// `assistant` and `reader` may call `translator`, as its image has it.
struct Scene {
    devnet: Devnet,
    image: Image,
    assistant: Enclave,
    reader: Enclave,
    translator: Enclave,
}

impl Scene {
    /// With a translator whose image lets the Verifier change its policy, or does not.
    async fn new(takes_policies: bool) -> Self {
        let devnet = Devnet::start(Agents::Rust).await.unwrap();
        let (host, verifier) = (&devnet.host, &devnet.verifier);
        let callers = ["assistant", "reader"];
        let mut image = Image::build(host, verifier, "translator", &callers).unwrap();
        if takes_policies {
            image = image.taking_policies().unwrap();
        }
        verifier.admit(&image).await.unwrap();
        let boot = async |name: &str| {
            let image = devnet.admitted_image(name, &[]).await.unwrap();
            Enclave::boot(host, verifier, &image, Hardware::SnpMilan).await.unwrap()
        };
        let translator = Enclave::boot(host, verifier, &image, Hardware::Tdx).await.unwrap();
        let (assistant, reader) = (boot("assistant").await, boot("reader").await);
        Self { devnet, image, assistant, reader, translator }
    }

    async fn publish(&self, bundle: &str, words: &[&str]) -> anyhow::Result<serde_json::Value> {
        let file = self.devnet.host.dir().join("published.cedar");
        std::fs::write(&file, bundle).unwrap();
        let file = file.display().to_string();
        self.devnet.verifier.cli(&[&["policy", "publish", &file], words].concat()).await
    }
}

async fn asks(caller: &Enclave) -> bool {
    let asked = async {
        let asker = Asker::connect(&caller.agent_url("translator")).await?;
        asker.unary(TEXT).await
    };
    asked.await.is_ok_and(|(answer, _)| answer.contains("STILL"))
}

async fn until_refused(caller: &Enclave) {
    let refused = async {
        while asks(caller).await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the published policy never decided");
}

#[tokio::test]
async fn a_published_policy_ends_what_it_forbids_without_a_restart_and_streams_it_permits_go_on() {
    let scene = Scene::new(true).await;
    let Scene { assistant, reader, translator, .. } = &scene;
    assert!(asks(assistant).await && asks(reader).await);
    let runtime = translator.process_id().unwrap();
    let asker = Asker::connect(&assistant.agent_url("translator")).await.unwrap();
    let began = tokio::sync::Notify::new();
    let stream = asker.stream("tick 200", |_| began.notify_one());
    let change = async {
        began.notified().await;
        let published = scene.publish(STREAMS_ONLY, &["--agent", "translator"]).await.unwrap();
        assert_eq!((&published["number"], &published["policies"]), (&1.into(), &1.into()));
        until_refused(assistant).await;
        until_refused(reader).await;
    };
    let (streamed, ()) = tokio::join!(stream, change);
    let streamed = streamed.unwrap();
    assert!(!streamed.broken && streamed.text.contains("tick 200"), "{} events", streamed.events);
    assert_eq!(translator.process_id().unwrap(), runtime);
    let peers = translator.channels().await.unwrap();
    let peers: Vec<&str> = peers.iter().map(|channel| channel.agent.as_str()).collect();
    assert_eq!(peers, ["assistant"], "the reader may not even connect");
    // What it permits, it permits anew.
    let again = asker.stream("tick 2", |_| ()).await.unwrap();
    assert!(!again.broken, "{} events", again.events);
    let metrics = translator.metrics().await.unwrap();
    assert!(metrics.contains("published_policies_total{result=\"in_force\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_runtime_that_is_started_again_begins_under_the_published_policy_and_not_its_images() {
    let scene = Scene::new(true).await;
    scene.publish("", &[]).await.unwrap();
    until_refused(&scene.assistant).await;
    let Scene { devnet, image, assistant, reader, translator } = scene;
    translator.kill().await.unwrap();
    let translator =
        Enclave::boot(&devnet.host, &devnet.verifier, &image, Hardware::Tdx).await.unwrap();
    let lease = translator.operator("/v1/lease").await.unwrap();
    assert_eq!(lease["published_policy"], 1);
    assert!(!asks(&assistant).await && !asks(&reader).await);
    assert!(translator.channels().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_image_that_keeps_to_its_own_policy_is_left_alone() {
    let scene = Scene::new(false).await;
    let refused = scene.publish("", &["--agent", "translator"]).await.unwrap_err();
    assert!(refused.to_string().contains("service.image_forbids"), "{refused}");
    scene.publish("", &[]).await.unwrap();
    assert!(asks(&scene.assistant).await && asks(&scene.reader).await);
    let lease = scene.translator.operator("/v1/lease").await.unwrap();
    assert_eq!(lease["published_policy"], 0);
}

/// Nothing for an agent by itself, and what it was let do for whoever lets it.
const DELEGATED_ONLY: &str = "
permit (principal == Agent::\"assistant\",
        action in [Action::\"connect\", Action::\"card\"], resource == Agent::\"translator\");
permit (principal == Agent::\"assistant\", action == Action::\"send\", resource == Agent::\"translator\")
when {
  context.delegated && context has on_behalf_of && context.on_behalf_of == Agent::\"assistant\"
  && context.scope.contains(\"demo\")
};
";

/// The JSON-RPC answer to a message, sent by plain HTTP with these headers.
async fn post(caller: &Enclave, headers: &str) -> serde_json::Value {
    let url = caller.agent_url("translator");
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let message = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage",
        "params": {"message": {"messageId": "1", "role": "ROLE_USER", "parts": [{"text": TEXT}]}}});
    let message = message.to_string();
    let request = format!(
        "POST /{path}jsonrpc HTTP/1.0\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         A2A-Version: 1.0\r\nContent-Length: {}\r\n{headers}\r\n{message}",
        message.len()
    );
    let mut stream = TcpStream::connect(authority).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn a_peer_is_let_act_with_a_part_of_the_scope_and_policy_decides_over_that() {
    let scene = Scene::new(true).await;
    scene.publish(DELEGATED_ONLY, &["--agent", "translator"]).await.unwrap();
    until_refused(&scene.assistant).await;
    let code = async |headers| post(&scene.assistant, headers).await["error"]["code"].clone();
    assert_eq!(code("").await, -31403, "for itself");
    assert_eq!(code("cloister-scope: \r\n").await, -31403, "with nothing of its scope");
    let wider = post(&scene.assistant, "cloister-scope: demo admin\r\n").await;
    assert!(wider.to_string().contains("delegation.scope"), "{wider}");
    let answer = post(&scene.assistant, "cloister-scope: demo\r\n").await;
    assert!(answer.to_string().contains("STILL"), "{answer}");
}
