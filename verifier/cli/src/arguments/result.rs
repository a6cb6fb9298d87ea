//! The words of `cloister result`, and of making a result.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use cloister_attestation::ear::Format;

/// `cloister result`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum ResultCommand {
    /// Show what a result says. Nothing of it is verified.
    #[command(after_help = "Example:\n  cloister result inspect result.jwt")]
    Inspect {
        /// A signed result, or bare claims in JSON or CBOR.
        file: PathBuf,
    },
    /// Verify who signed a result, for whom and when, and say what it concludes.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(ResultVerifyArguments),
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  cloister result verify result.jwt --jwks jwks.json --audience https://me.example
  cloister result verify result.cwt --key verifier.pem --audience a --nonce 00112233aabbccdd

Exit: 0 affirming, or a warning that was allowed; 1 misuse; 2 refused, contraindicated
or a warning; 3 the result makes no claim.";

/// `cloister result verify`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("trusted").required(true).args(["jwks", "key"])))]
pub struct ResultVerifyArguments {
    /// The signed result, JWT or CWT.
    pub file: PathBuf,
    /// The Verifier's key set, as it publishes it under /v1/jwks.
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// The Verifier's public key for results (PEM).
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Whom the result has to be for.
    #[arg(long)]
    pub audience: String,
    /// The nonce that the result was asked for with, in hex; default: any live result will do.
    #[arg(long, value_name = "HEX", value_parser = hex_bytes)]
    pub nonce: Option<Bytes>,
    /// Verify as of this time (UTC, RFC 3339); default: now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Accept a result about a simulator. It proves nothing about hardware.
    #[arg(long)]
    pub allow_simulated: bool,
    /// Accept warnings: known vulnerabilities that the Verifier's policy lets pass.
    #[arg(long)]
    pub allow_warning: bool,
}

/// What `cloister evidence verify` makes of the result.
#[derive(Clone, Debug, Default, Args)]
pub struct TokenArguments {
    /// Write the result as a signed token to this file, where there is a result.
    #[arg(long, value_name = "FILE", requires_all = ["key", "audience"])]
    pub ear: Option<PathBuf>,
    /// The private key to sign it with (PEM, PKCS#8, ECDSA P-256).
    #[arg(long, value_name = "FILE", requires = "ear")]
    pub key: Option<PathBuf>,
    /// Whom it is for.
    #[arg(long, requires = "ear")]
    pub audience: Option<String>,
    /// The nonce of the request that it answers, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex_bytes, requires = "ear")]
    pub nonce: Option<Bytes>,
    /// Its form.
    #[arg(long, value_enum, default_value = "jwt")]
    pub format: TokenFormat,
}

/// Forms of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum TokenFormat {
    /// JSON, signed as JWS.
    #[default]
    Jwt,
    /// CBOR, signed as COSE.
    Cwt,
}

impl From<TokenFormat> for Format {
    fn from(format: TokenFormat) -> Self {
        match format {
            TokenFormat::Jwt => Self::Jwt,
            TokenFormat::Cwt => Self::Cwt,
        }
    }
}

/// Bytes given in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

fn hex_bytes(text: &str) -> Result<Bytes, hex::FromHexError> {
    hex::decode(text).map(Bytes)
}
