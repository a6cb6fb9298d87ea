//! The first Ethernet device: found, switched on, and told its address.

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;
use tracing::info;

use super::declared::{Address, Given};
use crate::GuestError;
use crate::dhcp::{self, Hardware, Lease, Route, Udp};
use crate::netlink::Routing;

/// The kernel's network devices, a folder for each.
const DEVICES: &str = "/sys/class/net";

/// `ARPHRD_ETHER`.
const ETHERNET: &str = "1";

/// How long a network device may take to appear once its module is loaded.
const DEVICE_PATIENCE: Duration = Duration::from_secs(5);

/// What a device and its neighbourhood are told.
pub(super) struct Configuration {
    address: Address,
    routes: Vec<Route>,
    resolvers: Vec<Ipv4Addr>,
}

impl From<&Given> for Configuration {
    fn from(given: &Given) -> Self {
        let all = Ipv4Addr::UNSPECIFIED;
        let route = |gateway| Route { destination: all, prefix: 0, gateway: Some(gateway) };
        Self {
            address: given.address,
            routes: given.gateway.map(route).into_iter().collect(),
            resolvers: given.resolvers.clone(),
        }
    }
}

impl From<Lease> for Configuration {
    fn from(lease: Lease) -> Self {
        let Lease { address, prefix, routes, resolvers, .. } = lease;
        Self { address: Address { address, prefix }, routes, resolvers }
    }
}

/// The first Ethernet device, switched on.
pub(super) struct Device {
    name: String,
    index: u32,
    routing: Routing,
}

impl Device {
    pub(super) fn on() -> Result<Self, GuestError> {
        let missing = |source| GuestError::Network { step: "find a network device".into(), source };
        let (name, index) = device(Path::new(DEVICES)).map_err(missing)?;
        let mut routing =
            Routing::open().map_err(|errno| GuestError::network("ask the kernel", errno))?;
        routing.up(index).map_err(refused(&name, "switch on the device"))?;
        Ok(Self { name, index, routing })
    }

    pub(super) fn lease(&self) -> Result<Lease, GuestError> {
        let failed = |source| GuestError::Network { step: "ask for an address".into(), source };
        let hardware = Path::new(DEVICES).join(&self.name).join("address");
        let hardware = fs::read_to_string(hardware)
            .and_then(|text| {
                hardware_address(text.trim_end())
                    .ok_or_else(|| io::Error::other("the device has no Ethernet address"))
            })
            .map_err(failed)?;
        let mut link = Udp::open(&self.name).map_err(failed)?;
        Ok(dhcp::ask(&mut link, hardware)?)
    }

    pub(super) fn configure(&mut self, configuration: &Configuration) -> Result<(), GuestError> {
        let Configuration { address: Address { address, prefix }, routes, resolvers } =
            configuration;
        let (name, index) = (&self.name, self.index);
        self.routing.address(index, *address, *prefix).map_err(refused(name, "set the address"))?;
        for route in routes {
            self.routing.route(index, route).map_err(refused(name, "set a route"))?;
        }
        resolve(resolvers)?;
        info!(device = name, %address, prefix, ?routes, "network");
        Ok(())
    }
}

fn refused(device: &str, what: &str) -> impl FnOnce(Errno) -> GuestError {
    let step = format!("{what} of {device}");
    move |errno| GuestError::network(step, errno)
}

/// Six bytes in hexadecimal, with colons between them.
fn hardware_address(text: &str) -> Option<Hardware> {
    let byte = |text: &str| {
        // Digits only: numbers may have a sign, too.
        let is_byte = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_byte { u8::from_str_radix(text, 16).ok() } else { None }
    };
    let bytes: Option<Vec<u8>> = text.split(':').map(byte).collect();
    bytes?.try_into().ok()
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

    use super::{first, hardware_address};

    #[test]
    fn an_ethernet_address_is_six_bytes() {
        assert_eq!(hardware_address("52:54:00:12:34:ff"), Some([0x52, 0x54, 0, 0x12, 0x34, 0xff]));
        for bad in
            ["", "52:54:00:12:34", "52:54:00:12:34:56:78", "+2:54:00:12:34:56", "525400123456"]
        {
            assert_eq!(hardware_address(bad), None, "{bad}");
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
