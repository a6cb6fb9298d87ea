//! Recorded Evidence of real machines, where it is at hand.
#![expect(
    clippy::disallowed_methods,
    reason = "the crate does no IO; its recorded vectors are files"
)]

#[path = "../../../../hack/xtask/src/vectors/origin.rs"]
mod origin;
#[path = "../../../../hack/xtask/src/vectors/protobuf.rs"]
mod protobuf;
pub(crate) mod quote;
#[path = "../../../../hack/xtask/src/vectors/tpm_quote.rs"]
mod tpm_quote;

use std::fs;
use std::path::{Path, PathBuf};

use cloister_attestation::time::UnixTime;
use serde::Deserialize;

/// One recorded case.
pub(crate) struct Case {
    /// Folder name.
    pub(crate) name: String,
    /// Folder.
    pub(crate) dir: PathBuf,
    /// What its author says about it.
    pub(crate) facts: Facts,
}

/// The fields of `case.json` that tests use.
#[derive(Deserialize)]
pub(crate) struct Facts {
    /// `accept`, `reject`, `parse-only`, …
    pub(crate) expected: String,
    /// The time to verify at.
    pub(crate) valid_at: Option<String>,
    /// Vendor's TCB word, where the case has one.
    #[serde(default)]
    pub(crate) tcb_status: Option<serde_json::Value>,
    /// What a strict policy says, where that differs.
    #[serde(default)]
    pub(crate) policy_expected: Option<String>,
}

impl Case {
    /// A file of the case, if it is there.
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.dir.join(name)).ok()
    }

    /// A PEM file of the case with one certificate, as DER.
    pub(crate) fn pem(&self, name: &str) -> Option<Vec<u8>> {
        let text = fs::read_to_string(self.dir.join(name)).ok()?;
        Some(cloister_attestation::x509::pem::blocks(&text).unwrap().remove(0))
    }

    /// The time to verify at.
    pub(crate) fn valid_at(&self) -> UnixTime {
        let text = self.facts.valid_at.as_deref().expect("case has a time");
        UnixTime::parse_rfc3339(text).expect("case's time reads")
    }
}

/// All cases of one TEE, by name; `None`, and one line that says so, without the vectors.
pub(crate) fn cases(tee: &str) -> Option<Vec<Case>> {
    let Some(root) = root() else {
        eprintln!("skipped: no recorded vectors; set CLOISTER_VECTORS to their folder");
        return None;
    };
    let mut cases: Vec<Case> = fs::read_dir(root.join(tee))
        .expect("vectors have a folder for this TEE")
        .map(|entry| case(&entry.unwrap().path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty(), "the vectors' folder for {tee} is empty");
    Some(cases)
}

/// One case, with the same outcome as [`cases`] without the vectors.
pub(crate) fn named(tee: &str, name: &str) -> Option<Case> {
    cases(tee)?.into_iter().find(|case| case.name == name)
}

/// A file that has to be there.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn case(dir: &Path) -> Case {
    let facts = fs::read(dir.join("case.json")).expect("case has case.json");
    Case {
        name: dir.file_name().unwrap().to_string_lossy().into_owned(),
        dir: dir.to_owned(),
        facts: serde_json::from_slice(&facts).expect("case.json reads"),
    }
}

fn root() -> Option<PathBuf> {
    let root = std::env::var_os("CLOISTER_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    root.is_dir().then_some(root)
}
