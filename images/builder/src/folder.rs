//! The folder that holds a built image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::file::{self, FileError};
use crate::limits::FILE_BYTES_MAX;
use crate::packages::Package;

cloister_attestation::codes! {
    /// A folder is not an image as it was built.
    FOLDER = "image.folder", Caller, "",
        "Build the image again with `cloister image build`, or name the folder that it was written to.",
        "`image.json` says which files an image has, and each one's digest. A file is missing, was changed since, or the folder was never an image: what would be measured is not what was built.";
}

/// The form of `image.json`.
pub const FORMAT: &str = "cloister/image/1";

/// The kernel: a bzImage that is itself an EFI program.
pub const KERNEL: &str = "kernel";
/// The compressed initial RAM file system.
pub const INITRD: &str = "initrd";
/// The kernel command line, without a newline.
pub const CMDLINE: &str = "cmdline";
/// The unified kernel image.
pub const UKI: &str = "image.efi";
/// A disk that boots the unified kernel image.
pub const DISK: &str = "disk.img";
/// The agent manifest.
pub const MANIFEST: &str = "manifest.cbor";
/// What is in the image, for programs that look for known weaknesses.
pub const SBOM: &str = "sbom.spdx.json";
/// How the image came about.
pub const PROVENANCE: &str = "provenance.intoto.json";
/// What this module reads.
pub const IMAGE: &str = "image.json";

/// `image.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Description {
    pub(crate) format: String,
    /// The image's name, as it is admitted.
    pub name: String,
    /// The image's version, as it is admitted.
    pub version: String,
    /// The agent's name.
    pub agent: String,
    /// SHA-384 of [`MANIFEST`], which Reference Values name.
    pub manifest: ManifestDigest,
    /// Everything that was put in, in the order of kinds and names.
    pub inputs: Vec<Input>,
    /// Every other file of the folder.
    pub outputs: Vec<Output>,
    /// Which programs made it, with versions.
    pub toolchain: BTreeMap<String, String>,
}

/// The manifest's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ManifestDigest {
    /// SHA-384 of the file.
    pub sha384: Digest48,
}

/// Something that was put into an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    /// Its name: a package's, a wheel's, a path in the agent's folder.
    pub name: String,
    /// Its version; empty where there is none.
    pub version: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
}

impl Input {
    pub(crate) fn of(kind: InputKind, name: &str, version: &str, bytes: &[u8]) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            version: version.to_owned(),
            sha256: Sha256::of(bytes),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn package(package: &Package) -> Self {
        Self {
            kind: InputKind::Package,
            name: package.name.clone(),
            version: package.version.clone(),
            sha256: package.sha256,
            bytes: package.bytes,
        }
    }
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum InputKind {
    /// The runtime.
    Runtime,
    /// A package of the distribution.
    Package,
    /// A file of the agent's folder.
    AgentFile,
    /// A Python wheel.
    Wheel,
    /// A layer of a container image.
    OciLayer,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Output {
    /// Its name.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
}

impl Output {
    pub(crate) fn of(file: &str, bytes: &[u8]) -> Self {
        Self {
            file: file.to_owned(),
            sha256: Sha256::of(bytes),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }
}

/// A folder is not an image as it was built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `image.json` does not read.
    #[error("{}: {reason}", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file is not the one that was built.
    #[error("{} is not what {IMAGE} says: its SHA-256 is {found}, not {expected}", .path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
        /// Its digest.
        found: Sha256,
        /// What was built.
        expected: Sha256,
    },
    /// The image has no such file.
    #[error("the image has no {0}")]
    Absent(String),
}

impl Diagnostic for FolderError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Malformed { .. } | Self::Changed { .. } | Self::Absent(_) => &FOLDER,
        }
    }
}

/// An image, each file of which is checked when it is read.
#[derive(Clone, Debug)]
pub struct ImageFolder {
    path: PathBuf,
    description: Description,
}

impl ImageFolder {
    /// Reads `image.json`, and checks every file that it names.
    ///
    /// # Errors
    /// [`FolderError`] names the file that is missing or is not as it was built.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let json = path.join(IMAGE);
        let malformed = |reason| FolderError::Malformed { path: json.clone(), reason };
        let description: Description = serde_json::from_str(&file::read_text(&json)?)
            .map_err(|error| malformed(error.to_string()))?;
        if description.format != FORMAT {
            return Err(malformed(format!("the format is not {FORMAT}")));
        }
        let image = Self { path: path.to_owned(), description };
        for output in &image.description.outputs {
            image.read(&output.file)?;
        }
        for required in [KERNEL, INITRD, CMDLINE, UKI, MANIFEST] {
            image.output(required)?;
        }
        let manifest = Digest48::sha384(&image.read(MANIFEST)?);
        if manifest != image.description.manifest.sha384 {
            return Err(malformed("the manifest is another one".to_owned()));
        }
        Ok(image)
    }

    /// What `image.json` says.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// Where a file of the image is, whose bytes may have changed since they were checked.
    ///
    /// # Errors
    /// [`FolderError::Absent`], if the image has no such file.
    pub fn path(&self, file: &str) -> Result<PathBuf, FolderError> {
        self.output(file).map(|output| self.path.join(&output.file))
    }

    /// A file's bytes, which are those that were built.
    ///
    /// # Errors
    /// [`FolderError`], if they are not, or the image has no such file.
    pub fn read(&self, file: &str) -> Result<Vec<u8>, FolderError> {
        let output = self.output(file)?;
        let path = self.path.join(&output.file);
        let bytes = file::read(&path, FILE_BYTES_MAX)?;
        let (found, expected) = (Sha256::of(&bytes), output.sha256);
        if found != expected {
            return Err(FolderError::Changed { path, found, expected });
        }
        Ok(bytes)
    }

    /// The kernel command line.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn cmdline(&self) -> Result<String, FolderError> {
        String::from_utf8(self.read(CMDLINE)?).map_err(|_| FolderError::Malformed {
            path: self.path.join(CMDLINE),
            reason: "it is not UTF-8".to_owned(),
        })
    }

    fn output(&self, file: &str) -> Result<&Output, FolderError> {
        let known = |output: &&Output| output.file == file && !file.contains(['/', '\0']);
        let absent = || FolderError::Absent(file.to_owned());
        self.description.outputs.iter().find(known).ok_or_else(absent)
    }
}
