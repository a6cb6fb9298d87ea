//! A guest's network: loopback, and one interface with the address that the host gives it.

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use core::str::FromStr;
use core::time::Duration;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;
use serde::Deserialize;
use tracing::info;

use crate::GuestError;
use crate::netlink::Routing;

/// The loopback interface has this number in every network namespace.
const LOOPBACK: u32 = 1;

/// `ARPHRD_ETHER`.
const ETHERNET: &str = "1";

/// How long a network device may take to appear once its module is loaded.
const DEVICE_PATIENCE: Duration = Duration::from_secs(5);

/// An IPv4 address with the length of its network's prefix, as in `10.0.2.15/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    address: Ipv4Addr,
    prefix: u8,
}

/// The text is not an address with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an IPv4 address and a prefix of 1 to 32, as in 10.0.2.15/24")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, prefix) = text.split_once('/').ok_or(AddressError)?;
        let address = address.parse().map_err(|_| AddressError)?;
        let prefix = prefix.parse().map_err(|_| AddressError)?;
        if (1..=32).contains(&prefix) { Ok(Self { address, prefix }) } else { Err(AddressError) }
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

/// What the host says about the guest's network.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Network {
    /// The address of the first Ethernet device.
    pub address: Address,
    /// Where everything for elsewhere goes.
    #[serde(default)]
    pub gateway: Option<Ipv4Addr>,
    /// Who is asked for the addresses of names.
    #[serde(default)]
    pub resolvers: Vec<Ipv4Addr>,
}

/// Switches the loopback interface of the calling thread's network namespace on.
///
/// # Errors
/// [`GuestError::Network`].
pub fn loopback() -> Result<(), GuestError> {
    let failed = |errno| GuestError::network("switch the loopback interface on", errno);
    Routing::open().and_then(|mut routing| routing.up(LOOPBACK)).map_err(failed)
}

/// Gives the first Ethernet device its address, and names their resolvers.
///
/// # Errors
/// [`GuestError::Network`] if there is no such device, or the kernel refuses.
pub fn up(network: &Network) -> Result<(), GuestError> {
    let missing = |source| GuestError::Network { step: "find a network device".into(), source };
    let (name, index) = device(Path::new("/sys/class/net")).map_err(missing)?;
    let Address { address, prefix } = network.address;
    let mut routing =
        Routing::open().map_err(|errno| GuestError::network("ask the kernel", errno))?;
    let failed = |what: &str| {
        let step = format!("{what} of {name}");
        move |errno: Errno| GuestError::network(step, errno)
    };
    routing.up(index).map_err(failed("switch on the device"))?;
    routing.address(index, address, prefix).map_err(failed("set the address"))?;
    if let Some(gateway) = network.gateway {
        routing.gateway(index, gateway).map_err(failed("set the gateway"))?;
    }
    resolve(&network.resolvers)?;
    info!(device = name, %address, prefix, gateway = ?network.gateway, "network");
    Ok(())
}

fn resolve(resolvers: &[Ipv4Addr]) -> Result<(), GuestError> {
    if resolvers.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    for resolver in resolvers {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "nameserver {resolver}");
    }
    let failed = |source| GuestError::Network { step: "name the resolvers".to_owned(), source };
    fs::create_dir_all("/etc").and_then(|()| fs::write("/etc/resolv.conf", text)).map_err(failed)
}

/// The first Ethernet device by name, and its number.
fn device(folder: &Path) -> io::Result<(String, u32)> {
    let began = Instant::now();
    loop {
        if let Some(found) = first(folder)? {
            return Ok(found);
        }
        if began.elapsed() >= DEVICE_PATIENCE {
            return Err(io::Error::other("the machine has no Ethernet device"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn first(folder: &Path) -> io::Result<Option<(String, u32)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    for name in names {
        let at = folder.join(&name);
        let kind = fs::read_to_string(at.join("type"))?;
        // A device of the machine, not one that software made.
        if kind.trim_end() == ETHERNET && at.join("device").exists() {
            let index = fs::read_to_string(at.join("ifindex"))?;
            return Ok(Some((name, index.trim_end().parse().map_err(io::Error::other)?)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Address, first};

    #[test]
    fn an_address_has_a_prefix() {
        let address: Address = "10.0.2.15/24".parse().unwrap();
        assert_eq!((address.address.octets(), address.prefix), ([10, 0, 2, 15], 24));
        for bad in ["10.0.2.15", "10.0.2.15/0", "10.0.2.15/33", "::1/64", "10.0.2/24", ""] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_first_ethernet_device_of_the_machine_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(first(folder.path()).unwrap(), None);
        for (name, kind, index, is_device) in [
            ("lo", "772", 1, false),
            ("dummy0", "1", 2, false),
            ("eth1", "1", 4, true),
            ("eth0", "1", 3, true),
        ] {
            let at = folder.path().join(name);
            fs::create_dir(&at).unwrap();
            fs::write(at.join("type"), kind).unwrap();
            fs::write(at.join("ifindex"), format!("{index}\n")).unwrap();
            if is_device {
                fs::create_dir(at.join("device")).unwrap();
            }
        }
        assert_eq!(first(folder.path()).unwrap(), Some(("eth0".to_owned(), 3)));
    }
}
