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
    /// Say in words what an appraisal policy demands and leaves open; or why an authorization
    /// policy decides a case as it does, and what would have to change.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// The policy: `.toml` for appraisal, `.cedar` for authorization.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The case to explain, by its name. An authorization policy needs one.
        #[arg(long, value_name = "NAME")]
        case: Option<String>,
        /// The file of cases; default: NAME.test.toml beside NAME.cedar.
        #[arg(long, value_name = "FILE", requires = "case")]
        cases: Option<PathBuf>,
    },
    /// Put the cases beside authorization policies to them.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// A policy, or a folder of policies.
        #[arg(value_name = "DIR|FILE")]
        place: PathBuf,
        /// The file of cases; default: NAME.test.toml beside NAME.cedar.
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
    },
    /// Publish an authorization policy to runtimes that take theirs from the Verifier.
    #[command(after_help = PUBLISH_EXAMPLES)]
    Publish {
        /// How to reach the Verifier.
        #[command(flatten)]
        connection: ConnectionArguments,
        /// The policy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The agent that it is for; default: every agent.
        #[arg(long, value_name = "NAME")]
        agent: Option<String>,
    },
    /// Show which authorization policies were published, newest first.
    #[command(after_help = "Example:\n  cloister policy published --json")]
    Published {
        /// How to reach the Verifier.
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Print the schema that authorization policies are validated against.
    #[command(after_help = "Example:\n  cloister policy schema > cloister.cedarschema")]
    Schema {
        /// The one for policies about visitors, of whom nothing is attested.
        #[arg(long)]
        visitors: bool,
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
    /// Check that a policy reads: nothing unknown in it, and nothing without sense.
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// The policy: `.toml` for appraisal, `.cedar` for authorization.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

const CHECK_EXAMPLES: &str = "\
An appraisal policy has every key and no unknown one. An authorization policy
fits the schema (`cloister policy schema`), strictly.

Examples:
  cloister policy check policy.toml
  cloister policy check agent.cedar --json

Exit: 0 it reads, 1 it does not.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  cloister policy explain policy.toml
  cloister policy explain agent.cedar --case 'a stranger may not send'

Exit: 0 explained, whatever the answer is; 1 misuse.";

const TEST_EXAMPLES: &str = "\
Cases are TOML: who the local agent is, peers as their leases attest them, and
for each case who asks for what, and what has to come of it.

  [local]
  agent = \"executor\"
  trust_domain = \"acme.example\"
  principal = \"acme.example\"

  [peer.planner]
  scope = [\"execute\"]

  [[case]]
  name = \"the planner may send\"
  peer = \"planner\"
  operation = \"send\"
  expect = \"allow\"
  by = [\"planner-may-send\"]

  [[case]]
  name = \"a simulated planner may not connect\"
  peer = \"planner\"
  with = { simulated = true }
  operation = \"connect\"
  expect = \"deny\"

What a peer does not say is that of an ordinary one: of the local trust domain
and principal, on genuine SEV-SNP, affirming, without scope. A case without peer
is a visitor's. `direction = \"outbound\"` is a call of the local agent.

Examples:
  cloister policy test policies/
  cloister policy test agent.cedar --json

Exit: 0 every case as expected, 1 misuse or no cases, 2 some are not.";

const PUBLISH_EXAMPLES: &str = "\
For an agent counts the newest policy that was published for it or for every
agent. Runtimes put it in force without a restart; a channel that it does not
permit any more is closed, all others go on. A runtime whose agent.toml does not
say `[policy] source = \"verifier\"` keeps to its image's policy.

Examples:
  cloister policy publish agent.cedar --agent translator
  cloister policy publish fleet.cedar

Exit: 0 published, 1 misuse or it does not load, 2 refused.";

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
