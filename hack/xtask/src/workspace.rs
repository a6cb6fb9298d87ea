//! The workspace as cargo and git see it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::process;

/// The platform that everything shipped runs on.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Where the workspace is, and its members.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
    /// Crates that have to stay free of IO, from `[workspace.metadata.tidy]`.
    pub(crate) pure: Vec<String>,
    /// Crates whose binaries are shipped, from `[workspace.metadata.tidy]`.
    pub(crate) shipped: Vec<String>,
}

/// One crate of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Folder relative to the workspace root.
    pub(crate) folder: String,
    /// Names of direct dependencies, with the workspace's own among them.
    pub(crate) normal: Vec<String>,
    /// Names of direct development dependencies.
    pub(crate) dev: Vec<String>,
}

impl Workspace {
    /// Asks cargo; reads manifests only, so it also works while nothing compiles.
    pub(crate) fn load() -> Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let mut members = Vec::new();
        for package in metadata.workspace_packages() {
            members.push(member(package, &root)?);
        }
        Ok(Self {
            target: metadata.target_directory.clone().into_std_path_buf(),
            members,
            pure: named(&metadata, "pure")?,
            shipped: named(&metadata, "shipped")?,
            root,
        })
    }

    /// Every file that git tracks or would track, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let listed = process::output(
            &self.root,
            "git",
            &["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        )?;
        let present = |path: &&str| self.root.join(path).is_file();
        Ok(listed.lines().filter(present).map(str::to_owned).collect())
    }
}

fn member(package: &cargo_metadata::Package, root: &Path) -> Result<Member> {
    let manifest = package.manifest_path.as_std_path();
    let folder = manifest.parent().context("manifest without a folder")?.strip_prefix(root)?;
    let of =
        |kind| package.dependencies.iter().filter(move |d| d.kind == kind).map(|d| d.name.clone());
    Ok(Member {
        name: package.name.to_string(),
        folder: folder.to_str().context("folder is not UTF-8")?.to_owned(),
        normal: of(DependencyKind::Normal).collect(),
        dev: of(DependencyKind::Development).collect(),
    })
}

fn named(metadata: &Metadata, key: &str) -> Result<Vec<String>> {
    let pointer = format!("/tidy/{key}");
    let Some(list) = metadata.workspace_metadata.pointer(&pointer).and_then(|v| v.as_array())
    else {
        bail!("the root Cargo.toml has no [workspace.metadata.tidy] {key}");
    };
    Ok(list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}
