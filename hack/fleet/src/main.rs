//! `cargo xtask mesh N --simulated`: a fleet of thousands of runtimes by a simulated clock.
//!
//! One machine holds no fifty million channels, and nobody waits a day for a fleet to settle. So
//! time is simulated, and each runtime has channels to some peers and not to all. What is real: every
//! key, lease, certificate, TLS handshake, session, renewal and revocation ([`mesh`]); when a runtime
//! asks for a lease ([`demand`]); the Verifier's record and its stream of events ([`watchers`]).
//! What is not there: sockets, HTTP/2, agents, Evidence, and the time that a network takes.
//!
//! Read first: [`mesh::Mesh`].
#![forbid(unsafe_code)]

mod channel;
mod clock;
mod demand;
mod mesh;
mod meter;
mod report;
mod runtime;
mod verifier;
mod watchers;

use std::io::Write as _;
use std::time::Duration;

use clap::Parser;

use demand::Demand;
use mesh::Mesh;
use report::Report;

/// Simulates a fleet of runtimes and says what it costs.
///
/// Needs no privilege, no hardware and no network.
#[derive(Clone, Copy, Debug, Parser)]
#[command(name = "cargo xtask mesh N --simulated", after_help = EXAMPLES)]
struct Arguments {
    /// How many runtimes.
    #[arg(value_parser = clap::value_parser!(u32).range(4..=20_000))]
    nodes: u32,
    /// Said by `cargo xtask mesh` to get here.
    #[arg(long, hide = true)]
    simulated: bool,
    /// How many peers each runtime has channels to; an even number.
    #[arg(long, value_name = "PEERS", default_value_t = 16)]
    peers: u32,
    /// How long leases live, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    lease: u32,
    /// How long the fleet is left alone, in minutes by its own clock.
    #[arg(long, value_name = "MINUTES", default_value_t = 20)]
    minutes: u32,
    /// How many leases a second the Verifier issues when it is asked for more than it can.
    #[arg(long, value_name = "LEASES", default_value_t = 500)]
    capacity: u32,
    /// Print one object and nothing else.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:\n  cargo xtask mesh 1000 --simulated --peers 64\n  cargo xtask mesh 10000 --simulated --json";

impl Arguments {
    fn lease(&self) -> Duration {
        Duration::from_secs(self.lease.into())
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    anyhow::ensure!(
        arguments.peers % 2 == 0 && (2..arguments.nodes).contains(&arguments.peers),
        "a ring gives each runtime an even number of peers, fewer than there are runtimes"
    );
    let demand = Demand::of(arguments.nodes, arguments.lease(), arguments.capacity);
    let mesh = Mesh::run(arguments)?;
    let watchers = watchers::run(arguments.nodes, arguments.lease())?;
    let report = Report { arguments: arguments.into(), mesh, demand, watchers };
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}
