//! AgentLeak, as its own package has it, reads what a runtime put on record.

use std::path::Path;

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware};
use cloister_devnet::python::Python;
use cloister_devnet::workspace::Programs;
use serde_json::Value;
use tokio::process::Command;

use crate::program::told;

const TEXT: &str = "nobody reads this on record";

async fn exported(enclave: &Enclave) -> String {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.audit");
    std::fs::write(&log, enclave.audit_log().await.unwrap()).unwrap();
    let mut command = Command::new(Programs::of_this_build().unwrap().cli);
    command.args(["audit", "export"]).arg(&log).args(["--format", "agentleak"]);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/agentleak").join(name)
}

#[tokio::test]
async fn a_trace_is_read_by_agentleak_itself_and_says_who_spoke_to_whom() {
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let caller = devnet.admitted_image("assistant", &[]).await.unwrap();
    let callee = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
    let boot = |image, hardware| Enclave::boot(&devnet.host, &devnet.verifier, image, hardware);
    let caller = boot(&caller, Hardware::SnpMilan).await.unwrap();
    let _callee = boot(&callee, Hardware::Tdx).await.unwrap();
    let asker = Asker::connect(&caller.agent_url("translator")).await.unwrap();
    assert!(asker.unary(TEXT).await.unwrap().0.contains("NOBODY"));

    let trace = exported(&caller).await;
    assert!(!trace.contains(TEXT));
    let pins = file("requirements.txt");
    let python = Python::with_requirements("python-agentleak", &pins).await.unwrap();
    let mut command = Command::new(python.interpreter());
    command.arg(file("read.py"));
    let read = told(command, &trace).await.unwrap();
    assert_eq!(read["unknown"], Value::Array(Vec::new()), "fields that AgentLeak does not know");
    let events = read["trace"]["events"].as_array().unwrap();
    assert_eq!(read["analyzed"], events.len());
    let said = |source: &str, target: &str| {
        let mut messages = events.iter().filter(|it| it["channel"] == "inter_agent_message");
        messages.any(|it| (&it["source"], &it["target"]) == (&source.into(), &target.into()))
    };
    assert!(said("assistant", "translator"), "{events:?}");
    assert!(said("translator", "assistant"), "{events:?}");
}
