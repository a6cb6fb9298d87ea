//! Where the local agent is.

use core::fmt;
use std::net::SocketAddr;

/// Where the local agent listens: an address that cannot leave the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AgentAddress(SocketAddr);

impl AgentAddress {
    /// The address.
    #[must_use]
    pub const fn get(self) -> SocketAddr {
        self.0
    }
}

/// Where the local agent serves what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AgentPorts {
    /// Its card, JSON-RPC and HTTP+JSON, over HTTP/1.1.
    pub http: AgentAddress,
    /// gRPC, over HTTP/2 with prior knowledge.
    pub grpc: AgentAddress,
}

impl From<AgentAddress> for AgentPorts {
    /// One port for everything.
    fn from(address: AgentAddress) -> Self {
        Self { http: address, grpc: address }
    }
}

impl fmt::Display for AgentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address is not a loopback address, so plain HTTP to it could leave the enclave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent must listen on a loopback address, and {0} is not one")]
pub struct AgentAddressError(SocketAddr);

impl TryFrom<SocketAddr> for AgentAddress {
    type Error = AgentAddressError;

    fn try_from(address: SocketAddr) -> Result<Self, AgentAddressError> {
        if address.ip().is_loopback() { Ok(Self(address)) } else { Err(AgentAddressError(address)) }
    }
}

#[cfg(test)]
mod tests {
    use super::AgentAddress;
    use std::net::SocketAddr;

    #[test]
    fn only_loopback_addresses_are_agents() {
        for good in ["127.0.0.1:9000", "127.8.9.1:1", "[::1]:80"] {
            assert!(AgentAddress::try_from(good.parse::<SocketAddr>().unwrap()).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:9000", "10.0.0.1:80", "[::]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(AgentAddress::try_from(bad.parse::<SocketAddr>().unwrap()).is_err(), "{bad}");
        }
    }
}
