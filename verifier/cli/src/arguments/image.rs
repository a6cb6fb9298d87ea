//! `cloister image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConnectionArguments;

/// `cloister image ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum ImageCommand {
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

const SETTINGS: &str = "\
Settings file:
  verifier = \"https://verifier.example:8443\"
  ca = \"trust.pem\"
  token_file = \"operator.token\"";

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
