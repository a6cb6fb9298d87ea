//! The words of `cloister audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ConnectionArguments;

/// `cloister audit ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum AuditCommand {
    /// Show the last records of a log, after checking all of it.
    #[command(after_help = TAIL_EXAMPLES)]
    Tail {
        /// A log, or a folder of logs: its newest.
        #[arg(value_name = "LOG")]
        log: PathBuf,
        /// How many records.
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        last: usize,
    },
    /// Check every hash, the order, and every signature of a log.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Box<AuditVerifyArguments>),
    /// Prove that a record is in a log, or that a log only grew.
    #[command(after_help = PROVE_EXAMPLES)]
    Prove(AuditProveArguments),
    /// Write a log's records for other programs.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// A log, or a folder of logs: its newest.
        #[arg(value_name = "LOG")]
        log: PathBuf,
        /// The form.
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
    },
}

const TAIL_EXAMPLES: &str = "\
Examples:
  cloister audit tail /var/lib/cloister/audit --last 50
  curl -s 127.0.0.1:4601/v1/audit > now.audit && cloister audit tail now.audit

Exit: 0 shown, 1 misuse, 2 the log is not honest or not whole.";

const VERIFY_EXAMPLES: &str = "\
Whose log it is, its checkpoints say with the runtime's identity key; a lease or
`cloister agents show` says which instance has that key. What follows the last
checkpoint is not signed yet, and whoever keeps the file can cut it off. A checkpoint
that you kept shows what was cut off or rewritten since: `verify --json` has the
last one, in hex. The Verifier keeps the last one that it was shown.

Witnesses are peers that signed that they saw the log grow up to some size. Their
keys are in the log: only with `--against-verifier` does somebody say that they are
keys of leased runtimes.

Examples:
  cloister audit verify /var/lib/cloister/audit --instance 0011...eeff
  cloister audit verify log.audit --against-verifier --verifier https://v.example:8443
  cloister audit verify log.audit --json | jq -r .checkpoint | xxd -r -p > kept.cose
  cloister audit verify log.audit --key identity.pem --checkpoint kept.cose

Exit: 0 it is that runtime's log, 1 misuse, 2 it is not honest or not whole,
3 it is consistent, and nothing says whose it is: name it, or wait for a checkpoint;
or the Verifier did not answer; 4 it is that runtime's log up to its last
checkpoint, and records follow that are not signed.";

const PROVE_EXAMPLES: &str = "\
A proof is checked against the log's own root before it is printed.

Examples:
  cloister audit prove log.audit --record 17
  cloister audit prove log.audit --from 1000

Exit: 0 proved, 1 misuse, 2 the log is not honest, or has no such record.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  cloister audit export log.audit > records.jsonl
  cloister audit export log.audit --format otlp > records.json
  cloister audit export log.audit --format agentleak > trace.json
  agentleak run --trace trace.json

AgentLeak's trace (PyPI, version 0.17) has a place for what was said, and this
log holds none of that: `content` is the digest of the exact bytes, and names of
tools are digests too. Its detectors therefore find no private data in such a
trace; it tells who said how much to whom, on which channel, when, and whether
policy let it pass. Memory, files and the agent's final output do not pass
through a runtime, and have no events.

Exit: 0 written, 1 misuse, 2 the log is not honest or not whole.";

/// `cloister audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerifyArguments {
    /// A log, or a folder of logs: its newest.
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// The instance whose log it has to be: 32 hexadecimal digits.
    #[arg(long, value_name = "INSTANCE", value_parser = instance)]
    pub instance: Option<String>,
    /// The identity key whose log it has to be (public key, PEM).
    #[arg(long, value_name = "FILE", conflicts_with = "instance")]
    pub key: Option<PathBuf>,
    /// A signed checkpoint that somebody kept: the log has to extend it.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The log has to extend what the Verifier was shown of it. Asks the Verifier.
    #[arg(long)]
    pub against_verifier: bool,
    /// Records that no checkpoint is over yet are no reason for exit 4.
    #[arg(long)]
    pub allow_unsigned_tail: bool,
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
}

/// `cloister audit prove`.
#[derive(Debug, Args)]
pub struct AuditProveArguments {
    /// A log, or a folder of logs: its newest.
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// The number of the record that is in it.
    #[arg(long, value_name = "NUMBER", required_unless_present = "from")]
    pub record: Option<u64>,
    /// The size of the earlier log that it extends.
    #[arg(long, value_name = "SIZE", conflicts_with = "record")]
    pub from: Option<u64>,
}

/// Forms that records are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// OpenTelemetry log records, OTLP/JSON.
    Otlp,
    /// A trace of AgentLeak, one JSON object.
    Agentleak,
}

fn instance(text: &str) -> Result<String, String> {
    let bytes = hex::decode(text).map_err(|error| error.to_string())?;
    if bytes.len() == 16 { Ok(hex::encode(bytes)) } else { Err("not 16 bytes".to_owned()) }
}
