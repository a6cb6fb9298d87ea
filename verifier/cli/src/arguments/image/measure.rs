//! The words of `cloister image measure`.

use std::path::PathBuf;

use clap::Args;

/// `cloister image measure`.
#[derive(Debug, Args)]
pub struct MeasureArguments {
    /// The image's folder, as `cloister image build` wrote it.
    #[arg(value_name = "IMAGE_DIR")]
    pub image: PathBuf,
    /// Launch shapes (TOML); may be repeated.
    #[arg(long, value_name = "FILE", required = true)]
    pub shape: Vec<PathBuf>,
    /// Firmware in the place of every one that the shapes name.
    #[arg(long, value_name = "FILE")]
    pub firmware: Option<PathBuf>,
    /// Reference Values of the predictions.
    #[command(flatten)]
    pub publish: PublishArguments,
}

/// How Reference Values are published.
#[derive(Debug, Args)]
pub struct PublishArguments {
    /// Write the Reference Values into this file: a CoRIM that the publisher's key signs.
    #[arg(long, value_name = "OUT", requires_all = ["key", "signer", "valid_until"])]
    pub corim: Option<PathBuf>,
    /// The publisher's private key (PEM, PKCS#8; P-256 or P-384).
    #[arg(long, value_name = "FILE", requires = "corim")]
    pub key: Option<PathBuf>,
    /// Who publishes, for people: the key says so, not the name.
    #[arg(long, value_name = "NAME", requires = "corim")]
    pub signer: Option<String>,
    /// When the values begin to hold (UTC, RFC 3339); default: they always did.
    #[arg(long, value_name = "TIME", requires = "corim")]
    pub valid_from: Option<String>,
    /// The last second in which they hold (UTC, RFC 3339).
    #[arg(long, value_name = "TIME", requires = "corim")]
    pub valid_until: Option<String>,
    /// A version of the image that this one takes the place of; may be repeated.
    #[arg(long, value_name = "VERSION", requires = "corim")]
    pub supersedes: Vec<String>,
    /// Which publication of the same version this is: it grows.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub revision: u64,
}

pub(super) const EXAMPLES: &str = "\
Firmware and event logs that a shapes file names lie beside it; images/shapes
has examples for QEMU, EC2 and Azure. What is told is computed, not measured:
the notes say what it rests on.

Examples:
  cloister image measure ./image --shape snp-qemu.toml
  cloister image measure ./image --shape snp-qemu.toml --shape tdx-qemu.toml \\
      --corim translator.corim --key publisher.pem --signer example.org \\
      --valid-until 2027-01-31T00:00:00Z --supersedes 1.0.0
  cloister image admit translator.corim --publisher publisher.pub --overlap 2d

Exit: 0 predicted, 1 something stands in the way.";
