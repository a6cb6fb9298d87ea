//! A guest's network: loopback, and one interface with the address that the host gives it, in
//! node.toml or by DHCP.

mod declared;
mod device;

use tracing::info;

use crate::GuestError;
use crate::netlink::Routing;

pub use declared::{Address, AddressError, Given, Network, NetworkError};
use device::{Configuration, Device};

/// The loopback interface has this number in every network namespace.
const LOOPBACK: u32 = 1;

/// Switches the loopback interface of the calling thread's network namespace on.
///
/// # Errors
/// [`GuestError::Network`].
pub fn loopback() -> Result<(), GuestError> {
    let failed = |errno| GuestError::network("switch the loopback interface on", errno);
    Routing::open().and_then(|mut routing| routing.up(LOOPBACK)).map_err(failed)
}

/// Gives the first Ethernet device its address, and names its resolvers.
///
/// # Errors
/// [`GuestError::Network`] if there is no such device, or the kernel refuses; [`GuestError::Dhcp`].
pub fn up(network: &Network) -> Result<(), GuestError> {
    let mut device = Device::on()?;
    match network {
        Network::Given(given) => device.configure(&Configuration::from(given)),
        Network::Dhcp => {
            let lease = device.lease()?;
            info!(server = %lease.server, secs = lease.secs, "an address by DHCP");
            device.configure(&Configuration::from(lease))
        }
    }
}
