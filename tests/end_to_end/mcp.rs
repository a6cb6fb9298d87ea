//! MCP through two runtimes, judged by outsiders: the protocol's own conformance suite and its
//! official client SDKs, against a server on the official Rust SDK. What they find through the
//! runtimes has to be what they find without, and every request has to have crossed.

mod between;
mod clients;
mod conformance;
mod report;
mod server;

use std::path::{Path, PathBuf};

use cloister_devnet::node::Node;

/// A file beside these tests.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/mcp").join(name)
}

/// Node.js with the conformance suite and the client SDKs.
async fn node() -> Node {
    Node::with_package("node-mcp", &file("package.json")).await.unwrap()
}
