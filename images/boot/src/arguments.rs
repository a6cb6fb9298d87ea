//! The words of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::accelerator::Accelerator;
use crate::handed::Replacement;
use crate::machine::Forward;
use crate::platform::Platform;

/// Boot a measured image under QEMU, with a software TEE that signs for it.
///
/// Nothing is protected, and the reports prove nothing: a Verifier accepts them only where it names
/// the software TEE's root.
#[derive(Clone, Debug, Parser)]
#[command(name = "cloister image boot", version, after_help = EXAMPLES, max_term_width = 80)]
pub struct Arguments {
    /// The image's folder, as `cloister image build` writes it.
    #[arg(value_name = "IMAGE_DIR")]
    pub image: PathBuf,
    /// Which TEE to simulate; vtpm boots from the UKI with a real swtpm behind a simulated paravisor.
    #[arg(long, value_enum)]
    pub tee: Platform,
    /// The virtual firmware that measurements begin with; default: the pinned one in the cache.
    #[arg(long, value_name = "FILE")]
    pub firmware: Option<PathBuf>,
    /// The host's file for the runtime (node.toml).
    #[arg(long, value_name = "FILE", conflicts_with = "verifier")]
    pub node: Option<PathBuf>,
    /// The Verifier, in place of a host's file with nothing else in it. This machine is 10.0.2.2.
    #[arg(long, value_name = "HOST:PORT")]
    pub verifier: Option<String>,
    /// QEMU's program; default: the pinned one in the cache.
    #[arg(long, value_name = "FILE")]
    pub qemu: Option<PathBuf>,
    /// What runs the guest's instructions.
    #[arg(long, value_enum, default_value_t)]
    pub accel: Accelerator,
    /// Memory of the guest, MiB.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(64..=65536))]
    pub memory: u32,
    /// Virtual processors of the guest.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub cpus: u32,
    /// Let a port of this machine lead into the guest; may be given more than once.
    #[arg(long, value_name = "HOST:GUEST")]
    pub forward: Vec<Forward>,
    /// Show what the guest writes, on standard error.
    #[arg(long)]
    pub console: bool,
    /// End the guest after so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// End the guest once a Verifier has admitted it.
    #[arg(long)]
    pub until_admitted: bool,
    /// The software TEE's seed, made on first use, and what a Verifier needs to accept it:
    /// anchor.json, endorsements/ and, for vtpm, vtpm-policy.toml and the shape that its images are
    /// measured in, vtpm-shape.toml. Default: cloister/software-tee in the user's data folder.
    #[arg(long, value_name = "DIR")]
    pub simulator: Option<PathBuf>,
    /// Hand over another file for a component (firmware, kernel, initrd or cmdline), as a dishonest
    /// host would; may be given more than once.
    #[arg(long, value_name = "COMPONENT=FILE")]
    pub replace: Vec<Replacement>,
    /// Launch with debugging permitted, as a dishonest host would.
    #[arg(long)]
    pub debuggable: bool,
    /// Print one JSON value on standard output.
    #[arg(long)]
    pub json: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Ok(Duration::from_secs(seconds))
}

const EXAMPLES: &str = "\
Examples:
  cloister image boot ./image --tee snp --verifier 10.0.2.2:8443
  cloister image boot ./image --tee tdx --node node.toml --forward 4443:4443
  cloister image boot ./image --tee snp --replace initrd=other --until-admitted
  cloister image boot ./image --tee vtpm --node node.toml --until-admitted

Exit: 0 booted as predicted, 1 misuse, 2 it differs or was refused, 3 it ended
before anybody admitted it.";
