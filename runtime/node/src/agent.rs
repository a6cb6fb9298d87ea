//! The agent of an admitted runtime: started when a phase permits it, stopped when one does not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_gateway::AgentPorts;
use tokio::sync::watch;
use tracing::error;

use crate::config::{A2A_PORT, AGENT, AgentConfig, GRPC_PORT, NO_PROXY, PROXY, SURFACE};
use crate::phase::Phase;
use crate::supervisor::{Board, Patience, Program, Supervisor};

/// What a program of the agent's is started through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Enclosure {
    /// See [`Program::guard`].
    pub(crate) guard: Option<PathBuf>,
    /// See [`Program::fence`].
    pub(crate) fence: Option<Arc<str>>,
    /// The way out of it, where one is declared.
    pub(crate) proxy: Option<SocketAddr>,
}

/// How programs are told about a proxy.
fn proxied(at: SocketAddr) -> impl Iterator<Item = (&'static str, String)> {
    let proxy = PROXY.map(|name| (name, format!("http://{at}")));
    let own = NO_PROXY.map(|name| (name, "localhost,127.0.0.0/8,::1".to_owned()));
    proxy.into_iter().chain(own)
}

/// The program that `config` declares, told where its surface and its own port are.
pub(crate) fn program(
    config: &AgentConfig,
    surface: SocketAddr,
    agent: AgentPorts,
    enclosure: Enclosure,
) -> Program {
    let workload = &config.workload;
    let mut command = workload.command.iter();
    let executable = command.next().map(|program| workload.base.join(program)).unwrap_or_default();
    let added = [
        (A2A_PORT, agent.http.get().port().to_string()),
        (SURFACE, format!("http://{surface}")),
        (AGENT, config.agent.name.clone()),
    ];
    let grpc = workload.grpc_port.map(|_| (GRPC_PORT, agent.grpc.get().port().to_string()));
    let proxy = enclosure.proxy.into_iter().flat_map(proxied);
    let added =
        added.into_iter().chain(grpc).chain(proxy).map(|(name, value)| (name.to_owned(), value));
    let environment: BTreeMap<_, _> =
        workload.environment.clone().into_iter().chain(added).collect();
    Program {
        arguments: command.cloned().collect(),
        environment,
        output: workload.output,
        guard: enclosure.guard,
        fence: enclosure.fence,
        ..Program::new(executable, &workload.directory)
    }
}

/// Runs the agent while the phase permits it. Returns when the runtime stops, with the agent gone.
pub(crate) async fn keep(
    program: Program,
    patience: Patience,
    board: Arc<Board>,
    mut phase: watch::Receiver<Phase>,
) {
    let mut running: Option<Supervisor> = None;
    loop {
        let now = *phase.borrow_and_update();
        if now.runs_agent() {
            running.get_or_insert_with(|| {
                Supervisor::start(program.clone(), patience, Arc::clone(&board))
            });
        } else if let Some(supervisor) = running.take()
            && let Err(error) = supervisor.stop().await
        {
            error!(code = error.code().id, %error, help = error.remedy(), "the agent is not gone");
        }
        if now == Phase::Stopping || phase.changed().await.is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::sync::Arc;

    use tokio::sync::watch;

    use super::keep;
    use crate::phase::Phase;
    use crate::supervisor::{AgentState, Board, Patience, Program};

    #[tokio::test]
    async fn the_agent_runs_from_admission_to_revocation_and_again() {
        let board = Arc::new(Board::default());
        let (phases, phase) = watch::channel(Phase::Enrolling);
        let mut program = Program::new("/bin/sleep", "/");
        program.arguments = vec!["600".into()];
        let patience = Patience::new(Duration::from_secs(5));
        let task = tokio::spawn(keep(program, patience, Arc::clone(&board), phase));
        let mut state = board.state();
        assert_eq!(board.starts(), 0, "nothing runs before admission");
        for round in 1..=2 {
            phases.send_replace(Phase::Admitted);
            state.wait_for(|state| matches!(state, AgentState::Running(_))).await.unwrap();
            assert_eq!(board.starts(), round);
            phases.send_replace(Phase::Revoked);
            state.wait_for(|state| *state == AgentState::Stopped).await.unwrap();
        }
        phases.send_replace(Phase::Stopping);
        task.await.unwrap();
    }

    #[tokio::test]
    async fn an_expired_lease_does_not_stop_the_agent() {
        let board = Arc::new(Board::default());
        let (phases, phase) = watch::channel(Phase::Admitted);
        let mut program = Program::new("/bin/sleep", "/");
        program.arguments = vec!["600".into()];
        let task =
            tokio::spawn(keep(program, Patience::new(Duration::ZERO), Arc::clone(&board), phase));
        let mut state = board.state();
        state.wait_for(|state| matches!(state, AgentState::Running(_))).await.unwrap();
        for phase in [Phase::Expired, Phase::Admitted] {
            phases.send_replace(phase);
            tokio::task::yield_now().await;
        }
        phases.send_replace(Phase::Stopping);
        task.await.unwrap();
        assert_eq!(board.starts(), 1);
    }
}
