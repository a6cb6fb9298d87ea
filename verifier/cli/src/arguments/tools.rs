//! The words of `cloister tools`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;

use super::channels::loopback;

const PIN_EXAMPLES: &str = "\
Prints lines for agent.toml: SHA-256 over the canonical JSON of each definition.
Read what a server says of its tools before you pin it.

Examples:
  cloister tools pin dictionary tools-list.json >> agent.toml
  cloister tools pin dictionary --operator 127.0.0.1:4601

Exit: 0 done, 1 misuse, 2 nothing to pin, 3 the runtime does not answer.";

/// `cloister tools ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum ToolsCommand {
    /// Pin the tools of an MCP server as they are now.
    #[command(after_help = PIN_EXAMPLES)]
    Pin {
        /// The server's name in agent.toml.
        #[arg(value_name = "NAME")]
        server: String,
        /// The server's answer to `tools/list` (JSON); default: what a runtime was shown.
        #[arg(value_name = "FILE")]
        list: Option<PathBuf>,
        /// The runtime's operator port, a loopback address.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4601", value_parser = loopback)]
        operator: SocketAddr,
    },
}
