//! Container images in a folder: index, manifest, and layers laid one over the other.
//!
//! SPEC: OCI Image Format Specification 1.1: image-layout, index, manifest, layer.
//!
//! The image's own configuration (entry point, environment, user) is not looked at: what is started
//! and how, agent.toml says, and that is measured.

mod layer;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::archive::ArchiveError;
use crate::digest::Sha256;
use crate::file::{self, FileError};
use crate::folder::{Input, InputKind};
use crate::limits::{FILE_BYTES_MAX, LAYERS_MAX, OCI_DOCUMENT_BYTES_MAX};
use crate::tree::{Tree, TreeError};

cloister_attestation::codes! {
    /// A container image cannot become an image.
    OCI = "image.oci", Caller, "OCI Image Format Specification 1.1",
        "Export the container image for linux/amd64 as an OCI layout folder, with layers as tar or tar+gzip.",
        "A container image is taken from a folder with the files oci-layout and index.json and the folder blobs. The index has to name exactly one image for linux/amd64, and every blob has to have the digest and size by which it is named. Layers compressed with zstd are not read.";
}

/// A container image cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be in an image.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A layer does not read.
    #[error("layer {layer}")]
    Archive {
        /// Which one.
        layer: Sha256,
        /// Why.
        source: ArchiveError,
    },
    /// A document does not read.
    #[error("{}", .path.display())]
    Document {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Something in the folder is not as it says.
    #[error("{}: {reason}", .path.display())]
    Unusable {
        /// What.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Diagnostic for OciError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::Archive { source, .. } => source.code(),
            Self::Document { .. } | Self::Unusable { .. } => &OCI,
        }
    }
}

const LAYOUT_VERSION: &str = "1.0.0";
const INDEX: &[&str] = &[
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST: &[&str] = &[
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const TAR: &[&str] = &["application/vnd.oci.image.layer.v1.tar"];
const TAR_GZIP: &[&str] = &[
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
];

// Unknown members of these documents are annotations of whoever made them, as the specification
// demands of readers.
#[derive(Deserialize)]
struct Layout {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Descriptor>,
}

/// Names a blob.
#[derive(Clone, Debug, Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
}

#[derive(Clone, Debug, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// Lays the layers of the container image in `folder` into `tree`, in their order.
///
/// # Errors
/// [`OciError`] says which part cannot be used.
pub fn lay(tree: &mut Tree, folder: &Path) -> Result<Vec<Input>, OciError> {
    let layout = folder.join("oci-layout");
    let Layout { version } = document(&layout, &read(&layout)?)?;
    if version != LAYOUT_VERSION {
        return Err(unusable(&layout, format!("the version is not {LAYOUT_VERSION}")));
    }
    let manifest = manifest(folder)?;
    if manifest.layers.len() > LAYERS_MAX {
        return Err(unusable(folder, format!("more than {LAYERS_MAX} layers")));
    }
    manifest.layers.iter().map(|layer| lay_layer(tree, folder, layer)).collect()
}

/// The one manifest for this architecture, through at most one index in the index.
fn manifest(folder: &Path) -> Result<Manifest, OciError> {
    let path = folder.join("index.json");
    let index: Index = document(&path, &read(&path)?)?;
    let mut chosen = choose(&path, index)?;
    if INDEX.contains(&chosen.media_type.as_str()) {
        let (path, bytes) = blob(folder, &chosen, OCI_DOCUMENT_BYTES_MAX)?;
        chosen = choose(&path, document(&path, &bytes)?)?;
    }
    if !MANIFEST.contains(&chosen.media_type.as_str()) {
        return Err(unusable(&path, format!("{} is no image", chosen.media_type)));
    }
    let (path, bytes) = blob(folder, &chosen, OCI_DOCUMENT_BYTES_MAX)?;
    document(&path, &bytes)
}

fn choose(path: &Path, index: Index) -> Result<Descriptor, OciError> {
    let here = |platform: &Platform| platform.architecture == "amd64" && platform.os == "linux";
    let fits = |descriptor: &Descriptor| descriptor.platform.as_ref().is_none_or(here);
    let mut fitting: Vec<_> = index.manifests.into_iter().filter(fits).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(descriptor), true) => Ok(descriptor),
        (Some(_), false) => Err(unusable(path, "several images are for linux/amd64")),
        (None, _) => Err(unusable(path, "no image is for linux/amd64")),
    }
}

fn lay_layer(tree: &mut Tree, folder: &Path, layer: &Descriptor) -> Result<Input, OciError> {
    let (path, bytes) = blob(folder, layer, FILE_BYTES_MAX)?;
    let sha256 = Sha256::of(&bytes);
    let archive = if TAR_GZIP.contains(&layer.media_type.as_str()) {
        inflated(&bytes).map_err(|reason| unusable(&path, reason))?
    } else if TAR.contains(&layer.media_type.as_str()) {
        bytes
    } else {
        return Err(unusable(&path, format!("{} is not read", layer.media_type)));
    };
    layer::lay(tree, sha256, &archive)?;
    let name = layer.digest.clone();
    Ok(Input { kind: InputKind::OciLayer, name, version: String::new(), sha256, bytes: layer.size })
}

fn inflated(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(FILE_BYTES_MAX.saturating_add(1));
    decoder.read_to_end(&mut out).map_err(|error| format!("it does not decompress: {error}"))?;
    match u64::try_from(out.len()) {
        Ok(len) if len <= FILE_BYTES_MAX => Ok(out),
        _ => Err(format!("it is larger than {FILE_BYTES_MAX} bytes")),
    }
}

/// A blob's bytes, which have the digest and size that it is named by.
fn blob(folder: &Path, descriptor: &Descriptor, most: u64) -> Result<(PathBuf, Vec<u8>), OciError> {
    let named = descriptor.digest.strip_prefix("sha256:").map(str::parse::<Sha256>);
    let Some(Ok(digest)) = named else {
        return Err(unusable(folder, format!("{:?} is no SHA-256 digest", descriptor.digest)));
    };
    let path = folder.join("blobs/sha256").join(digest.to_string());
    let bytes = file::read(&path, most)?;
    if Sha256::of(&bytes) != digest || u64::try_from(bytes.len()) != Ok(descriptor.size) {
        return Err(unusable(&path, "it has another digest or size than it is named by"));
    }
    Ok((path, bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, OciError> {
    Ok(file::read(path, OCI_DOCUMENT_BYTES_MAX)?)
}

fn document<T: for<'a> Deserialize<'a>>(path: &Path, json: &[u8]) -> Result<T, OciError> {
    serde_json::from_slice(json)
        .map_err(|source| OciError::Document { path: path.to_owned(), source })
}

fn unusable(path: &Path, reason: impl Into<String>) -> OciError {
    OciError::Unusable { path: path.to_owned(), reason: reason.into() }
}
