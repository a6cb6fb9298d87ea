//! `packages.toml`: what is to be locked, written by people.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::PackageError;
use super::lock::is_name;
use crate::file;

/// What is to be locked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Wanted {
    /// The release that the machine's own sources have to serve, as in `bookworm`. Suites that they
    /// do not name themselves are looked for beside it.
    pub release: String,
    /// The packages of each purpose.
    pub groups: BTreeMap<String, Group>,
}

/// Packages that are used together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Group {
    /// Where to look. The newest version counts.
    pub suites: Vec<String>,
    /// Whose versions count, newer ones elsewhere or not: suites like that of backports serve
    /// nothing unless they are asked to.
    #[serde(default)]
    pub prefer: Option<String>,
    /// Their names.
    pub packages: Vec<String>,
    /// What of their dependencies is locked with them.
    #[serde(default)]
    pub needs: Needs,
}

/// What of packages' dependencies is locked with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Needs {
    /// Nothing: the packages are all that is used.
    #[default]
    Nothing,
    /// In place of each package, the one that it stands for: its first dependency.
    StandsFor,
    /// Everything, down to the C library: programs that are to run from where they are unpacked.
    Everything,
}

impl Wanted {
    /// Reads the file.
    ///
    /// # Errors
    /// As [`Self::parse`], or [`PackageError::File`].
    pub fn read(path: &Path) -> Result<Self, PackageError> {
        Self::parse(&file::read_text(path)?)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// [`PackageError::Malformed`] says why.
    pub fn parse(text: &str) -> Result<Self, PackageError> {
        let malformed = |reason| PackageError::Malformed { file: "packages.toml", reason };
        let wanted: Self = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let names = wanted
            .groups
            .values()
            .flat_map(|group| group.packages.iter().chain(&group.suites).chain(&group.prefer));
        if let Some(name) = names.chain([&wanted.release]).find(|name| !is_name(name)) {
            return Err(malformed(format!("{name:?} is not a name")));
        }
        if let Some((name, _)) = wanted.groups.iter().find(|(_, group)| group.suites.is_empty()) {
            return Err(malformed(format!("group {name} has no suites")));
        }
        Ok(wanted)
    }
}
