use core::time::Duration;
use std::path::Path;

use cloister_gateway::{LaunchError, Launched, Launcher as _};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{Failures, Ground, Runner};
use crate::agent::Enclosure;
use crate::phase::Phase;
use crate::supervisor::{Patience, Program};

fn runner(folder: &Path, script: &str) -> (Runner, watch::Sender<Phase>) {
    let (phases, phase) = watch::channel(Phase::Admitted);
    let ground = Ground { enclosure: Enclosure::default(), phase, processes: TaskTracker::new() };
    let mut program = Program::new("/bin/sh", folder);
    program.arguments = vec!["-c".into(), script.into()];
    program.environment.insert("PATH".into(), "/usr/bin:/bin".into());
    let patience = Patience::new(Duration::from_secs(5));
    (Runner { program, patience, ground, failures: std::sync::Arc::default() }, phases)
}

async fn line(launched: &mut Launched) -> Option<String> {
    let mut reader = BufReader::new(&mut launched.output).lines();
    reader.next_line().await.unwrap()
}

async fn gone(runner: &Runner) {
    runner.ground.processes.close();
    runner.ground.processes.wait().await;
}

#[tokio::test]
async fn a_process_reads_and_writes_lines_and_ends_when_nobody_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let (runner, _phases) = runner(folder.path(), "read x; echo \"$x $$\"; exec sleep 600");
    let mut launched = runner.launch().unwrap();
    launched.input.write_all(b"hello\n").await.unwrap();
    let said = line(&mut launched).await.unwrap();
    let pid = said.strip_prefix("hello ").unwrap().to_owned();
    assert!(Path::new("/proc").join(&pid).exists());
    drop(launched);
    gone(&runner).await;
    assert!(!Path::new("/proc").join(&pid).exists());
}

#[tokio::test]
async fn no_tool_server_runs_where_the_agent_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let (runner, phases) = runner(folder.path(), "exec sleep 600");
    for phase in [Phase::Enrolling, Phase::Refused, Phase::Revoked, Phase::Stopping] {
        phases.send_replace(phase);
        assert_eq!(runner.launch().err(), Some(LaunchError), "{phase:?}");
    }
    phases.send_replace(Phase::Admitted);
    let _launched = runner.launch().unwrap();
    phases.send_replace(Phase::Revoked);
    // It is kept, and ends nonetheless.
    gone(&runner).await;
}

#[tokio::test]
async fn a_program_that_ends_by_itself_is_left_alone_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let (runner, _phases) = runner(folder.path(), "exit 1");
    let mut launched = runner.launch().unwrap();
    assert_eq!(line(&mut launched).await, None);
    gone(&runner).await;
    assert_eq!(runner.launch().err(), Some(LaunchError));
    assert_eq!(runner.failures.lock().unwrap().count, 1);
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_not_tried_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut runner, _phases) = runner(folder.path(), "");
    runner.program.executable = "/does/not/exist".into();
    assert_eq!(runner.launch().err(), Some(LaunchError));
    assert!(!runner.failures.lock().unwrap().is_over());
}

#[test]
fn a_healthy_life_makes_the_next_failure_the_first_again() {
    let (mut failures, patience) = (Failures::default(), Patience::new(Duration::ZERO));
    for count in 1..4 {
        failures.add(&patience, Duration::ZERO);
        assert_eq!(failures.count, count);
    }
    failures.add(&patience, patience.healthy_after);
    assert_eq!(failures.count, 1);
}
