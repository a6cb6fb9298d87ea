//! The official client SDKs for Python and TypeScript, in both eras: what they see through two
//! runtimes is what they see without.

use std::time::Duration;

use cloister_devnet::node::Node;
use cloister_devnet::python::Python;
use serde_json::Value;
use tokio::process::Command;

use super::between::Between;
use super::server::ToolServer;
use super::{file, node};

/// How a client is told which era to speak.
const ERAS: [&str; 2] = ["legacy", "auto"];

/// A call that nobody waits for any longer has to end within this.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hidden from the caller by policy at either end.
const NO_IMAGE: &str = r#"
forbid (principal, action == Action::"tools_call", resource)
when { context has tool_name && context.tool_name == "test_image_content" };
"#;

/// An SDK with its script.
enum Sdk {
    Python(Python),
    TypeScript(Node),
}

impl Sdk {
    async fn python() -> Self {
        let pins = file("requirements.txt");
        Self::Python(Python::with_requirements("python-mcp", &pins).await.unwrap())
    }

    async fn typescript() -> Self {
        Self::TypeScript(node().await)
    }

    /// What happened between the SDK and a server, step by step.
    async fn talk(&self, url: &str, era: &str) -> Vec<(String, Value)> {
        let mut command = match self {
            Self::Python(python) => {
                let mut command = Command::new(python.interpreter());
                command.arg(file("client.py"));
                command
            }
            Self::TypeScript(node) => {
                let mut command = node.command();
                command.arg(node.script(&file("client.mjs")).unwrap());
                command
            }
        };
        let output = command.args([url, era]).kill_on_drop(true).output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{era}: {told}");
        serde_json::from_slice(&output.stdout).expect("a client prints what happened")
    }
}

/// Lets a client talk to the server at `url`.
pub(super) async fn talk(node: &Node, url: &str) {
    Sdk::TypeScript(node.clone()).talk(url, "auto").await;
}

/// Waits until the server has noticed that `calls` calls were given up.
async fn gave_up(server: &ToolServer, calls: usize) {
    let noticed = async {
        while server.cancelled() < calls {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, noticed).await.expect("the server still works on a call");
}

/// What a step came to.
fn came_to<'s>(steps: &'s [(String, Value)], name: &str) -> &'s Value {
    &steps.iter().find(|(step, _)| step == name).unwrap().1
}

/// The steps that were answered with an error of the protocol.
fn refused(steps: &[(String, Value)]) -> Vec<&str> {
    let refused = steps.iter().filter(|(_, came_to)| came_to.get("error").is_some());
    refused.map(|(step, _)| step.as_str()).collect()
}

async fn sees_the_same(sdk: Sdk) {
    let (server, between) = (ToolServer::start().await, Between::new().await);
    for (number, era) in ERAS.into_iter().enumerate() {
        let direct = sdk.talk(&server.url, era).await;
        let through = sdk.talk(&between.url(), era).await;
        assert_eq!(direct, through);
        assert_eq!(refused(&direct), ["no_such_tool", "test://none"], "{era}");
        gave_up(&server, number + 1).await;
        gave_up(&between.server, number + 1).await;
    }
    between.crossing().await.check().unwrap();
}

#[tokio::test]
async fn the_python_sdk_sees_the_same_through_two_runtimes_in_both_eras() {
    sees_the_same(Sdk::python().await).await;
}

#[tokio::test]
async fn the_typescript_sdk_sees_the_same_through_two_runtimes_in_both_eras() {
    sees_the_same(Sdk::typescript().await).await;
}

/// A denied tool is not in the list, and a call of it is answered to the SDK's error like a call of
/// a tool that does not exist; everything else is as it was.
async fn is_denied_one_tool(sdk: Sdk) {
    let (denied, no_such) = ("test_image_content", "no_such_tool");
    for (calling, called) in [(NO_IMAGE, ""), ("", NO_IMAGE)] {
        let between = Between::under(calling, called).await;
        for era in ERAS {
            let steps = sdk.talk(&between.url(), era).await;
            let tools = came_to(&steps, "tools")["tools"].as_array().unwrap();
            assert!(tools.len() > 20, "{tools:?}");
            assert!(tools.iter().all(|tool| tool["name"] != denied), "{era}: {tools:?}");
            let [unknown, refused] = [no_such, denied].map(|tool| came_to(&steps, tool));
            assert_eq!(refused["error"][0], unknown["error"][0], "{era}");
            let [unknown, refused] = [unknown, refused].map(|e| e["error"][1].as_str().unwrap());
            let unknown = unknown.replace(no_such, denied);
            // A runtime tells its own agent why; a peer learns nothing.
            assert!(refused.starts_with(&unknown), "{refused}");
            assert_eq!(refused == unknown, calling.is_empty(), "{refused}");
        }
        between.crossing().await.check().unwrap();
    }
}

#[tokio::test]
async fn the_python_sdk_is_denied_a_tool_as_if_there_were_none() {
    is_denied_one_tool(Sdk::python().await).await;
}

#[tokio::test]
async fn the_typescript_sdk_is_denied_a_tool_as_if_there_were_none() {
    is_denied_one_tool(Sdk::typescript().await).await;
}
