//! Local addresses that each stand for one agent.

use core::net::IpAddr;
use std::net::SocketAddr;

use cloister_channel::AgentName;

use crate::dialer::BoxFuture;

/// Gives agents local addresses of their own.
///
/// The paths of gRPC name no agent, and its clients are told a host and a port and no more. So the
/// address that a client calls has to tell which agent it means.
pub trait Doors: Send + Sync + 'static {
    /// An address of this machine at which the gateway is called for `agent` and nobody else; the
    /// same one each time. `None` if there is none to be had.
    fn open<'a>(&'a self, agent: &'a AgentName) -> BoxFuture<'a, Option<SocketAddr>>;

    /// The agent that an address stands for.
    fn behind(&self, address: IpAddr) -> Option<AgentName>;
}
