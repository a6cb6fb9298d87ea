//! The files that the rules look at, read and parsed once.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::finding::Finding;
use crate::workspace::{Member, Workspace};

/// Every text file of the project, with the crates that they belong to.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(super) files: Vec<SourceFile>,
    pub(super) members: Vec<Member>,
    pub(super) pure: Vec<String>,
}

/// One text file.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Relative to the workspace root.
    pub(super) path: String,
    pub(super) text: String,
    /// Present for Rust that parses.
    pub(super) syntax: Option<syn::File>,
    error: Option<syn::Error>,
}

impl Tree {
    /// Reads everything that git knows. Files that are not text are left out: no rule reads them.
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        let mut files = Vec::new();
        for path in workspace.files()? {
            let bytes = std::fs::read(workspace.root.join(&path))
                .with_context(|| format!("cannot read {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(SourceFile::new(path, text));
            }
        }
        Ok(Self { files, members: workspace.members.clone(), pure: workspace.pure.clone() })
    }

    /// The files that parsed as Rust.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&SourceFile, &syn::File)> {
        self.files.iter().filter_map(|file| file.syntax.as_ref().map(|syntax| (file, syntax)))
    }

    /// The Rust files under `src` of one crate that are not tests.
    pub(super) fn product<'a>(
        &'a self,
        member: &'a Member,
    ) -> impl Iterator<Item = (&'a SourceFile, &'a syn::File)> + 'a {
        let folder = format!("{}/src/", member.folder);
        self.rust().filter(move |(file, _)| file.path.starts_with(&folder) && !file.is_test())
    }

    /// The member of that name.
    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Rust that does not parse cannot be checked, which is a finding of its own.
    pub(super) fn unreadable(&self) -> Vec<Finding> {
        let broken =
            self.files.iter().filter_map(|file| file.error.as_ref().map(|error| (file, error)));
        broken
            .map(|(file, error)| {
                let place = (file.path.as_str(), error.span().start().line);
                Finding::new(place, "parse", format!("{error}."), "Make the file parse as Rust.")
            })
            .collect()
    }
}

impl SourceFile {
    pub(super) fn new(path: String, text: String) -> Self {
        let parsed =
            Path::new(&path).extension().is_some_and(|e| e == "rs").then(|| syn::parse_file(&text));
        let (syntax, error) = match parsed {
            Some(Ok(syntax)) => (Some(syntax), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        Self { path, text, syntax, error }
    }

    /// Whether the file holds tests by where it stands.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.path.ends_with("/tests.rs")
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of given files, for the tests of a rule.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| SourceFile::new((*path).to_owned(), (*text).to_owned()));
        Self { files: files.collect(), ..Self::default() }
    }

    /// Adds a crate in `folder` that depends on `normal`.
    pub(super) fn with(mut self, name: &str, folder: &str, normal: &[&str]) -> Self {
        self.members.push(Member {
            name: name.to_owned(),
            folder: folder.to_owned(),
            normal: normal.iter().map(|n| (*n).to_owned()).collect(),
            dev: Vec::new(),
        });
        self
    }
}
