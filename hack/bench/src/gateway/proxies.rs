//! Two proxies in a row, and what any two have in common.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Result;
use cloister_devnet::process::Process;
use cloister_devnet::used::Used;
use tokio::net::TcpStream;

const START_LIMIT: Duration = Duration::from_secs(10);

/// Both proxies, running.
#[derive(Debug)]
pub(super) struct Proxies {
    pub(super) near: Process,
    pub(super) far: Process,
    /// Where clients connect to.
    pub(super) address: SocketAddr,
}

impl Proxies {
    /// What both have used and hold.
    pub(super) fn used(&self) -> Result<[Used; 2]> {
        Ok([Used::by(self.near.id()?)?, Used::by(self.far.id()?)?])
    }

    pub(super) async fn stop(self) -> Result<()> {
        // SIGTERM ends it at once, with the status of a signal.
        self.near.stop().await?;
        self.far.stop().await?;
        Ok(())
    }
}

/// `process` once it accepts connections.
pub(super) async fn listening(mut process: Process, listen: SocketAddr) -> Result<Process> {
    let listens = async || TcpStream::connect(listen).await.ok().map(drop);
    process.until("its port", START_LIMIT, listens).await?;
    Ok(process)
}

/// A port that was free a moment ago: HAProxy cannot tell which one it chose by itself.
pub(super) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
