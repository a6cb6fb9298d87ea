//! The runtime from its two files to its end. [`Runtime::start`] is the list of what happens.

mod error;
mod parts;

use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_gateway::Outbound;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::addresses::Addresses;
use crate::agent::Enclosure;
use crate::audit::AuditLog;
use crate::channels::{ChannelTable, Closing, VisitTable};
use crate::config::{AgentConfig, Destination, NodeConfig};
use crate::egress::Egress;
use crate::enrol::EnrolError;
use crate::fence::{Fence, Surroundings};
use crate::limits::{AUDIT_CHECKPOINT_INTERVAL, ENFORCE_INTERVAL, SIMULATED_WARNING_INTERVAL};
use crate::membership::Membership;
use crate::phase::Phase;
use crate::state::State;
use crate::supervisor::{Patience, Program};
use crate::{agent, doors, egress, surface};

pub use error::{BootError, CODES};
use parts::{Parts, Ports};

/// A running runtime. Dropping it ends everything at once; [`Runtime::stop`] ends it in order.
#[derive(Debug)]
pub struct Runtime {
    state: Arc<State>,
    addresses: Addresses,
    stop: CancellationToken,
    connections: TaskTracker,
    processes: TaskTracker,
    drain: Duration,
    agent: JoinHandle<()>,
    tasks: tokio::task::JoinSet<()>,
    ended: watch::Receiver<Option<Arc<EnrolError>>>,
}

impl Runtime {
    /// Starts the runtime: returns once everything is bound and enrolment has begun. `guard` is the
    /// program that becomes the agent; see [`Program::guard`]. In `surroundings` that are a guest, or
    /// where the measured file says so, it becomes it behind a fence.
    ///
    /// # Errors
    /// [`BootError`] for whatever has to be right before a Verifier is asked: files, addresses,
    /// TEE, policy.
    pub async fn start(
        agent: &AgentConfig,
        node: &NodeConfig,
        guard: Option<PathBuf>,
        surroundings: Surroundings,
    ) -> Result<Self, BootError> {
        // What may fail for reasons on this side comes first. Sockets are bound and not served.
        let fence = Fence::new(agent, surroundings)?;
        let ports = Ports::bind(agent, node, fence.as_ref()).await?;
        let addresses = ports.addresses();
        let plan = fence.as_ref().map(|fence| fence.plan(agent, ports.agent)).transpose()?;
        let proxy = ports.egress.as_ref().map(|bound| bound.address);
        let enclosure = Enclosure { guard, fence: plan, proxy };
        let parts =
            Parts::build(agent, node, &ports, enclosure.clone(), surroundings.clock()).await?;
        if let Some(folder) = &node.state {
            addresses.write(folder)?;
        }
        let program = agent::program(agent, addresses.surface, ports.agent, enclosure);
        let patience = Patience::new(agent.workload.stop_grace);
        let egress = agent.fence.egress.clone();
        let mut runtime =
            Self::run(parts, ports, (program, egress), patience, node.limits.drain_timeout);
        if let Some(fence) = fence {
            // What the agent was denied.
            let audit = Arc::clone(runtime.state.audit());
            runtime.tasks.spawn(crate::fence::watch(Arc::new(fence), audit));
        }
        Ok(runtime)
    }

    /// The tasks, in the order in which they begin to matter.
    fn run(
        parts: Parts,
        ports: Ports,
        (program, declared): (Program, Vec<Destination>),
        patience: Patience,
        drain: Duration,
    ) -> Self {
        let addresses = ports.addresses();
        let Parts {
            state,
            membership,
            watch,
            showing,
            published,
            listener,
            outbound,
            operator,
            board,
            connections,
            processes,
            opened,
        } = parts;
        let (stop, mut tasks) = (CancellationToken::new(), tokio::task::JoinSet::new());
        let (failed, ended) = watch::channel(None);
        let Ports { listen, surface, operator: operator_port, egress, .. } = ports;

        // Health and readiness are of use while the rest has not begun.
        tasks.spawn(surface::serve_operator(
            operator_port,
            operator,
            connections.clone(),
            stop.clone(),
        ));
        // Admission, and the lease's renewal from then on.
        tasks.spawn(stay_admitted(membership, failed));
        // Nothing that is over stays open, whoever notices it or not.
        tasks.spawn(enforce(Arc::clone(&state)));
        // The log's signature, while it grows.
        tasks.spawn(sign(Arc::clone(state.audit())));
        // The agent, once the phase permits it.
        let agent = tokio::spawn(agent::keep(program, patience, board, state.phase()));
        // Revocations.
        tasks.spawn(async move { watch.follow().await });
        // What was agreed with whoever is revoked is off.
        tasks.spawn(forget_revoked(Arc::clone(&state), outbound.clone()));
        // The log, to the Verifier, while it grows.
        tasks.spawn(showing.keep());
        // Policies.
        let (published, verifier) = published;
        tasks.spawn(async move { published.follow(&verifier).await });
        // Channels and the agent's surface, from the first admission on.
        tasks.spawn(after_admission(
            state.phase(),
            listener.run(listen, connections.clone(), stop.clone()),
        ));
        tasks.spawn(after_admission(
            state.phase(),
            surface::serve_agent(surface, outbound.clone(), connections.clone(), stop.clone()),
        ));
        tasks.spawn(doors::serve(opened, outbound, connections.clone(), stop.clone()));
        // The agent's way out of its fence.
        if let Some(bound) = egress {
            let egress = Arc::new(Egress::new(declared, Arc::clone(state.audit())));
            tasks.spawn(egress::serve(bound, egress, connections.clone(), stop.clone()));
        }
        Self { state, addresses, stop, connections, processes, drain, agent, tasks, ended }
    }

    /// The addresses that were bound.
    #[must_use]
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Where the runtime stands, as it changes.
    #[must_use]
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.state.phase()
    }

    /// The open channels.
    #[must_use]
    pub fn channels(&self) -> &Arc<ChannelTable> {
        self.state.channels()
    }

    /// The visitors that are here.
    #[must_use]
    pub fn visits(&self) -> &Arc<VisitTable> {
        self.state.visits()
    }

    /// Waits until enrolment has failed for good. For ever, if it does not.
    pub async fn failed(&self) -> Arc<EnrolError> {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await.map(|error| error.clone()) {
            Ok(Some(error)) => error,
            Ok(None) | Err(_) => core::future::pending().await,
        }
    }

    /// Ends the runtime in order: nothing new, streams drained, the agent gone.
    pub async fn stop(mut self) {
        info!("stopping");
        self.stop.cancel();
        self.connections.close();
        self.state.channels().close(|_| Some(Closing::Shutdown));
        self.state.visits().close(|_| Some(Closing::Shutdown));
        if tokio::time::timeout(self.drain, self.connections.wait()).await.is_err() {
            warn!("streams were still open after the drain time");
        }
        self.state.stop();
        if let Err(error) = (&mut self.agent).await {
            warn!(%error, "the agent's keeper ended early");
        }
        self.processes.close();
        self.processes.wait().await;
        self.tasks.shutdown().await;
        if let Err(error) = self.state.audit().checkpoint().await {
            warn!(code = error.code().id, %error, "the end of the audit log is not signed");
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.stop.cancel();
        // Tool servers see it in the phase.
        self.state.stop();
        // The supervisor inside kills the agent's process group as it is dropped.
        self.agent.abort();
    }
}

async fn stay_admitted(membership: Membership, failed: watch::Sender<Option<Arc<EnrolError>>>) {
    match membership.first().await {
        Ok(()) => membership.keep().await,
        Err(error) => {
            failed.send_replace(Some(Arc::new(error)));
        }
    }
}

/// Compares what is open with the time, and repeats what nobody may overlook.
async fn enforce(state: Arc<State>) {
    let mut ticks = tokio::time::interval(ENFORCE_INTERVAL);
    let mut reminder = tokio::time::interval(SIMULATED_WARNING_INTERVAL);
    loop {
        tokio::select! {
            _ = ticks.tick() => state.enforce(),
            _ = reminder.tick() => {
                if state.latest().is_some_and(|standing| standing.credentials.lease().claims().simulator.is_some()) {
                    warn!("SIMULATED: this runtime's Evidence is signed by a software TEE and proves nothing about hardware");
                }
            }
        }
    }
}

/// Signs the audit log every so often.
async fn sign(audit: Arc<AuditLog>) {
    let mut ticks = tokio::time::interval(AUDIT_CHECKPOINT_INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = audit.checkpoint().await {
            warn!(code = error.code().id, %error, "the audit log is not signed");
        }
    }
}

/// Forgets push notification configurations of runtimes as they are revoked. Their channels are
/// closed elsewhere and at once; this is so that nothing is kept for them.
async fn forget_revoked(state: Arc<State>, gateway: Outbound) {
    let mut changes = state.changes();
    while changes.changed().await.is_ok() {
        let Some(standing) = changes.borrow_and_update().clone() else { continue };
        let trust = &standing.trust;
        gateway.forget_instances(|instance| {
            instance.parse().is_ok_and(|instance| trust.revocation(&instance).is_some())
        });
    }
}

async fn after_admission(mut phase: watch::Receiver<Phase>, then: impl Future<Output = ()>) {
    if phase.wait_for(|phase| phase.serves()).await.is_ok() {
        then.await;
    }
}
