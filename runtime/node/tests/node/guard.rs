//! An agent does not outlive a runtime that is killed.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use crate::node::CLOISTERD;
use crate::revocation::runs;

fn wait_for(file: &Path) -> String {
    loop {
        match fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A shell that stands for the runtime, and starts an agent for the runtime `id`.
fn runtime(folder: &Path, id: &str) -> Child {
    let agent = "echo $$ > pid; exec /bin/sleep 600";
    let script =
        format!("{CLOISTERD} __become-agent {id} /bin/sh -c '{agent}' & wait $!; echo $? > status");
    Command::new("/bin/sh").arg("-c").arg(script).current_dir(folder).spawn().unwrap()
}

#[test]
fn an_agent_is_killed_with_its_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let mut runtime = runtime(folder.path(), "$$");
    let agent = wait_for(&folder.path().join("pid"));
    assert!(runs(&agent));
    runtime.kill().unwrap();
    runtime.wait().unwrap();
    while runs(&agent) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_agent_whose_runtime_is_already_gone_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    // Another parent than the one that is named: what a runtime that died in between looks like.
    let mut runtime = runtime(folder.path(), "1");
    assert_eq!(wait_for(&folder.path().join("status")), "127");
    assert!(!folder.path().join("pid").exists());
    runtime.wait().unwrap();
}
