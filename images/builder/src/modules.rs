//! Kernel modules: which an image has, and in which order they are loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};

use crate::elf::{Elf, ElfError};
use crate::file::{self, FileError};
use crate::limits::{FILE_BYTES_MAX, MODULE_BYTES_MAX, MODULES_MAX};

cloister_attestation::codes! {
    /// A kernel module cannot be in an image.
    MODULE = "image.module", Caller, "",
        "Name modules that the kernel package has, as `modinfo` names them.",
        "The image would have a kernel module that the kernel package does not have, that is not an x86-64 module, or that needs itself. Modules that the kernel has built in need not be there.";
}

/// What every image has. Where kernels name a module differently, one of the names has to be there.
const USUAL: &[&[&str]] = &[
    // The network card, the agent's node file and its console, under QEMU and in clouds on KVM.
    &["virtio_net"],
    &["virtio_blk"],
    &["virtio_console"],
    &["qemu_fw_cfg"],
    // Evidence: the report interface with its two providers, and the vTPM.
    &["configfs"],
    &["tsm", "tsm_report"],
    &["sev_guest"],
    &["tdx_guest"],
    &["tpm_crb"],
    &["tpm_tis"],
];

/// A kernel module cannot be in an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kernel has no such module.
    #[error("the kernel package has no module {0}")]
    Unknown(String),
    /// There are too many.
    #[error("more than {MODULES_MAX} modules")]
    TooMany,
    /// A module needs itself.
    #[error("module {0} needs itself")]
    Circular(String),
    /// A module does not read.
    #[error("module {name}")]
    Elf {
        /// Which one.
        name: String,
        /// Why.
        source: ElfError,
    },
    /// A module does not decompress.
    #[error("module {name} does not decompress: {reason}")]
    Compression {
        /// Which one.
        name: String,
        /// Why.
        reason: String,
    },
}

impl Diagnostic for ModuleError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Unknown(_)
            | Self::TooMany
            | Self::Circular(_)
            | Self::Elf { .. }
            | Self::Compression { .. } => &MODULE,
        }
    }
}

/// One module, decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module {
    /// Its name, with underscores.
    pub name: String,
    /// Its bytes, with the distribution's signature.
    pub bytes: Vec<u8>,
}

/// The modules of one kernel package.
#[derive(Debug)]
pub struct Modules {
    files: BTreeMap<String, PathBuf>,
    built_in: BTreeSet<String>,
}

impl Modules {
    /// Those in `folder`, which is the package's `lib/modules/RELEASE`.
    ///
    /// # Errors
    /// [`ModuleError::File`], if it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, ModuleError> {
        let built_in = file::read_text(&folder.join("modules.builtin"))?;
        let built_in = built_in.lines().filter_map(|line| name(Path::new(line))).collect();
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in file::list(&folder)? {
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else if let Some(name) = name(&path) {
                    files.insert(name, path);
                }
            }
        }
        Ok(Self { files, built_in })
    }

    /// What every image has, and `more`, with all that they need; in the order in which they have to
    /// be loaded.
    ///
    /// # Errors
    /// [`ModuleError`] names the module that cannot be had.
    pub fn select(&self, more: &[String]) -> Result<Vec<Module>, ModuleError> {
        let mut order = Order { modules: self, chosen: Vec::new(), open: Vec::new() };
        for names in USUAL {
            let known = names.iter().find(|name| self.has(name));
            order.add(known.or_else(|| names.first()).copied().unwrap_or_default())?;
        }
        for name in more {
            order.add(&name.replace('-', "_"))?;
        }
        Ok(order.chosen)
    }

    fn has(&self, name: &str) -> bool {
        self.built_in.contains(name) || self.files.contains_key(name)
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, ModuleError> {
        let path = self.files.get(name).ok_or_else(|| ModuleError::Unknown(name.to_owned()))?;
        let bytes = file::read(path, FILE_BYTES_MAX)?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("xz") => decompressed(name, &bytes),
            _ => Ok(bytes),
        }
    }
}

/// Modules in the order of loading, and those whose needs are being looked up.
struct Order<'a> {
    modules: &'a Modules,
    chosen: Vec<Module>,
    open: Vec<String>,
}

impl Order<'_> {
    fn add(&mut self, name: &str) -> Result<(), ModuleError> {
        if self.modules.built_in.contains(name) || self.chosen.iter().any(|m| m.name == name) {
            return Ok(());
        }
        if self.open.iter().any(|open| open == name) {
            return Err(ModuleError::Circular(name.to_owned()));
        }
        if self.chosen.len().saturating_add(self.open.len()) >= MODULES_MAX {
            return Err(ModuleError::TooMany);
        }
        let bytes = self.modules.read(name)?;
        self.open.push(name.to_owned());
        for need in needs(name, &bytes)? {
            self.add(&need)?;
        }
        self.open.pop();
        self.chosen.push(Module { name: name.to_owned(), bytes });
        Ok(())
    }
}

/// What a module says that it needs.
///
/// SPEC: Linux, `MODULE_INFO`: NUL-terminated `key=value` in `.modinfo`.
fn needs(name: &str, bytes: &[u8]) -> Result<Vec<String>, ModuleError> {
    let elf = |source| ModuleError::Elf { name: name.to_owned(), source };
    let info = Elf::parse(bytes).map_err(elf)?.section(".modinfo").map_err(elf)?;
    let mut lines = info.unwrap_or_default().split(|byte| *byte == 0);
    let depends = lines.find_map(|line| line.strip_prefix(b"depends=")).unwrap_or_default();
    let names = depends.split(|byte| *byte == b',').filter(|name| !name.is_empty());
    Ok(names.map(|name| String::from_utf8_lossy(name).replace('-', "_")).collect())
}

/// The module's name, if the file is one.
fn name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let stem = file.strip_suffix(".xz").unwrap_or(file).strip_suffix(".ko")?;
    Some(stem.replace('-', "_"))
}

fn decompressed(name: &str, bytes: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let failed = |reason: String| ModuleError::Compression { name: name.to_owned(), reason };
    let mut out = Bounded(Vec::new());
    lzma_rs::xz_decompress(&mut Cursor::new(bytes), &mut out)
        .map_err(|error| failed(format!("{error:?}")))?;
    Ok(out.0)
}

/// Takes as many bytes as a module may have.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MODULE_BYTES_MAX {
            return Err(std::io::Error::other("it is too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
