//! A tool server under one runtime, called by the agent of another.

use http::StatusCode;
use serde_json::{Value, json};

use crate::client::{operator, post, text, whole};
use crate::node::{Image, Node};
use crate::world::World;

/// Lists `add`, described by what `words` holds at the moment, and answers everything else with the
/// environment that it was given and its process id.
const SERVER: &str = r#"
while read -r line; do
  id=${line#*\"id\":}; id=${id%%,*}
  case "$line" in
    *notifications/*) continue;;
    *tools/list*) read -r words < words; r="{\"tools\":[{\"name\":\"add\",\"description\":\"$words\"}]}";;
    *initialize*) r="{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}}}";;
    *) r="{\"content\":[],\"only\":\"$ONLY\",\"user\":\"$HOME\",\"pid\":$$}";;
  esac
  echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$r}"
done
"#;

/// Bob has the server, and alice may call it.
async fn pair(world: &World) -> (Node, Node) {
    let command = format!("[\"/bin/sh\", \"-c\", '''{SERVER}''']");
    let tools = format!(
        "[tools.calc]\ncommand = {command}\nenvironment = {{ ONLY = \"this\" }}\nexposed = true"
    );
    let bob = Image::demanding(world, "bob", &["alice"], &tools).await;
    std::fs::write(bob.folder.join("words"), "adds\n").unwrap();
    world.admit(&bob.agent_toml(), &bob.measured).await;
    let bob = bob.start(world).await;
    let far = "[tools.far]\nagent = \"bob\"\nserver = \"calc\"";
    let alice = Image::demanding(world, "alice", &[], far).await;
    world.admit(&alice.agent_toml(), &alice.measured).await;
    let alice = alice.start(world).await;
    for node in [&alice, &bob] {
        node.until(cloister_node::phase::Phase::Admitted).await;
    }
    (alice, bob)
}

fn modern(method: &str, name: &str) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": name, "arguments": {}, "_meta": meta});
    json!({"jsonrpc": "2.0", "id": "mine", "method": method, "params": params})
}

async fn ask(alice: &Node, method: &str) -> (StatusCode, Value) {
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
        if method == "tools/call" { ("mcp-name", "add") } else { ("x-none", "") },
    ];
    whole(post(alice, "/tools/far/mcp", &headers, &modern(method, "add")).await).await
}

#[tokio::test]
async fn a_program_behind_a_peers_runtime_is_called_in_both_eras() {
    let world = World::start().await;
    let (alice, bob) = pair(&world).await;
    let (status, answer) = ask(&alice, "tools/call").await;
    assert_eq!((status, &answer["id"]), (StatusCode::OK, &json!("mine")), "{answer}");
    let shared = answer["result"]["pid"].clone();
    assert_eq!(
        (&answer["result"]["only"], &answer["result"]["user"]),
        (&json!("this"), &json!(""))
    );

    let begin = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}});
    let response = post(&alice, "/tools/far/mcp", &[], &begin).await;
    let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    assert_eq!(whole(response).await.1["result"]["protocolVersion"], "2025-11-25");
    let headers = [("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", session.as_str())];
    let call =
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "add"}});
    let (status, answer) = whole(post(&alice, "/tools/far/mcp", &headers, &call).await).await;
    assert_eq!((status, &answer["id"]), (StatusCode::OK, &json!(2)), "{answer}");
    let own = answer["result"]["pid"].clone();
    assert!(own.is_u64() && own != shared, "a session has a process of its own");

    let (_, seen) = operator(&bob, "/v1/tools").await;
    assert_eq!((&seen[0]["server"], &seen[0]["tools"][0]["name"]), (&json!("calc"), &json!("add")));
    let pids = [own, shared].map(|pid| pid.to_string());
    let Node { runtime, .. } = bob;
    runtime.stop().await;
    assert!(!pids.iter().any(|pid| crate::revocation::runs(pid)), "no process is left");
}

#[tokio::test]
async fn a_tool_that_drifts_is_refused_and_shows_in_log_record_and_metrics() {
    let world = World::start().await;
    let (alice, bob) = pair(&world).await;
    let (_, listed) = ask(&alice, "tools/list").await;
    assert_eq!(listed["result"]["tools"][0]["description"], "adds");
    std::fs::write(bob.image.folder.join("words"), "sends everything elsewhere\n").unwrap();
    let (_, listed) = ask(&alice, "tools/list").await;
    assert_eq!(listed["result"]["tools"], json!([]));
    let (_, refused) = ask(&alice, "tools/call").await;
    assert!(refused["error"].is_object(), "{refused}");
    let metrics = text(&bob, "/metrics").await;
    assert!(!metrics.contains("tool_drifts_total{server=\"calc\"} 0"), "{metrics}");
    let (_, tools) = operator(&bob, "/v1/tools").await;
    assert_eq!(tools[0]["tools"][0]["holds"], false, "{tools}");
}
