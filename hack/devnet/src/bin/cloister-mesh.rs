//! `cargo xtask mesh`: what many runtimes, each with a channel to every other, cost.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::time::Duration;

use clap::Parser;
use cloister_devnet::mesh::{self, Options, Report};
use cloister_devnet::narrator::Narrator;

/// Brings up runtimes on loopback, connects every pair, and says what that costs.
///
/// Needs no privilege, no confidential hardware and no network. Ends by itself and cleans up.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask mesh", after_help = EXAMPLES)]
struct Arguments {
    /// How many runtimes.
    #[arg(value_parser = clap::value_parser!(u16).range(2..=500))]
    nodes: u16,
    /// How long leases live, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    lease: u16,
    /// How long the mesh is left alone to renew, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    watch: u16,
    /// Print one object and nothing else.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:\n  cargo xtask mesh 10\n  cargo xtask mesh 30 --lease 600 --json\n  cargo xtask mesh 10000 --simulated";

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let options = Options {
        nodes: arguments.nodes.into(),
        lease: Duration::from_secs(arguments.lease.into()),
        watch: Duration::from_secs(arguments.watch.max(1).into()),
        narrator: Narrator::new(arguments.json),
    };
    let report = tokio::select! {
        report = mesh::run(options) => report?,
        interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
    };
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        writeln!(out, "\n{}", table(&report))?;
    }
    Ok(())
}

fn table(report: &Report) -> String {
    [
        ("runtimes", format!("{}", report.nodes)),
        ("channels", format!("{}", report.channels)),
        ("until all are admitted", format!("{:.1} s", report.boot_s)),
        ("until every pair is connected", format!("{:.1} s", report.connect_s)),
        ("processor time of a new channel", format!("{:.2} ms", report.cpu_per_channel_ms)),
        ("memory of one end of a channel", format!("{:.0} KiB", report.memory_per_end_kib)),
        ("leases live", format!("{:.0} s", report.lease_s)),
        ("renewals in band, a minute", format!("{:.0}", report.renewals_per_minute)),
        (
            "a runtime's idle minute",
            format!("{:.1} ms of processor", report.idle_cpu_per_minute_ms),
        ),
    ]
    .map(|(what, value)| format!("{what:34} {value}"))
    .join("\n")
}
