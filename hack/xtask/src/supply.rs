//! Licences, banned and duplicate crates, and sources, as `deny.toml` says.
//!
//! Where `cargo deny` is installed it decides. This is the same for machines without it: it reads
//! the same file, and it is what checks on every machine that no banned crate is shipped.

mod licence;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package, PackageId};
use serde::Deserialize;

use crate::ci::Outcome;
use crate::graph;
use crate::workspace::{TARGET, Workspace};

/// What this reads of `deny.toml`; `cargo deny` reads more.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Named>,
    skip: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    name: String,
    /// Crates that may depend on a banned one.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// One crate of the dependency graph.
#[derive(Debug)]
struct Dependency {
    name: String,
    version: String,
    licence: Option<String>,
    source: Option<String>,
    /// Names of the crates that depend on it directly.
    wanted_by: BTreeSet<String>,
}

/// Checks the whole graph, tests and tools included, and what is shipped for banned crates.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let text = std::fs::read_to_string(workspace.root.join("deny.toml"))
        .context("cannot read deny.toml")?;
    let rules: Rules = toml::from_str(&text).context("deny.toml")?;
    let options = ["--locked", "--filter-platform", TARGET].map(str::to_owned).to_vec();
    let metadata =
        MetadataCommand::new().other_options(options).exec().context("cargo metadata")?;
    let dependencies = dependencies(&metadata)?;
    let mut problems = examine(&rules, &dependencies);
    problems.extend(banned_and_shipped(&rules, &graph::linked(workspace)?));
    Ok(Outcome::of(format!("{} crates, tests and tools included", dependencies.len()), problems))
}

fn dependencies(metadata: &Metadata) -> Result<Vec<Dependency>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolved nothing")?;
    let packages: BTreeMap<&PackageId, &Package> =
        metadata.packages.iter().map(|p| (&p.id, p)).collect();
    let mut wanted_by: BTreeMap<&PackageId, BTreeSet<String>> = BTreeMap::new();
    for node in &resolve.nodes {
        let name = packages.get(&node.id).context("a node without a package")?.name.to_string();
        for dependency in &node.deps {
            wanted_by.entry(&dependency.pkg).or_default().insert(name.clone());
        }
    }
    let found = resolve.nodes.iter().filter_map(|node| packages.get(&node.id));
    Ok(found
        .map(|package| Dependency {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(|source| source.repr.clone()),
            wanted_by: wanted_by.remove(&package.id).unwrap_or_default(),
        })
        .collect())
}

fn examine(rules: &Rules, dependencies: &[Dependency]) -> Vec<String> {
    let mut problems = Vec::new();
    for dependency in dependencies {
        problems.extend(bad_licence(rules, dependency));
        problems.extend(bad_source(rules, dependency));
        problems.extend(banned(rules, dependency));
    }
    problems.extend(duplicates(rules, dependencies));
    problems
}

fn bad_licence(rules: &Rules, dependency: &Dependency) -> Option<String> {
    let Dependency { name, version, licence, .. } = dependency;
    let Some(expression) = licence else {
        return Some(format!("{name} {version} names no licence"));
    };
    match licence::is_allowed(expression, &rules.licenses.allow) {
        Ok(true) => None,
        Ok(false) => {
            Some(format!("{name} {version} is under {expression}, which deny.toml does not allow"))
        }
        Err(reason) => {
            Some(format!("{name} {version}: {expression} is not a licence expression: {reason}"))
        }
    }
}

fn bad_source(rules: &Rules, dependency: &Dependency) -> Option<String> {
    let source = dependency.source.as_deref()?;
    let known = source
        .strip_prefix("registry+")
        .is_some_and(|url| rules.sources.allow_registry.iter().any(|a| a == url));
    (!known).then(|| format!("{} {} comes from {source}", dependency.name, dependency.version))
}

fn banned(rules: &Rules, dependency: &Dependency) -> Option<String> {
    let ban = rules.bans.deny.iter().find(|ban| ban.name == dependency.name)?;
    let others: Vec<&str> = dependency
        .wanted_by
        .iter()
        .filter(|by| !ban.wrappers.contains(by))
        .map(String::as_str)
        .collect();
    (!others.is_empty())
        .then(|| format!("{} is banned and wanted by {}", dependency.name, others.join(", ")))
}

/// Several versions of a crate that is not listed, and a listed crate of which there are not.
fn duplicates(rules: &Rules, dependencies: &[Dependency]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for dependency in dependencies {
        versions.entry(&dependency.name).or_default().insert(&dependency.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let listed: BTreeSet<&str> = rules.bans.skip.iter().map(|skip| skip.name.as_str()).collect();
    let stale = listed.iter().filter(|name| !versions.contains_key(*name));
    let stale =
        stale.map(|name| format!("{name} is listed under `skip` and is there once at most"));
    let unlisted = versions.iter().filter(|(name, _)| !listed.contains(*name));
    let unlisted = unlisted.map(|(name, versions)| {
        let versions: Vec<&str> = versions.iter().copied().collect();
        format!("{name} is there in {} versions: {}", versions.len(), versions.join(", "))
    });
    unlisted.chain(stale).collect()
}

/// A wrapper excuses a banned crate in tests, never in what is shipped.
fn banned_and_shipped(rules: &Rules, linked: &BTreeSet<String>) -> Vec<String> {
    let names: BTreeSet<&str> = linked.iter().filter_map(|line| line.split(' ').next()).collect();
    let found = rules.bans.deny.iter().filter(|ban| names.contains(ban.name.as_str()));
    found.map(|ban| format!("{} is banned and linked into a shipped binary", ban.name)).collect()
}

#[cfg(test)]
mod tests;
