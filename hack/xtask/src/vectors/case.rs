//! A recorded case: a folder with evidence and what is expected of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// What `case.json` says, as far as it is judged.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct About {
    pub(super) expected: String,
    #[serde(default)]
    pub(super) valid_at: Option<String>,
    #[serde(default)]
    pub(super) tcb_status: Option<String>,
    /// What a strict policy is expected to conclude, where it differs from `expected`.
    #[serde(default)]
    pub(super) policy_expected: Option<String>,
}

/// One case folder.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) tee: String,
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// Absent where the folder has no `case.json`.
    pub(super) about: Option<About>,
}

/// Every `root/<tee>/<case>/`, in order of name.
pub(super) fn find(root: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (tee, folder) in folders(root)? {
        for (name, folder) in folders(&folder)? {
            let about = read(&folder.join("case.json"))?;
            cases.push(Case { tee: tee.clone(), name, folder, about });
        }
    }
    Ok(cases)
}

fn folders(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let entries =
        std::fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_dir(), path.file_name().and_then(|name| name.to_str()))
        {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

/// A case of a format that this does not judge may say anything; that is not an error.
fn read(path: &Path) -> Result<Option<About>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).map(Some).with_context(|| format!("{}", path.display()))
}
