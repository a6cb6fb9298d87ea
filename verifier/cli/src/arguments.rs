//! The words of the command line.

mod audit;
mod bundle;
mod channels;
mod connect;
mod fleet;
mod image;
mod policy;
mod remote;
mod result;
mod tools;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use cloister_attestation::event_log::HashAlgorithm;

pub use audit::{AuditCommand, AuditProveArguments, AuditVerifyArguments, ExportFormat};
pub use bundle::{
    BundleCommand, BundleSource, BundleVerifyArguments, CreateArguments, FetchArguments,
};
pub use channels::ChannelsArguments;
pub use connect::ConnectArguments;
pub use fleet::{FleetArguments, FleetCommand, ForecastArguments, Window, WindowError};
pub use image::{
    AdmitArguments, BootArguments, BuildArguments, ImageCommand, ListArguments, LockArguments,
    MeasureArguments, PackageSource, PublishArguments, RetireArguments,
};
pub use policy::{NewArguments, PolicyCommand};
pub use remote::RemoteArguments;
pub use result::{Bytes, ResultCommand, ResultVerifyArguments, TokenArguments, TokenFormat};
pub use tools::ToolsCommand;

/// Verify evidence offline, admit images, operate the fleet, explain errors.
#[derive(Debug, Parser)]
#[command(name = "cloister", version, after_help = EXAMPLES, max_term_width = 80)]
pub struct Arguments {
    /// Print one JSON value on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cloister evidence verify ./evidence --at 2026-08-04T01:04:33Z
  cloister verify https://10.0.0.7:4443 --agent translator --trust trust.pem
  cloister connect translator --address 10.0.0.7:4443 --trust trust.pem \\
      --verifier https://verifier.example:8443 --listen 127.0.0.1:8080
  cloister result verify result.jwt --jwks jwks.json --audience https://me.example
  cloister image admit reference-values.json
  cloister agents quarantine translator --reason 'leaked credentials'
  cloister explain snp.chain.leaf

Exit: 0 done or acceptable, 1 misuse, 2 refused, 3 no conclusion.";

/// The commands.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Look at and judge Evidence in files; needs no network.
    Evidence {
        /// What to do with it.
        #[command(subcommand)]
        command: EvidenceCommand,
    },
    /// Ask a running runtime what it is, and verify all of its answer.
    Verify(Box<RemoteArguments>),
    /// Open a local port to a remote agent, whose runtime is verified first.
    Connect(Box<ConnectArguments>),
    /// Carry endorsements, policy and Reference Values to where there is no network.
    Bundle {
        /// What to do with it.
        #[command(subcommand)]
        command: BundleCommand,
    },
    /// Look at and verify Attestation Results in files; needs no network.
    Result {
        /// What to do with it.
        #[command(subcommand)]
        command: ResultCommand,
    },
    /// Appraisal policies (TOML): what Evidence has to show. Authorization policies (Cedar): who
    /// may do what.
    Policy {
        /// What to do with it.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Build measured images, and say which of them the Verifier admits.
    Image {
        /// What to do.
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Look at and act on the fleet's agents.
    Agents(AgentsArguments),
    /// Look at and rotate the keys that sign leases.
    Keys(KeysArguments),
    /// Read, check and prove a runtime's audit log, without asking anybody.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Pin what MCP servers say of their tools.
    Tools {
        /// What to do.
        #[command(subcommand)]
        command: ToolsCommand,
    },
    /// Show the attested channels that a runtime on this machine has open.
    Channels(ChannelsArguments),
    /// Look at all machines together.
    Fleet(Box<FleetArguments>),
    /// Tell what an error code means, or list them all.
    #[command(after_help = "Example:\n  cloister explain snp.chain.leaf")]
    Explain {
        /// A code, as errors and checks print it.
        code: Option<String>,
    },
    /// Find out which TEE this machine offers and what is missing.
    Doctor(DoctorArguments),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  cloister completions bash > ~/.local/share/bash-completion/completions/cloister"
    )]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages.
    #[command(after_help = "Example:\n  cloister man | man -l -\n  cloister man --directory man1")]
    Man {
        /// Write one page for each command into this folder; default: print the main page.
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// `cloister evidence`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum EvidenceCommand {
    /// Show what a report or quote says. Nothing of it is verified.
    #[command(after_help = "Example:\n  cloister evidence inspect ./evidence/report.bin")]
    Inspect {
        /// A folder, or one file of one.
        #[arg(value_name = "DIR|FILE")]
        path: PathBuf,
    },
    /// Replay an event log and show its events. Nothing of it is verified.
    #[command(after_help = LOG_EXAMPLES)]
    Log(LogArguments),
    /// Say which measured components of two pieces of Evidence differ, event by event.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff {
        /// A folder with Evidence, or an event log.
        #[arg(value_name = "DIR|LOG")]
        first: PathBuf,
        /// What to compare it with.
        #[arg(value_name = "DIR|LOG")]
        second: PathBuf,
    },
    /// Say what keeps Evidence from matching a Reference Value, and which update mends its TCB.
    #[command(after_help = DIAGNOSE_EXAMPLES)]
    Diagnose(Box<VerifyArguments>),
    /// Parse, verify and appraise, and show every check.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Box<VerifyArguments>),
}

const DIFF_EXAMPLES: &str = "\
Compares as received: whether either side is genuine, `evidence verify` says.
With an event log on both sides, a register that differs is explained by name.

Examples:
  cloister evidence diff ./yesterday ./today
  cloister evidence diff ccel-a.bin ccel-b.bin --json

Exit: 0 same, 1 misuse, 2 they differ or one does not read.";

const DIAGNOSE_EXAMPLES: &str = "\
Examples:
  cloister evidence diagnose ./evidence --reference image.json
  cloister evidence diagnose ./evidence --reference image.json --policy policy.toml

Exit: as `evidence verify`: 0 acceptable, 1 misuse, 2 refused, 3 no conclusion.";

const LOG_EXAMPLES: &str = "\
Reads a CCEL or TPM log (crypto-agile), a runtime's JSON list of events, or an
attestation agent's lines. A register vouches for an event's digest; for its
payload only where the digest is the payload's own hash.

Examples:
  cloister evidence log /sys/firmware/acpi/tables/data/CCEL
  cloister evidence log binary_bios_measurements --form tpm --bank sha256 --json

Exit: 0 nothing speaks against the log, 1 misuse, 2 it contradicts itself.";

/// `cloister evidence log`.
#[derive(Debug, Args)]
pub struct LogArguments {
    /// The log.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which registers a binary log is about; default: as its banks suggest.
    #[arg(long, value_name = "FORM")]
    pub form: Option<LogForm>,
    /// Which bank to replay: sha1, sha256, sha384 or sha512; default: sha256 if it is there.
    #[arg(long, value_name = "BANK", value_parser = bank)]
    pub bank: Option<HashAlgorithm>,
}

/// Forms of a binary log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum LogForm {
    /// A TD's log (CCEL): RTMR0 to RTMR3.
    Ccel,
    /// A TPM's log: PCR 0 to 23.
    Tpm,
}

fn bank(name: &str) -> Result<HashAlgorithm, String> {
    HashAlgorithm::from_name(name).ok_or_else(|| "not sha1, sha256, sha384 or sha512".to_owned())
}

const VERIFY_EXAMPLES: &str = "\
Files in DIR, by name:
  report.bin   vcek.der or vlek.der, ask.pem or asvk.pem, ark.pem, crl.der
  quote.bin    collateral.json, ccel_data.bin or event_log.bin (the event log)
  hcl_report.bin (Azure, NV index 0x01400001) with tpm_quote.bin (TPMS_ATTEST),
               tpm_signature.bin (TPMT_SIGNATURE), pcrs.bin (the quoted PCRs, ascending,
               concatenated); ak_certificates.pem if there are any; for SEV-SNP the certificates
               of a report, for TDX quote.bin and collateral.json
  tpm_public.bin (TPMT_PUBLIC) with the three files of a TPM quote

Examples:
  cloister evidence verify ./evidence
  cloister evidence verify ./evidence --at 2026-08-04T01:04:33Z --json
  cloister evidence verify ./evidence --reference image.json --policy policy.toml
  cloister evidence verify ./evidence --bundle fleet.bundle --bundle-signer 8f3a...

Exit: 0 acceptable under the policy, 1 misuse, 2 refused, 3 no conclusion.
Without --reference the image is not judged, and the answer says so.";

/// `cloister evidence verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Folder with the Evidence and its endorsements.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Judge as of this time (UTC, RFC 3339); default: now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// What REPORT_DATA has to be (128 hex digits); default: not judged.
    #[arg(long, value_name = "HEX")]
    pub report_data: Option<cloister_attestation::bytes::ReportData>,
    /// Event log of the guest; default: the one in DIR, if there is one.
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// What it is judged by.
    #[command(flatten)]
    pub by: JudgementArguments,
    /// What to make of the result.
    #[command(flatten)]
    pub token: TokenArguments,
}

/// What Evidence is judged by.
#[derive(Clone, Debug, Default, Args)]
pub struct JudgementArguments {
    /// Reference Values that the image has to match whole.
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
    /// Appraisal policy (TOML; see `cloister policy`); default: a strict built-in one.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Accept this simulator's roots, and no vendor's. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    pub simulator_anchor: Option<PathBuf>,
    /// Everything but the Evidence from one signed file.
    #[command(flatten)]
    pub from: BundleSource,
}

/// How to reach the Verifier as an operator.
#[derive(Clone, Debug, Default, Args)]
pub struct ConnectionArguments {
    /// Address of the Verifier, as in `https://verifier.example:8443`.
    #[arg(long, global = true, value_name = "URL")]
    pub verifier: Option<String>,
    /// Certificate that the Verifier has to be issued by (its trust.pem).
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File with the operator token.
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Settings for what is not given here; default: cloister/config.toml in the user's
    /// configuration folder.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `cloister agents`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cloister agents quarantine translator --reason 'leaked credentials'"
)]
pub struct AgentsArguments {
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: AgentsCommand,
}

/// `cloister agents ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum AgentsCommand {
    /// List the agents and their live runtimes.
    List,
    /// Show one agent, its runtimes and what is not vouched for.
    Show {
        /// The agent's name.
        name: String,
    },
    /// Take an agent's leases away and refuse new ones until it is lifted.
    Quarantine {
        /// The agent's name.
        name: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// End a quarantine.
    Lift {
        /// The agent's name.
        name: String,
    },
    /// Take an agent's leases away and refuse its name for good.
    Retire {
        /// The agent's name.
        name: String,
        /// Why, for the record.
        #[arg(long, default_value = "retired by an operator")]
        reason: String,
    },
}

/// `cloister keys`.
#[derive(Debug, Args)]
#[command(
    after_help = "A key is listed for 15 minutes before it signs, and for an hour after, unless it is\nrevoked.\n\nExamples:\n  cloister keys rotate\n  cloister keys revoke 3f…c1"
)]
pub struct KeysArguments {
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// `cloister keys ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum KeysCommand {
    /// List the keys: the current one, the next one, and those before.
    List,
    /// Let the next key sign; the current one stays listed until its last lease has ended.
    Rotate,
    /// Take a key that leaked off the list at once: runtimes whose leases it signed enrol again.
    Revoke {
        /// The key, as `cloister keys list` prints it.
        key: String,
    },
}

/// `cloister doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister doctor --json")]
pub struct DoctorArguments {
    /// Where the kernel's report interface is mounted.
    #[arg(long, value_name = "DIR", default_value = "/sys/kernel/config/tsm/report")]
    pub tsm_root: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
