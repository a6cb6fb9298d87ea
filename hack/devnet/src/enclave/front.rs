//! Where an enclave is found.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a runtime listens, and where it tells peers to find it.
#[derive(Clone, Copy, Debug)]
pub struct Front {
    /// The address; the port is free.
    pub listen: IpAddr,
    /// What peers are told, if it is not where the runtime listens.
    pub advertised: Option<SocketAddr>,
}

impl Default for Front {
    fn default() -> Self {
        Self { listen: Ipv4Addr::LOCALHOST.into(), advertised: None }
    }
}

impl Front {
    pub(super) fn toml(&self) -> String {
        let advertise = self.advertised.map(|at| format!("advertise = \"{at}\"\n"));
        let listen = SocketAddr::new(self.listen, 0);
        format!("listen = \"{listen}\"\n{}", advertise.unwrap_or_default())
    }
}
