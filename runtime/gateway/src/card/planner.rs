//! How cards are handed on in each direction.

use std::sync::Arc;

use super::attestation::Vouch;
use super::interface::Front;
use super::show::{Plan, Source};
use super::signature::OriginPolicy;
use crate::dialer::BoxFuture;
use crate::doors::Doors;
use crate::end::{Callee, Caller};

/// Decides how a card that one end asks for is handed on.
pub(crate) trait Planner<E>: Send + Sync + 'static {
    fn plan<'a>(&'a self, end: &'a E) -> BoxFuture<'a, Plan>;
}

/// The local agent's card, for its peers.
pub(crate) struct OwnCard {
    pub(crate) agent: String,
    pub(crate) origin: Arc<OriginPolicy>,
    pub(crate) vouch: Arc<dyn Vouch>,
}

/// The cards of peers, for the local agent or, on a local port, for whoever may call there.
pub(crate) struct PeerCards {
    /// `None` where nothing attests this end.
    pub(crate) vouch: Option<Arc<dyn Vouch>>,
    /// `None` where one address is one agent's anyway.
    pub(crate) doors: Option<Arc<dyn Doors>>,
}

impl PeerCards {
    /// Where gRPC calls reach the agent.
    async fn grpc(&self, end: &Callee) -> Option<String> {
        if end.own_place.is_some() {
            return end.own_place.clone();
        }
        let door = self.doors.as_ref()?.open(&end.agent).await?;
        Some(door.to_string())
    }
}

impl Planner<Caller> for OwnCard {
    /// The authority is the one that requests for this agent carry on a channel.
    fn plan<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Plan> {
        let authority = format!("{}.cloister", self.agent);
        let front =
            Front { base: format!("https://{authority}"), grpc: Some(format!("{authority}:443")) };
        let source = Source::Agent(Arc::clone(&self.origin));
        let plan = Plan { source, front, vouch: Some(Arc::clone(&self.vouch)) };
        Box::pin(core::future::ready(plan))
    }
}

impl Planner<Callee> for PeerCards {
    fn plan<'a>(&'a self, end: &'a Callee) -> BoxFuture<'a, Plan> {
        Box::pin(async move {
            let front = Front { base: end.base.clone(), grpc: self.grpc(end).await };
            let source = Source::Peer(Arc::clone(&end.peer));
            Plan { source, front, vouch: self.vouch.clone() }
        })
    }
}
