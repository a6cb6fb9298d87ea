//! The words of `cloister bundle`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cloister_attestation::bytes::Digest48;
use cloister_endorsements::Origin;

/// `cloister bundle ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum BundleCommand {
    /// Put endorsements, policy and Reference Values into one signed file.
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Box<CreateArguments>),
    /// Verify a bundle and everything inside; list what it holds and until when.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(BundleVerifyArguments),
    /// Make the key that signs bundles: a private file, and FILE.pub beside it.
    #[command(after_help = "Example:\n  cloister bundle keygen --out operator.pem")]
    Keygen {
        /// Where to write the private key (PKCS#8 PEM, readable by you alone).
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

const CREATE_EXAMPLES: &str = "\
Each EVIDENCE_DIR has to verify with what is in the bundle; otherwise none is made.

Examples:
  cloister bundle create ./evidence/* --key operator.pem --out fleet.bundle
  cloister bundle create ./node1 --fetch --policy policy.toml \\
      --reference image.json --key operator.pem --out fleet.bundle

Exit: 0 made, 1 misuse, 2 something in it is refused, 3 something is missing.";

const VERIFY_EXAMPLES: &str = "\
The fingerprint is what `cloister bundle keygen` printed: SHA-384 over the public
key. It has to reach you by another way than the bundle.

Examples:
  cloister bundle verify fleet.bundle --key operator.pem.pub
  cloister bundle verify fleet.bundle --signer 8f3a... --at 2026-08-04T01:04:33Z

Exit: 0 every part holds, 1 misuse, 2 refused, 3 something is missing.";

/// `cloister bundle create`.
#[derive(Debug, Args)]
pub struct CreateArguments {
    /// Folders with Evidence and its endorsements, as `cloister evidence verify` takes them.
    #[arg(value_name = "EVIDENCE_DIR")]
    pub evidence: Vec<PathBuf>,
    /// Folder with endorsements alone; may be given more than once.
    #[arg(long, value_name = "DIR")]
    pub endorsements: Vec<PathBuf>,
    /// Appraisal policy (TOML; see `cloister policy`); default: the strict built-in one.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Reference Values of an image; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub reference: Vec<PathBuf>,
    /// Where to fetch what the folders do not have.
    #[command(flatten)]
    pub fetch: FetchArguments,
    /// The private key that signs (PKCS#8 PEM), as `cloister bundle keygen` writes.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Where to write the bundle.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Make it as of this time (UTC, RFC 3339); default: now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Accept this simulator's roots, and no vendor's. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    pub simulator_anchor: Option<PathBuf>,
}

/// Where to fetch from.
#[derive(Clone, Debug, Default, Args)]
pub struct FetchArguments {
    /// Fetch what is missing from AMD and Intel.
    #[arg(long)]
    pub fetch: bool,
    /// A mirror of AMD's key distribution service.
    #[arg(long, value_name = "URL", requires = "fetch")]
    pub kds: Option<Origin>,
    /// A mirror of Intel's provisioning certification service and of its root's CRL.
    #[arg(long, value_name = "URL", requires = "fetch")]
    pub pcs: Option<Origin>,
}

/// Whose bundle is believed, and how old it may be.
#[derive(Clone, Debug, Args)]
pub struct BundleVerifyArguments {
    /// The bundle.
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,
    /// The signer's public key (PEM).
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "signer",
        required_unless_present = "signer"
    )]
    pub key: Option<PathBuf>,
    /// The signer's fingerprint: SHA-384 over its public key, 96 hex digits.
    #[arg(long, value_name = "FINGERPRINT")]
    pub signer: Option<Digest48>,
    /// Judge as of this time (UTC, RFC 3339); default: now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Refuse a bundle that was made before this time (UTC, RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub not_older_than: Option<String>,
    /// Accept this simulator's roots, and no vendor's. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    pub simulator_anchor: Option<PathBuf>,
}

/// A bundle in the place of endorsements, policy and Reference Values.
#[derive(Clone, Debug, Default, Args)]
pub struct BundleSource {
    /// Take endorsements, policy and Reference Values from this bundle, and nothing else.
    #[arg(
        long,
        value_name = "FILE",
        requires = "bundle_signer",
        conflicts_with_all = ["reference", "policy"]
    )]
    pub bundle: Option<PathBuf>,
    /// Fingerprint of the key that has to have signed the bundle.
    #[arg(long, value_name = "FINGERPRINT", requires = "bundle")]
    pub bundle_signer: Option<Digest48>,
    /// Refuse a bundle that was made before this time (UTC, RFC 3339).
    #[arg(long, value_name = "TIME", requires = "bundle")]
    pub not_older_than: Option<String>,
}
