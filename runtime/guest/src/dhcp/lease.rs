//! What was given: an address, and the routes that it needs.

use core::net::Ipv4Addr;

use super::message::Message;
use super::options::{Route, mask};

/// Routes that are taken of one lease. Clouds give two or three.
const ROUTES_MAX: usize = 32;

/// An address, for as long as the machine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// Of its network. 32 where nobody said: everything goes to the gateway.
    pub prefix: u8,
    /// Who gave it.
    pub server: Ipv4Addr,
    /// For how long, if that was said.
    pub secs: Option<u32>,
    /// Where everything for elsewhere goes, in the order in which the kernel takes it.
    pub routes: Vec<Route>,
    /// Who is asked for the addresses of names.
    pub resolvers: Vec<Ipv4Addr>,
}

impl Lease {
    /// What an offer or an acknowledgement gives; `None` if no machine can have such an address, or
    /// nobody says that he gives it.
    pub(super) fn of(message: &Message) -> Option<Self> {
        let (address, options) = (message.yiaddr, &message.options);
        let server = options.server.filter(|server| is_host(*server))?;
        if !is_host(address) {
            return None;
        }
        let prefix = options.prefix.unwrap_or(32);
        Some(Self {
            address,
            prefix,
            server,
            secs: options.lease_secs,
            routes: reachable(address, prefix, stated(message)),
            resolvers: options.resolvers.clone(),
        })
    }
}

/// The routes that the message states.
// SPEC: RFC 3442: the routers do not count where there are routes.
fn stated(message: &Message) -> Vec<Route> {
    let options = &message.options;
    if options.routes.is_empty() {
        let gateway = options.routers.iter().copied().find(|router| is_host(*router));
        let destination = Ipv4Addr::UNSPECIFIED;
        gateway.map(|it| Route { destination, prefix: 0, gateway: Some(it) }).into_iter().collect()
    } else {
        options.routes.iter().copied().take(ROUTES_MAX).collect()
    }
}

/// The same with each gateway on the link. Google Cloud gives a machine a network of one address, with
/// the gateway outside of it; the kernel takes no gateway that it has no way to.
fn reachable(address: Ipv4Addr, prefix: u8, stated: Vec<Route>) -> Vec<Route> {
    let network = Route { destination: address, prefix, gateway: None };
    let (mut on_link, beyond): (Vec<_>, Vec<_>) =
        stated.into_iter().partition(|route| route.gateway.is_none());
    for gateway in beyond.iter().filter_map(|route| route.gateway) {
        if !network.covers(gateway) && !on_link.iter().any(|route| route.covers(gateway)) {
            on_link.push(Route { destination: gateway, prefix: 32, gateway: None });
        }
    }
    on_link.into_iter().chain(beyond).collect()
}

impl Route {
    fn covers(&self, address: Ipv4Addr) -> bool {
        (self.destination.to_bits() ^ address.to_bits()) & mask(self.prefix) == 0
    }
}

/// Whether one machine can have this address.
const fn is_host(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    first != 0 && first < 224 && !address.is_loopback()
}

#[cfg(test)]
mod tests;
