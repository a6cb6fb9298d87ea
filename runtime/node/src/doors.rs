//! Local addresses that each stand for one agent, opened as cards are shown.
//!
//! All of 127.0.0.0/8 is this machine. Each agent that is offered over gRPC gets an address of its
//! own in one part of it, at the surface's port. Which one follows from its name, so that what an
//! agent has remembered still holds after a restart.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic as _;
use cloister_gateway::{AgentName, BoxFuture, Outbound};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::limits::{DOOR_TRIES_MAX, DOORS_MAX};
use crate::loopback::Loopback;
use crate::serve::Bound;
use crate::surface::serve_agent;

/// The doors that are open.
#[derive(Debug)]
pub(crate) struct Doors {
    port: u16,
    loopback: Loopback,
    agents: RwLock<HashMap<Ipv4Addr, AgentName>>,
    /// Held while a door is opened, so that one agent gets one.
    opening: Mutex<mpsc::Sender<Bound>>,
}

impl Doors {
    /// No doors yet; those to come are at `port`, and wait in the queue to be served.
    pub(crate) fn new(port: u16, loopback: Loopback) -> (Self, mpsc::Receiver<Bound>) {
        let (opening, opened) = mpsc::channel(DOORS_MAX);
        let doors =
            Self { port, loopback, agents: RwLock::default(), opening: Mutex::new(opening) };
        (doors, opened)
    }

    async fn door(&self, agent: &AgentName) -> Option<SocketAddr> {
        let opening = self.opening.lock().await;
        if let Some(address) = self.known(agent) {
            return Some(self.at(address));
        }
        for address in candidates(agent).filter(|address| self.is_free(*address)) {
            match self.loopback.bind(self.at(address)).await {
                Ok(bound) => {
                    opening.try_send(bound).ok()?;
                    debug!(%agent, %address, "a door");
                    self.agents
                        .write()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(address, agent.clone());
                    return Some(self.at(address));
                }
                Err(error) => debug!(code = error.code().id, %error, "no door here"),
            }
        }
        warn!(%agent, "no local address for gRPC; its card is shown without it");
        None
    }

    const fn at(&self, address: Ipv4Addr) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(address), self.port)
    }

    fn known(&self, agent: &AgentName) -> Option<Ipv4Addr> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents.iter().find(|(_, known)| *known == agent).map(|(address, _)| *address)
    }

    fn is_free(&self, address: Ipv4Addr) -> bool {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents.len() < DOORS_MAX && !agents.contains_key(&address)
    }
}

impl cloister_gateway::Doors for Doors {
    fn open<'a>(&'a self, agent: &'a AgentName) -> BoxFuture<'a, Option<SocketAddr>> {
        Box::pin(self.door(agent))
    }

    fn behind(&self, address: IpAddr) -> Option<AgentName> {
        let IpAddr::V4(address) = address else { return None };
        self.agents.read().unwrap_or_else(PoisonError::into_inner).get(&address).cloned()
    }
}

/// Addresses for an agent, the first of which it has unless that is taken.
fn candidates(agent: &AgentName) -> impl Iterator<Item = Ipv4Addr> {
    let digest = Digest48::sha384(agent.as_str().as_bytes());
    let pairs: Vec<_> =
        digest.as_bytes().chunks_exact(2).take(DOOR_TRIES_MAX).map(<[u8]>::to_vec).collect();
    pairs.into_iter().filter_map(|pair| match pair[..] {
        [high, low] => Some(Ipv4Addr::new(127, 80, high, low)),
        _ => None,
    })
}

/// Serves what is opened until `stop`.
pub(crate) async fn serve(
    mut opened: mpsc::Receiver<Bound>,
    gateway: Outbound,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    while let Some(bound) = opened.recv().await {
        let (gateway, stop) = (gateway.clone(), stop.clone());
        drop(tasks.spawn(serve_agent(bound, gateway, tasks.clone(), stop)));
    }
}

#[cfg(test)]
mod tests {
    use cloister_gateway::{AgentName, Doors as _};

    use super::{Doors, candidates};
    use crate::loopback::Loopback;

    fn agent(name: &str) -> AgentName {
        AgentName::new(name).unwrap()
    }

    #[tokio::test]
    async fn each_agent_has_one_door_and_each_door_one_agent() {
        let (doors, mut opened) = Doors::new(0, Loopback::Shared);
        let first = doors.open(&agent("translator")).await.unwrap();
        assert_eq!(doors.open(&agent("translator")).await, Some(first));
        let second = doors.open(&agent("planner")).await.unwrap();
        assert_ne!(first.ip(), second.ip());
        assert!(first.ip().is_loopback());
        assert_eq!(doors.behind(first.ip()), Some(agent("translator")));
        assert_eq!(doors.behind(second.ip()), Some(agent("planner")));
        assert_eq!(doors.behind("127.0.0.1".parse().unwrap()), None);
        for address in [first, second] {
            assert_eq!(opened.recv().await.unwrap().address.ip(), address.ip());
        }
        assert!(opened.try_recv().is_err());
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_passed_over() {
        let name = agent("translator");
        let taken = candidates(&name).next().unwrap();
        let holder = tokio::net::TcpListener::bind((taken, 0)).await.unwrap();
        let (doors, _opened) = Doors::new(holder.local_addr().unwrap().port(), Loopback::Shared);
        let door = doors.open(&name).await.unwrap();
        assert_ne!(door.ip(), std::net::IpAddr::V4(taken));
        assert_eq!(doors.behind(door.ip()), Some(name));
    }
}
