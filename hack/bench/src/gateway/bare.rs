//! What the runtimes are made of, by itself: two proxies of hyper and rustls, and nothing else.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use cloister_devnet::process::Process;
use cloister_devnet::used::Used;
use tokio::process::Command;

use super::haproxy::{free_address, listening};
use super::systems::beside;

/// Both proxies, running.
#[derive(Debug)]
pub(super) struct Bare {
    near: Process,
    far: Process,
    address: SocketAddr,
}

impl Bare {
    /// Starts both in front of `agent`, with the certificates in `folder`.
    pub(super) async fn start(folder: &Path, agent: SocketAddr) -> Result<Self> {
        let (near, far) = (free_address()?, free_address()?);
        let far_process = launch(folder, "far", far, agent).await?;
        let near_process = launch(folder, "near", near, far).await?;
        Ok(Self { near: near_process, far: far_process, address: near })
    }

    /// Where clients connect to.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

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

async fn launch(
    folder: &Path,
    side: &str,
    listen: SocketAddr,
    next: SocketAddr,
) -> Result<Process> {
    let mut command = Command::new(beside("cloister-bench-proxy")?);
    command.arg(side).arg("--folder").arg(folder);
    command.args(["--listen", &listen.to_string(), "--next", &next.to_string()]);
    let log = folder.join(format!("bare-{side}.log"));
    listening(Process::start(&format!("bare proxy ({side})"), command, log)?, listen).await
}
