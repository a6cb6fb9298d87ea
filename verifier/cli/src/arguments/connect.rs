//! The words of `cloister connect`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use cloister_channel::AgentName;

const EXAMPLES: &str = "\
Verifies the runtime over the very connection that is used then: its chain, its
lease, both its keys, and that it is the agent that is meant. Of this machine
nothing is attested; the runtime has to allow visitors (`[peers] visitors` in its
agent.toml, and a policy for `principal is Visitor`), and tells its agent so.

An A2A client is pointed at http://ADDRESS, where the agent's card is shown with
URLs of this port. Dials again when a visit ends; ends with Ctrl-C, or when the
runtime is refused. With --json: one line when the port is open, one at the end.

Examples:
  cloister connect translator --address 10.0.0.7:4443 --trust trust.pem \\
      --verifier https://verifier.example:8443 --listen 127.0.0.1:8080
  cloister connect translator --address 10.0.0.7:4443 --trust trust.json \\
      --listen 127.0.0.1:0 --json

Exit: 0 ended by a signal, 1 misuse, 2 the runtime is refused, 3 no conclusion.";

/// `cloister connect`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ConnectArguments {
    /// The agent that is meant, and no other.
    #[arg(value_name = "AGENT")]
    pub agent: AgentName,
    /// Where its runtime listens, as peers dial it.
    #[arg(long, value_name = "HOST:PORT", value_parser = authority)]
    pub address: String,
    /// Where to listen; port 0 takes any.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// The Verifier's trust.pem beside --verifier, or a trust bundle as its /v1/trust answers.
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// Ask this Verifier for its trust bundle, and again while connected.
    #[arg(long, value_name = "URL")]
    pub verifier: Option<String>,
    /// Accept leases on this simulator's Evidence, and no other. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    pub simulator_anchor: Option<PathBuf>,
    /// Listen beyond loopback: whoever reaches the port speaks to the agent, in the clear.
    #[arg(long)]
    pub beyond_loopback: bool,
}

fn authority(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err("not of the form host:port".to_owned()),
    }
}
