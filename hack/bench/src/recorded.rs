//! Recorded Evidence of real machines, where it is at hand. It is never part of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::pem;
use serde::Deserialize;

/// One recorded case.
#[derive(Debug)]
pub(crate) struct Case {
    folder: PathBuf,
    /// `snp/milan-…`.
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct Facts {
    valid_at: String,
}

impl Case {
    /// The case `tee/name` below `$CLOISTER_VECTORS` (default: beside the workspace), if it is
    /// there.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
        let root = std::env::var_os("CLOISTER_VECTORS").map_or_else(beside, PathBuf::from);
        let folder = root.join(name);
        folder.is_dir().then(|| Self { folder, name: name.to_owned() })
    }

    /// A file of the case.
    pub(crate) fn file(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.folder.join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// A PEM file of the case with one certificate, as DER.
    pub(crate) fn certificate(&self, name: &str) -> Result<Vec<u8>> {
        let text = String::from_utf8(self.file(name)?)?;
        pem::blocks(&text)?.pop().with_context(|| format!("{name} is empty"))
    }

    /// The time at which the case is verified.
    pub(crate) fn valid_at(&self) -> Result<UnixTime> {
        let facts: Facts = serde_json::from_slice(&self.file("case.json")?)?;
        UnixTime::parse_rfc3339(&facts.valid_at).context("valid_at does not read")
    }
}
