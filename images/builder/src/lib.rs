//! Measured images: how they are built, and what each platform will measure of them.
//!
//! ```text
//!  AGENT_DIR --agent--> Tree --cpio, initrd--> initrd --+--uki--> image.efi --disk--> disk.img
//!  packages.lock.toml --packages--> kernel, stub -------+
//!  cloisterd --runtime--> /init, and the manifest that it will declare
//!
//!  image + shapes --measure--> what each platform will report of it
//! ```
//!
//! The same agent, lock file and runtime give the same bytes, wherever and whenever they are built:
//! nothing here looks at a clock, an owner, a file system's order or the machine's name.
//!
//! What this crate deliberately does not do: install anything, run anything of the image but the
//! runtime's own check, or decide what agent.toml means.
//!
//! Read first: [`build::Build`] and [`folder::ImageFolder`].
#![forbid(unsafe_code)]

pub mod agent;
pub mod archive;
pub mod build;
pub mod cmdline;
pub mod cpio;
pub mod digest;
pub mod disk;
pub mod elf;
mod file;
pub mod folder;
pub mod initrd;
pub mod kernel;
pub mod limits;
pub mod lz4;
pub mod measure;
pub mod modules;
pub mod oci;
pub mod packages;
pub mod pe;
pub mod progress;
pub mod provenance;
pub mod python;
pub mod runtime;
pub mod sbom;
mod toolchain;
pub mod tree;
pub mod uki;

use cloister_attestation::code::Code;

pub use file::FileError;

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [
        agent::CODES,
        archive::CODES,
        build::CODES,
        file::CODES,
        folder::CODES,
        initrd::CODES,
        kernel::CODES,
        measure::codes::CODES,
        modules::CODES,
        oci::CODES,
        packages::CODES,
        python::CODES,
        runtime::CODES,
        tree::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
