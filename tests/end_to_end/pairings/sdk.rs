//! The SDKs: an agent and a client of each language.

use std::path::{Path, PathBuf};

use cloister_devnet::enclave::Agents;
use cloister_devnet::node::Node;
use cloister_devnet::python::Python;
use serde_json::Value;
use tokio::process::Command;

use super::transcript::Heard;

/// One official SDK.
pub(super) struct Sdk {
    pub(super) language: &'static str,
    pub(super) agent: Agents,
    interpreter: PathBuf,
    client: PathBuf,
    /// How it shows what is not permitted, by how an interface begins: with its binding's own code.
    denials: [(&'static str, &'static str); 4],
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/pairings").join(name)
}

impl Sdk {
    pub(super) async fn python() -> Self {
        let interpreter = Python::with_a2a_sdk().await.unwrap().interpreter().to_owned();
        Self {
            language: "python",
            agent: Agents::Script { interpreter: interpreter.clone(), script: file("agent.py") },
            interpreter,
            client: file("client.py"),
            denials: [
                ("JSONRPC", "Not permitted."),
                ("HTTP+JSON/1.0", "HTTP Error 403"),
                ("HTTP+JSON/0.3", "HTTP Error 403"),
                ("GRPC", "gRPC Error PERMISSION_DENIED"),
            ],
        }
    }

    pub(super) async fn javascript() -> Self {
        let node = Node::with_package("node-a2a", &file("package.json")).await.unwrap();
        let script = |name| node.script(&file(name)).unwrap();
        let interpreter = node.interpreter();
        Self {
            language: "javascript",
            agent: Agents::Script { interpreter: interpreter.clone(), script: script("agent.mjs") },
            interpreter,
            client: script("client.mjs"),
            denials: [
                ("JSONRPC", "\"code\":-31403"),
                ("HTTP+JSON/1.0", "\"code\":403"),
                ("HTTP+JSON/0.3", "(Code: -31403)"),
                ("GRPC", "\"code\":7"),
            ],
        }
    }

    /// What the SDK's client hears from the agent whose card is beneath `url`.
    pub(super) async fn hear(&self, url: &str, interfaces: &[&str]) -> Heard {
        let mut command = Command::new(&self.interpreter);
        command.arg(&self.client).arg(url).args(interfaces).kill_on_drop(true);
        let output = command.output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the {} client at {url}: {told}", self.language);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Whether the SDK shows this as what its binding has for what is not permitted.
    pub(super) fn is_denial(&self, interface: &str, error: &Value) -> bool {
        let mut denials = self.denials.iter();
        let (_, denial) = denials.find(|(binding, _)| interface.starts_with(binding)).unwrap();
        error["type"].is_string() && error.to_string().contains(denial)
    }
}
