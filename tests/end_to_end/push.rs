//! Push notifications of an unmodified agent on the official Python SDK to a webhook beside an
//! unmodified client: through two runtimes, and counted at both.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Image};
use cloister_devnet::python::Python;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::pairings::crossing::{Counts, on_record};

const CALLER: &str = "assistant";
const CALLEE: &str = "worker";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/push").join(name)
}

/// A port that nothing listens on at this moment, for the client's webhook.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Stage {
    _devnet: Devnet,
    python: Python,
    caller: Enclave,
    callee: Enclave,
    port: u16,
}

impl Stage {
    async fn new() -> Self {
        let python = Python::with_a2a_sdk().await.unwrap();
        let devnet = Devnet::start(Agents::Rust).await.unwrap();
        let (host, verifier) = (&devnet.host, &devnet.verifier);
        let interpreter = python.interpreter().to_owned();
        let agent = Agents::Script { interpreter, script: file("agent.py") };
        let callee = Image::running(&agent, host, verifier, CALLEE, &[CALLER]).unwrap();
        let port = free_port();
        let caller = Image::build(host, verifier, CALLER, &[CALLEE]).unwrap();
        let caller = caller.with(&format!("[push]\nports = [{port}]\n"), "").unwrap();
        for image in [&caller, &callee] {
            verifier.admit(image).await.unwrap();
        }
        let caller = Enclave::boot(host, verifier, &caller, Hardware::SnpMilan).await.unwrap();
        let callee = Enclave::boot(host, verifier, &callee, Hardware::Tdx).await.unwrap();
        Self { _devnet: devnet, python, caller, callee, port }
    }

    /// What the client was shown, and what its webhook got.
    async fn notified(&self, binding: &str) -> Value {
        let mut command = Command::new(self.python.interpreter());
        command.arg(file("client.py")).arg(self.caller.agent_url(CALLEE));
        command.arg(self.port.to_string()).arg(binding).kill_on_drop(true);
        let output = command.output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}\n{}", self.callee.log().unwrap());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn on_record(&self) -> [Counts; 2] {
        [on_record(&self.caller).await, on_record(&self.callee).await]
    }
}

/// The states that a webhook was told of, one after the other.
fn states(got: &Value) -> Vec<&str> {
    let states = got.as_array().unwrap().iter();
    states
        .filter_map(|notice| notice.pointer("/event/statusUpdate/status/state")?.as_str())
        .collect()
}

/// Every notification came with what only this webhook may know, from an attested peer.
fn check_headers(got: &Value, path: &str) {
    let expected = json!({
        "x-a2a-notification-token": format!("token of {path}"),
        "authorization": format!("Bearer key{path}"),
        "cloister-peer-agent": CALLEE,
    });
    for notice in got.as_array().unwrap() {
        assert_eq!(notice["headers"], expected, "{notice}");
    }
}

fn given(stage: &Stage, path: &str, task: &Value) -> Value {
    json!({
        "id": path.trim_start_matches('/'),
        "taskId": task,
        "url": format!("http://127.0.0.1:{}{path}", stage.port),
        "token": format!("token of {path}"),
        "authentication": {"scheme": "Bearer", "credentials": format!("key{path}")},
    })
}

#[tokio::test]
async fn an_official_sdk_notifies_a_webhook_in_another_enclave_and_each_notice_is_on_record() {
    let stage = Stage::new().await;
    let mut delivered = 0;
    for binding in ["JSONRPC", "HTTP+JSON"] {
        let both = stage.notified(binding).await;
        let (inline, created) = (&both["inline"], &both["created"]);
        assert_eq!(states(&inline["got"]).last(), Some(&"TASK_STATE_COMPLETED"), "{inline}");
        assert_eq!(states(&created["got"]).last(), Some(&"TASK_STATE_CANCELED"), "{created}");
        assert_eq!(created["deleted"], json!([]));
        check_headers(&inline["got"], "/inline");
        check_headers(&created["got"], "/created");
        assert_eq!(inline["shown"], json!([given(&stage, "/inline", &inline["task"])]));
        let one = given(&stage, "/created", &created["task"]);
        assert_eq!(created["shown"], json!([one, one]));
        for got in [&inline["got"], &created["got"]] {
            delivered += u64::try_from(got.as_array().unwrap().len()).unwrap();
        }
    }
    for counts in stage.on_record().await {
        let deliveries: u64 = counts
            .iter()
            .filter(|(name, _)| name.ends_with(" push_deliver"))
            .map(|(_, count)| count)
            .sum();
        assert_eq!(deliveries, delivered, "{counts:?}");
    }
    for secret in ["token of /inline", "key/created"] {
        assert!(!stage.callee.log().unwrap().contains(secret));
    }
}
