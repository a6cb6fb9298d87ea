//! `cargo xtask platforms`: the launch recipes in `images/platforms`, checked as far as that goes
//! without a cloud's account and without a TEE.
//!
//! What is checked always: the Terraform files read, and declare what they use; the domain
//! descriptions are well-formed; the scripts hand over the image to the byte; and what is measured
//! is the same in both ways to launch. Where `terraform`, `systemd-analyze`, `xmllint` or a QEMU
//! that knows the TEEs is there, it is asked too; where it is not, a line says so.

mod examined;
mod hcl;
mod launch;
mod libvirt;
mod qemu;
mod terraform;
mod units;
mod xml;

use std::path::PathBuf;

use anyhow::Result;

use crate::ci::Outcome;
use crate::workspace::Workspace;
use examined::Examined;

/// Where the recipes are, in the workspace.
const FOLDER: &str = "images/platforms";

/// The clouds that have Terraform files.
const CLOUDS: &[&str] = &["aws", "azure", "gcp"];

/// Options of `cargo xtask platforms`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// The QEMU that is asked whether it takes the options. 9.1 or later knows SEV-SNP, 10.1 or
    /// later TDX.
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-x86_64")]
    qemu: PathBuf,
    /// A folder with Terraform's providers, laid out as a filesystem mirror. With it, the files are
    /// also validated against the providers' schemas.
    #[arg(long, value_name = "DIR")]
    providers: Option<PathBuf>,
    /// libvirt's `domain.rng`. With it, the domain descriptions are also held against it.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
}

impl Options {
    /// What `cargo ci` uses: whatever is installed.
    pub(crate) fn installed() -> Self {
        Self { qemu: "qemu-system-x86_64".into(), ..Self::default() }
    }
}

/// Prints what was found; `true` when there is no problem.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let examined = examine(&Workspace::load()?, options)?;
    print!("{examined}");
    Ok(examined.problems.is_empty())
}

/// The same for a step of `cargo ci`.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    Ok(examine(workspace, &Options::installed())?.into_outcome())
}

fn examine(workspace: &Workspace, options: &Options) -> Result<Examined> {
    let folder = workspace.root.join(FOLDER);
    let mut examined = Examined::default();
    for cloud in CLOUDS {
        examined.add(terraform::check(&folder.join(cloud), options.providers.as_deref())?);
    }
    let metal = folder.join("bare-metal");
    examined.add(libvirt::check(&metal, options.schema.as_deref())?);
    examined.add(launch::check(&metal)?);
    examined.add(qemu::check(&metal, &options.qemu)?);
    examined.add(units::check(&metal)?);
    Ok(examined)
}
