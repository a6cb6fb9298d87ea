//! The words of `cloister channels`.

use std::net::SocketAddr;

use clap::Args;

const EXAMPLES: &str = "\
Asks the runtime on this machine by its operator port, which listens on loopback
only. For another machine, bring that port here first (`ssh -L 4601:127.0.0.1:4601`).

Examples:
  cloister channels
  cloister channels --operator 127.0.0.1:14601 --json

Exit: 0 done, 1 misuse, 3 the runtime does not answer.";

/// `cloister channels`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ChannelsArguments {
    /// The runtime's operator port, a loopback address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4601", value_parser = loopback)]
    pub operator: SocketAddr,
}

// What is asked is not authenticated: nobody but this machine may answer.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "not an address and a port".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("not a loopback address".to_owned()) }
}
