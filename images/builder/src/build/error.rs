//! Why no image was built.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};

use crate::agent::AgentError;
use crate::file::FileError;
use crate::initrd::InitrdError;
use crate::kernel::KernelError;
use crate::oci::OciError;
use crate::packages::PackageError;
use crate::pe::PeError;
use crate::python::PythonError;
use crate::runtime::RuntimeError;
use crate::tree::TreeError;

cloister_attestation::codes! {
    /// The image would replace something else.
    OUT = "image.out", Caller, "",
        "Name a folder for the image that does not exist, is empty, or holds an image that may be replaced.",
        "The folder has files in it and no image.json, so that it is not an image that was built before.";
    /// No unified kernel image can be made.
    UKI = "image.uki", Operator, "UAPI.5",
        "Take a stub and a kernel that are EFI programs for x86-64, unsigned and with room for sections.",
        "A unified kernel image is an EFI program, the stub, to which command line, initrd and kernel are appended as sections.";
    /// A document cannot be written.
    DOCUMENT = "image.document", Cloister, "",
        "Report this with the agent.toml that it happens with.",
        "What is to be said of the image has no form in JSON.";
}

/// Why no image was built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A package cannot be had.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The kernel, or one of its modules.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The agent's folder.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A file cannot be in an image.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The container image.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// The Python application.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// The runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The initial RAM file system.
    #[error(transparent)]
    Initrd(#[from] InitrdError),
    /// The unified kernel image.
    #[error("no unified kernel image can be made")]
    Uki(#[from] PeError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] crate::disk::TooLarge),
    /// The image would replace something else.
    #[error("{} has files in it that are no image", .0.display())]
    Occupied(PathBuf),
    /// A document cannot be written.
    #[error("a document has no form in JSON")]
    Document(#[from] serde_json::Error),
}

impl Diagnostic for BuildError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Package(error) => error.code(),
            Self::Kernel(error) => error.code(),
            Self::Agent(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::Oci(error) => error.code(),
            Self::Python(error) => error.code(),
            Self::Runtime(error) => error.code(),
            Self::Initrd(error) => error.code(),
            Self::Uki(_) | Self::Disk(_) => &UKI,
            Self::Occupied(_) => &OUT,
            Self::Document(_) => &DOCUMENT,
        }
    }
}
