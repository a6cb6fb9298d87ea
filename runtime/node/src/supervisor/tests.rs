use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Pid, test_kill_process};
use tokio::sync::watch;

use super::{AgentState, Board, Patience, Program, Supervisor};
use crate::backoff::Backoff;

fn shell(folder: &Path, script: &str) -> Program {
    let mut program = Program::new("/bin/sh", folder);
    program.arguments = vec!["-c".into(), script.into()];
    program.environment.insert("PATH".into(), "/usr/bin:/bin".into());
    program
}

fn start(program: Program, patience: Patience) -> (Supervisor, watch::Receiver<AgentState>) {
    let board = Arc::new(Board::default());
    let state = board.state();
    (Supervisor::start(program, patience, board), state)
}

fn patience(grace: Duration) -> Patience {
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(10));
    Patience { backoff, healthy_after: Duration::from_secs(3600), grace }
}

async fn until(
    state: &mut watch::Receiver<AgentState>,
    wanted: impl Fn(AgentState) -> bool,
) -> AgentState {
    *state.wait_for(|state| wanted(*state)).await.unwrap()
}

async fn written(path: &Path) -> String {
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

fn runs(pid: &str) -> bool {
    test_kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap()).is_ok()
}

#[tokio::test]
async fn the_environment_is_what_was_declared_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = shell(folder.path(), "/usr/bin/env > env; echo done > done; sleep 60");
    program.environment = [("ONLY".to_owned(), "this".to_owned())].into();
    let (agent, _state) = start(program, patience(Duration::ZERO));
    written(&folder.path().join("done")).await;
    agent.stop().await.unwrap();
    let env = std::fs::read_to_string(folder.path().join("env")).unwrap();
    // The shell adds these three by itself.
    let own = ["PWD=", "SHLVL=", "_=", "OLDPWD="];
    let given: Vec<_> =
        env.lines().filter(|line| !own.iter().any(|own| line.starts_with(own))).collect();
    assert_eq!(given, ["ONLY=this"]);
}

#[tokio::test]
async fn an_agent_that_ends_is_started_again_and_its_failures_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (agent, mut state) = start(shell(folder.path(), "exit 3"), patience(Duration::ZERO));
    until(&mut state, |state| matches!(state, AgentState::Waiting(3..))).await;
    agent.stop().await.unwrap();
    assert_eq!(*state.borrow(), AgentState::Stopped);
}

#[tokio::test]
async fn a_healthy_life_makes_the_next_failure_the_first_again() {
    let folder = tempfile::tempdir().unwrap();
    let healthy = Patience { healthy_after: Duration::ZERO, ..patience(Duration::ZERO) };
    let script =
        "echo x >> lives; [ $(wc -l < lives) -ge 5 ] && { echo done > done; sleep 60; }; exit 1";
    let (agent, mut state) = start(shell(folder.path(), script), healthy);
    let count =
        async { until(&mut state, |state| matches!(state, AgentState::Waiting(2..))).await };
    tokio::select! {
        state = count => panic!("{state:?}"),
        _ = async { written(&folder.path().join("done")).await } => {}
    }
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_tried_again() {
    let (agent, mut state) = start(Program::new("/does/not/exist", "/"), patience(Duration::ZERO));
    until(&mut state, |state| matches!(state, AgentState::Waiting(2..))).await;
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn stopping_lets_the_agent_end_by_itself_first() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo bye > bye; exit 0' TERM; echo up > up; while :; do sleep 0.01; done";
    let (agent, _state) = start(shell(folder.path(), script), patience(Duration::from_secs(30)));
    written(&folder.path().join("up")).await;
    agent.stop().await.unwrap();
    assert_eq!(written(&folder.path().join("bye")).await, "bye");
}

#[tokio::test]
async fn an_agent_that_ignores_sigterm_and_its_children_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > child; while :; do sleep 1; done' & \
                  echo $$ > leader; wait";
    let (agent, _state) = start(shell(folder.path(), script), patience(Duration::from_millis(20)));
    let leader = written(&folder.path().join("leader")).await;
    let child = written(&folder.path().join("child")).await;
    assert!(runs(&leader) && runs(&child));
    agent.stop().await.unwrap();
    assert!(!runs(&leader), "the leader was reaped");
    assert!(!super::process::runs(&child), "the child was killed");
}

#[tokio::test]
async fn children_of_a_crashed_agent_do_not_live_on_beside_its_successor() {
    let folder = tempfile::tempdir().unwrap();
    let script = "[ -e child ] && { echo done > done; sleep 60; }; \
                  sh -c 'echo $$ > child; while :; do sleep 1; done' & \
                  while ! [ -s child ]; do :; done; exit 1";
    let (agent, _state) = start(shell(folder.path(), script), patience(Duration::ZERO));
    written(&folder.path().join("done")).await;
    let child = written(&folder.path().join("child")).await;
    assert!(!super::process::runs(&child));
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_the_supervisor_kills_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    let (agent, _state) =
        start(shell(folder.path(), "echo $$ > pid; sleep 60"), patience(Duration::ZERO));
    let pid = written(&folder.path().join("pid")).await;
    drop(agent);
    while super::process::runs(&pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
