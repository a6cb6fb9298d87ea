//! The kernel of an image: a bzImage of a package, and the modules that belong to it.

use std::path::Path;

use cloister_attestation::code::{Code, Diagnostic};

use crate::file::{self, FileError};
use crate::limits::FILE_BYTES_MAX;
use crate::modules::{Module, ModuleError, Modules};

cloister_attestation::codes! {
    /// A package has no usable kernel.
    KERNEL = "image.kernel", Operator, "",
        "Name a group of the lock file that holds one kernel image package.",
        "An image needs exactly one kernel: a file `boot/vmlinuz-RELEASE` in the unpacked packages, with the modules of the same release beside it.";
}

/// A package has no usable kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A module cannot be had.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// There is not exactly one kernel.
    #[error("the packages hold {0} kernels, not one")]
    Count(usize),
}

impl Diagnostic for KernelError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Module(error) => error.code(),
            Self::Count(_) => &KERNEL,
        }
    }
}

/// A kernel and its modules, in the order of loading.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Kernel {
    /// As `uname -r` prints it.
    pub release: String,
    /// The bzImage, byte for byte.
    pub image: Vec<u8>,
    /// Those that an image needs.
    pub modules: Vec<Module>,
}

impl Kernel {
    /// The one in `packages`, a folder of unpacked packages, with modules of these names beyond
    /// the usual ones.
    ///
    /// # Errors
    /// [`KernelError`] says what is missing.
    pub fn find(packages: &Path, more: &[String]) -> Result<Self, KernelError> {
        let boot = file::list(&packages.join("boot"))?;
        let kernels: Vec<_> = boot
            .iter()
            .filter_map(|path| Some((path, path.file_name()?.to_str()?.strip_prefix("vmlinuz-")?)))
            .collect();
        let [(path, release)] = kernels.as_slice() else {
            return Err(KernelError::Count(kernels.len()));
        };
        let below = |lib: &str| packages.join(lib).join(release);
        let merged = below("usr/lib/modules");
        let folder = if merged.is_dir() { merged } else { below("lib/modules") };
        Ok(Self {
            release: (*release).to_owned(),
            image: file::read(path, FILE_BYTES_MAX)?,
            modules: Modules::open(&folder)?.select(more)?,
        })
    }
}
