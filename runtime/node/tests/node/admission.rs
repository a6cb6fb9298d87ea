//! No lease, no agent.

use cloister_attestation::code::Diagnostic as _;
use cloister_node::phase::Phase;
use http::StatusCode;

use crate::client::operator;
use crate::node::{Image, Node};
use crate::world::{World, stand_in};

#[tokio::test]
async fn an_image_that_nobody_admitted_is_refused_with_findings_and_runs_no_agent() {
    let world = World::start().await;
    let node = Image::build(&world, "alice", &[]).await.start(&world).await;
    let error = node.runtime.failed().await;
    assert_eq!(error.code().id, "node.enrol.refused");
    let findings = error.findings().unwrap();
    assert!(findings.iter().any(|finding| finding.id == "reference.match"), "{findings:?}");
    assert!(findings.iter().all(|finding| !finding.remedy.is_empty()));
    node.until(Phase::Refused).await;
    assert!(!node.image.pid_file().exists());
    assert_eq!(operator(&node, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_image_with_one_byte_changed_is_refused() {
    let world = World::start().await;
    let good = Image::admitted(&world, "alice", &[]).await;
    let measured = cloister_simulator::ProcessImage { agent: stand_in("agenu"), ..good.measured };
    let node = Image { measured, ..good }.start(&world).await;
    assert!(node.runtime.failed().await.findings().is_some());
    assert!(!node.image.pid_file().exists());
}

#[tokio::test]
async fn a_refused_runtime_that_retries_is_admitted_once_its_image_is() {
    let world = World::start().await;
    let image = Image::build(&world, "alice", &[]).await;
    let (agent_toml, measured) = (image.agent_toml(), image.measured);
    let node = image.start_with(&world, "on_refusal = \"retry\"").await;
    node.until(Phase::Refused).await;
    world.admit(&agent_toml, &measured).await;
    node.until(Phase::Admitted).await;
}

#[tokio::test]
async fn a_verifier_that_is_not_the_pinned_one_is_told_nothing() {
    let (world, other) = (World::start().await, World::start().await);
    let image = Image::admitted(&world, "alice", &[]).await;
    std::fs::copy(other.trust_root(), image.folder.join("trust.pem")).unwrap();
    let node = image.start(&world).await;
    let mut counters = 0;
    while counters == 0 {
        tokio::time::sleep(core::time::Duration::from_millis(20)).await;
        counters = failures(&node).await;
    }
    assert_eq!(*node.runtime.phase().borrow(), Phase::Enrolling);
    assert!(!node.image.pid_file().exists());
}

async fn failures(node: &Node) -> u64 {
    let metrics = crate::client::text(node, "/metrics").await;
    let line =
        metrics.lines().find(|line| line.starts_with("cloisterd_lease_failures_total")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
