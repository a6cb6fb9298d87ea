//! The files of an image as they are written.

use std::fs;
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::Digest48;
use serde::Serialize;

use super::error::BuildError;
use crate::file::{self, FileError};
use crate::folder::{Description, FORMAT, IMAGE, Input, ManifestDigest, Output, PROVENANCE, SBOM};
use crate::provenance::provenance;
use crate::runtime::{Declared, Runtime};
use crate::sbom::sbom;
use crate::toolchain::toolchain;

/// Files that are written, and what is known of them.
#[derive(Debug)]
pub(super) struct Outputs {
    folder: PathBuf,
    written: Vec<Output>,
}

impl Outputs {
    /// Makes the folder, and empties it if it holds an image.
    pub(super) fn begin(folder: &Path) -> Result<Self, BuildError> {
        let old = if folder.exists() { file::list(folder)? } else { Vec::new() };
        if !old.is_empty() && !folder.join(IMAGE).is_file() {
            return Err(BuildError::Occupied(folder.to_owned()));
        }
        // First of all what says that the others are whole.
        let image = folder.join(IMAGE);
        for path in old.iter().filter(|path| **path == image).chain(&old) {
            if path.is_file() {
                fs::remove_file(path).map_err(FileError::writing(path))?;
            }
        }
        file::make_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), written: Vec::new() })
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), BuildError> {
        file::write(&self.folder.join(name), bytes)?;
        self.written.push(Output::of(name, bytes));
        Ok(())
    }

    /// Writes what is to be said of the image, and at last what says that all others are there.
    pub(super) fn finish(mut self, made: Made<'_>) -> Result<Description, BuildError> {
        let Made { declared, inputs, runtime, kind, cmdline } = made;
        let mut description = Description {
            format: FORMAT.to_owned(),
            manifest: ManifestDigest { sha384: Digest48::sha384(&declared.manifest) },
            name: declared.name,
            version: declared.version,
            agent: declared.agent,
            inputs,
            outputs: self.written.clone(),
            toolchain: toolchain(runtime.bytes()),
        };
        self.add(SBOM, &json(&sbom(&description))?)?;
        self.add(PROVENANCE, &json(&provenance(&description, kind, cmdline))?)?;
        description.outputs = self.written;
        file::write(&self.folder.join(IMAGE), &json(&description)?)?;
        Ok(description)
    }
}

/// What an image was made of.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) declared: Declared,
    pub(super) inputs: Vec<Input>,
    pub(super) runtime: &'a Runtime,
    pub(super) kind: &'static str,
    pub(super) cmdline: &'a str,
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = serde_json::to_vec_pretty(value)?;
    json.push(b'\n');
    Ok(json)
}
