//! From an agent's name to a channel whose peer was proven to be a runtime of it: the open one, or
//! a new one.

use std::sync::Arc;
use std::time::Instant;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::AgentName;
use cloister_gateway::{BoxFuture, Channel, DialError, subject};
use cloister_policy::Subject;
use tokio_util::task::TaskTracker;
use tracing::info;

use super::attempt::Attempts;
use super::delivery::Delivery;
use super::dialling::{Dialling, Turn};
use super::judge::Judge;
use super::outbound::Outbound;
use super::peers::{Peer, Peers, Pooled as _};
use super::{ChannelError, Freshness};
use crate::config::Limits;
use crate::state::State;
use crate::verifier::Verifier;

/// What a [`Dialler`] needs.
#[derive(Debug)]
pub(crate) struct DiallerOptions {
    pub(crate) state: Arc<State>,
    pub(crate) peers: Arc<Peers<Outbound>>,
    pub(crate) verifier: Verifier,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) judge: Arc<Judge>,
    pub(crate) limits: Limits,
    pub(crate) tasks: TaskTracker,
}

/// Opens channels, and uses open ones again. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Dialler {
    attempts: Arc<Attempts>,
    state: Arc<State>,
    peers: Arc<Peers<Outbound>>,
    tasks: TaskTracker,
}

impl cloister_gateway::Dialer for Dialler {
    fn dial<'a>(
        &'a self,
        agent: &'a AgentName,
    ) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        Box::pin(async move {
            let peer = self.peers.peer(agent, Instant::now());
            match self.channel(&peer).await {
                Ok(channel) => {
                    let delivery: Arc<dyn Channel> =
                        Arc::new(Delivery { dialler: self.clone(), peer, channel });
                    Ok(delivery)
                }
                Err(error) => {
                    info!(%agent, code = error.code().id, %error, "no channel");
                    Err(DialError::new(error.failure(), &*error))
                }
            }
        })
    }

    fn own(&self) -> Option<Arc<Subject>> {
        let standing = self.state.standing()?;
        Some(Arc::new(subject(&standing.credentials.lease().into())))
    }
}

impl Dialler {
    pub(crate) fn new(options: DiallerOptions) -> Self {
        let DiallerOptions { state, peers, verifier, freshness, judge, limits, tasks } = options;
        let attempts = Attempts {
            state: Arc::clone(&state),
            verifier,
            freshness,
            judge,
            limits,
            tasks: tasks.clone(),
        };
        Self { attempts: Arc::new(attempts), state, peers, tasks }
    }

    /// A live channel to `peer`: the open one, or a new one. One that was made with an older channel
    /// key is used while its successor is dialled.
    pub(super) async fn channel(
        &self,
        peer: &Arc<Peer<Outbound>>,
    ) -> Result<Arc<Outbound>, Arc<ChannelError>> {
        if self.state.standing().is_none() {
            return Err(Arc::new(ChannelError::NotAdmitted));
        }
        if let Some(live) = peer.live() {
            self.state.events().reuses.add_one();
            if !live.is_fresh() {
                // A breaker that does not let it through is the next request's affair.
                drop(self.dial(peer));
            }
            return Ok(live);
        }
        let _place = peer.wait()?;
        self.dial(peer)?.outcome().await
    }

    /// Joins the dial under way, or begins one. It is nobody's in particular: that a request is
    /// cancelled does not end it.
    fn dial(&self, peer: &Arc<Peer<Outbound>>) -> Result<Dialling<Outbound>, ChannelError> {
        let (dialling, turn) = peer.dial(Instant::now()).inspect_err(|_| {
            self.state.events().breaker_refusals.add_one();
        })?;
        if let Some(turn) = turn {
            drop(self.tasks.spawn(take(Arc::clone(&self.attempts), turn)));
        }
        Ok(dialling)
    }
}

/// Dials, and tells everybody who waits.
async fn take(attempts: Arc<Attempts>, turn: Turn<Outbound>) {
    let events = attempts.state.events();
    events.dials.add_one();
    let outcome = attempts.channel(turn.peer()).await;
    if let Err(error) = &outcome {
        events.dial_failures.add_one(error.code().id);
    }
    turn.finish(outcome.map(Arc::new).map_err(Arc::new));
}
