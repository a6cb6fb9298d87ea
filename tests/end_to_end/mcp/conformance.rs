//! The conformance suite of the protocol: every scenario that a revision requires of servers, and
//! those that it reports without scoring them.

use cloister_devnet::node::Node;

use super::between::Between;
use super::node;
use super::report::Report;
use super::server::ToolServer;

/// The newest revision with sessions, and the one without.
const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";

/// Runs the suite's scenarios for servers against `url`, in the way of `revision`.
async fn examined(node: &Node, url: &str, revision: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let mut suite = node.command();
    suite.arg(node.program("conformance")).args(["server", "--url", url]);
    suite.args(["--requirements", revision, "--output-dir"]).arg(folder.path());
    let output = suite.kill_on_drop(true).output().await.unwrap();
    // The exit code says whether all required scenarios passed; what passed is in the folder.
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("=== SUMMARY ==="), "{told}{}", String::from_utf8_lossy(&output.stderr));
    Report::read(folder.path())
}

/// What the suite finds directly and through two runtimes, and how many requests crossed.
async fn both(revision: &str) -> (Report, Report, usize) {
    let node = node().await;
    let server = ToolServer::start().await;
    let direct = examined(&node, &server.url, revision).await;
    drop(server);
    let between = Between::new().await;
    let through = examined(&node, &between.url(), revision).await;
    let crossed = between.crossing().await.check().unwrap();
    (direct, through, crossed)
}

#[tokio::test]
async fn the_suite_finds_the_same_through_two_runtimes_in_the_era_of_sessions() {
    let (direct, through, crossed) = both(LEGACY).await;
    assert_eq!(direct.differences(&through), Vec::<String>::new());
    assert_eq!(direct.not_passed(), Vec::<String>::new());
    assert_eq!(direct.scenarios(), 33);
    assert!(direct.count("SUCCESS") > 80, "{direct:?}");
    assert!(crossed > 100, "{crossed}");
}

#[tokio::test]
async fn the_suite_finds_the_same_through_two_runtimes_in_the_era_without_sessions() {
    let (direct, through, crossed) = both(MODERN).await;
    assert_eq!(direct.differences(&through), Vec::<String>::new());
    // The server has no tasks, which are an extension that the revision does not require.
    let required = |check: &String| !check.starts_with("tasks-");
    assert_eq!(direct.not_passed().into_iter().filter(required).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(direct.scenarios(), 50);
    assert!(direct.count("SUCCESS") > 140, "{direct:?}");
    assert!(crossed > 100, "{crossed}");
}

/// Without this, nobody would know that the account above can fail.
#[tokio::test]
async fn a_request_that_goes_around_the_runtimes_is_noticed() {
    let (node, between) = (node().await, Between::new().await);
    assert!(between.crossing().await.check().is_err(), "nothing has crossed yet");
    super::clients::talk(&node, &between.url()).await;
    between.crossing().await.check().unwrap();
    super::clients::talk(&node, &between.server.url).await;
    between.crossing().await.check().unwrap_err();
}
