//! What the runtimes are made of, by itself: two proxies of hyper and rustls, and nothing else.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use cloister_devnet::process::Process;
use tokio::process::Command;

use super::proxies::{Proxies, free_address, listening};
use super::systems::beside;

/// Starts both in front of `agent`, with the certificates in `folder`.
pub(super) async fn start(folder: &Path, agent: SocketAddr) -> Result<Proxies> {
    let (address, next) = (free_address()?, free_address()?);
    let far = launch(folder, "far", next, agent).await?;
    let near = launch(folder, "near", address, next).await?;
    Ok(Proxies { near, far, address })
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
