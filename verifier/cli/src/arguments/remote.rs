//! The words of `cloister verify`.

use std::path::PathBuf;

use clap::Args;
use cloister_channel::AgentName;

use super::{FetchArguments, JudgementArguments};

const EXAMPLES: &str = "\
Connects with TLS 1.3, asks for the attestation document with a fresh nonce,
and verifies chain, lease, keys, nonce, this connection, and the Evidence.
What cannot be decided with what is at hand, nobody vouches for.

Who vouches for the agent's name: the Verifier, by --trust or --verifier; or
you, by Reference Values that name its whole image. One of them is needed.

Examples:
  cloister verify https://10.0.0.7:4443 --agent translator --trust trust.pem
  cloister verify https://10.0.0.7:4443 --agent translator --trust trust.pem \\
      --verifier https://verifier.example:8443 --reference image.json
  cloister verify https://10.0.0.7:4443 --agent translator --trust trust.pem \\
      --jwks jwks.json --fetch
  cloister verify https://10.0.0.7:4443 --agent translator \\
      --bundle fleet.bundle --bundle-signer 8f3a... --json

Exit: 0 acceptable under the policy, 1 misuse, 2 refused, 3 no conclusion.";

/// `cloister verify`.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    group(clap::ArgGroup::new("endorsed").args(["fetch", "bundle"]).multiple(false))
)]
pub struct RemoteArguments {
    /// The runtime: https://host:port, as peers dial it.
    #[arg(value_name = "URL")]
    pub url: String,
    /// The agent that is meant to answer there.
    #[arg(long, value_name = "NAME")]
    pub agent: AgentName,
    /// The Verifier's trust.pem, or a trust bundle as its /v1/trust answers (JSON).
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Ask this Verifier for its trust bundle and revocations; --trust is its trust.pem.
    #[arg(long, value_name = "URL", requires = "trust")]
    pub verifier: Option<String>,
    /// The Verifier's key set, as its /v1/jwks answers: who signs leases, beside a trust.pem.
    #[arg(long, value_name = "FILE", requires = "trust", conflicts_with = "verifier")]
    pub jwks: Option<PathBuf>,
    /// What the Evidence is judged by.
    #[command(flatten)]
    pub by: JudgementArguments,
    /// Where to fetch endorsements that the runtime does not have; not beside a bundle.
    #[command(flatten)]
    pub fetch: FetchArguments,
}
