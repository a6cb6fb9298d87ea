//! `cloister image`.

mod measure;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConnectionArguments, Window};
pub use measure::{MeasureArguments, PublishArguments};

/// `cloister image ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum ImageCommand {
    /// Build a measured image from an agent's folder.
    #[command(after_help = BUILD_EXAMPLES)]
    Build(BuildArguments),
    /// Show which packages images are built from, or look up newer ones.
    #[command(after_help = LOCK_EXAMPLES)]
    Lock(LockArguments),
    /// Compute what platforms will measure of an image, and publish it as Reference Values.
    #[command(after_help = measure::EXAMPLES)]
    Measure(Box<MeasureArguments>),
    /// Boot an image under QEMU with a software TEE, and compare what is measured with what was
    /// predicted. The program `cloister-boot` does it, and takes these arguments.
    #[command(disable_help_flag = true)]
    Boot(BootArguments),
    /// Admit an image by its Reference Values.
    #[command(after_help = SETTINGS)]
    Admit(AdmitArguments),
    /// List the images that the Verifier knows.
    #[command(after_help = SETTINGS)]
    List(ListArguments),
    /// End admission of an image; live leases run out.
    #[command(after_help = SETTINGS)]
    Retire(RetireArguments),
}

const BUILD_EXAMPLES: &str = "\
AGENT_DIR has an agent.toml with a [build] table; `root/` in it is laid over the
image's root, and files that agent.toml names relatively lie beside it, in
/etc/cloister. The same folder, lock file and runtime give the same bytes.

Examples:
  cloister image build ./translator --out ./image
  cloister image build ./translator --out ./image --disk \\
      --runtime target/guest/cloisterd --json

Exit: 0 built, 1 something stands in the way.";

const LOCK_EXAMPLES: &str = "\
Packages come from where this machine's package sources say, and are fetched by
its package client into the cache; nothing is installed.

Examples:
  cloister image lock
  cloister image lock --refresh --lock images/packages.lock.toml

Exit: 0 done, 1 something stands in the way.";

const SETTINGS: &str = "\
Settings file:
  verifier = \"https://verifier.example:8443\"
  ca = \"trust.pem\"
  token_file = \"operator.token\"";

/// `cloister image build`.
#[derive(Debug, Args)]
pub struct BuildArguments {
    /// The agent's folder.
    #[arg(value_name = "AGENT_DIR")]
    pub agent: PathBuf,
    /// Where the image goes: a folder that is new, is empty, or holds an image.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The runtime, linked statically; default: `cloisterd` beside this program.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Write a disk too, with an EFI system partition that boots the image.
    #[arg(long)]
    pub disk: bool,
    /// Which packages, and where they are kept.
    #[command(flatten)]
    pub from: PackageSource,
}

/// Which packages, and where they are kept.
#[derive(Clone, Debug, Default, Args)]
pub struct PackageSource {
    /// The lock file; default: the one that this program was built with.
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
    /// Where packages are kept; default: CLOISTER_CACHE, or `cloister` in the user's cache folder.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

/// `cloister image lock`.
#[derive(Debug, Args)]
pub struct LockArguments {
    /// Look up what packages.toml, beside the lock file, wants, and write the lock file anew;
    /// default: images/packages.lock.toml.
    #[arg(long)]
    pub refresh: bool,
    /// Which packages, and where they are kept.
    #[command(flatten)]
    pub from: PackageSource,
}

/// `cloister image boot`.
#[derive(Debug, Args)]
pub struct BootArguments {
    /// What the program is told; `--help` for what that can be.
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<std::ffi::OsString>,
}

/// `cloister image admit`.
#[derive(Debug, Args)]
pub struct AdmitArguments {
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// Reference Values document (JSON), or a CoRIM that its publisher signed.
    pub file: PathBuf,
    /// The public key of the publisher (PEM); a CoRIM is believed to nobody else.
    #[arg(long, value_name = "FILE")]
    pub publisher: Option<PathBuf>,
    /// How long the versions that a CoRIM replaces stay admitted beside it: 10m, 12h, 7d; 0s ends
    /// them now. Live leases run out.
    #[arg(long, value_name = "TIME")]
    pub overlap: Option<Window>,
}

/// `cloister image list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
}

/// `cloister image retire`.
#[derive(Debug, Args)]
pub struct RetireArguments {
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// Tuple digest, as `image list --json` prints it; its first digits do if they are unique.
    pub tuple: String,
}
