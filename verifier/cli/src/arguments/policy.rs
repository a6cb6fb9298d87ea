//! The words of `cloister policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConnectionArguments;

/// `cloister policy ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum PolicyCommand {
    /// Print a strict policy that a machine's Evidence meets, with every key explained.
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArguments),
    /// Say in words what a policy demands, and what it leaves open.
    #[command(after_help = "Example:\n  cloister policy explain policy.toml")]
    Explain {
        /// The policy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a policy in force at the Verifier, from the next appraisal on.
    #[command(after_help = APPLY_EXAMPLES)]
    Apply {
        /// How to reach the Verifier.
        #[command(flatten)]
        connection: ConnectionArguments,
        /// The policy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show which policies were in force at the Verifier, newest first.
    #[command(after_help = "Example:\n  cloister policy history --json")]
    History {
        /// How to reach the Verifier.
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Check that a policy reads: every key there, none unknown, none without sense.
    #[command(
        after_help = "Example:\n  cloister policy check policy.toml\n\nExit: 0 it reads, 1 it does not."
    )]
    Check {
        /// The policy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

const APPLY_EXAMPLES: &str = "\
The policy stays in force over restarts until another one is applied, or the
Verifier's configuration names another one. Live leases stay; see
`cloister fleet reattest`.

Example:
  cloister policy apply policy.toml";

const NEW_EXAMPLES: &str = "\
The Evidence is verified first. What breaks confidentiality on any machine, such
as debugging, is in no template; from Evidence that has it, none is made.

Examples:
  cloister policy new --from ./evidence > policy.toml
  cloister policy new --from ./evidence --at 2026-08-04T01:04:33Z

Exit: 0 printed, 1 misuse, 2 the Evidence is refused, 3 something is missing.";

/// `cloister policy new`.
#[derive(Debug, Args)]
pub struct NewArguments {
    /// Folder with the Evidence and its endorsements, as `cloister evidence verify` takes it.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Verify as of this time (UTC, RFC 3339); default: now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Accept this simulator's roots, and no vendor's. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    pub simulator_anchor: Option<PathBuf>,
}
