//! Recorded Evidence of real machines, where it is at hand.

use std::fs;
use std::path::{Path, PathBuf};

use cloister_attestation::time::UnixTime;
use serde::Deserialize;

/// One recorded case.
pub struct Case {
    /// Folder name.
    pub name: String,
    /// Folder.
    pub dir: PathBuf,
    /// What its author says about it.
    pub facts: Facts,
}

/// The fields of `case.json` that tests use.
#[derive(Deserialize)]
pub struct Facts {
    /// `accept`, `reject`, `parse-only`, …
    pub expected: String,
    /// The time to verify at.
    pub valid_at: Option<String>,
    /// Vendor's TCB word, where the case has one.
    #[serde(default)]
    pub tcb_status: Option<serde_json::Value>,
    /// What a strict policy says, where that differs.
    #[serde(default)]
    pub policy_expected: Option<String>,
    /// Why the outcome is what it is.
    #[serde(default)]
    pub why: String,
}

impl Case {
    /// A file of the case, if it is there.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.dir.join(name)).ok()
    }

    /// A PEM file of the case with one certificate, as DER.
    pub fn pem(&self, name: &str) -> Option<Vec<u8>> {
        let text = fs::read_to_string(self.dir.join(name)).ok()?;
        Some(cloister_attestation::x509::pem::blocks(&text).unwrap().remove(0))
    }

    /// The time to verify at.
    pub fn valid_at(&self) -> UnixTime {
        let text = self.facts.valid_at.as_deref().expect("case has a time");
        UnixTime::parse_rfc3339(text).expect("case's time reads")
    }
}

/// All cases of one TEE, by name; `None`, and one line that says so, without the vectors.
pub fn cases(tee: &str) -> Option<Vec<Case>> {
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
pub fn named(tee: &str, name: &str) -> Option<Case> {
    cases(tee)?.into_iter().find(|case| case.name == name)
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
