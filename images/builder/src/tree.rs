//! The files of an image, in memory, before they become an archive.
//!
//! There are folders, files and symbolic links, all of them root's. What else a file system may
//! have (devices, other owners, times, attributes) does not exist here, and so cannot differ.

use std::collections::BTreeMap;

use cloister_attestation::code::{Code, Diagnostic};

use crate::limits::{
    FILE_BYTES_MAX, IMAGE_BYTES_MAX, IMAGE_ENTRIES_MAX, LINKS_MAX, PATH_BYTES_MAX,
};

cloister_attestation::codes! {
    /// A file cannot be in an image.
    TREE = "image.tree", Caller, "",
        "Change the file that the message names: an image has folders, files and symbolic links only, below its own root.",
        "An image holds folders, regular files and symbolic links, all owned by root. A path that leaves the root, a device, a program that changes the user (setuid), a file where a folder has to be, or more than fits into a guest's memory is refused.";
}

/// A file cannot be in an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct TreeError {
    path: String,
    reason: String,
}

impl TreeError {
    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}

impl Diagnostic for TreeError {
    fn code(&self) -> &'static Code {
        &TREE
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// The end of an archive.
    Trailer,
}

/// One folder, file or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    kind: Kind,
    executable: bool,
    data: Vec<u8>,
}

impl Entry {
    const FOLDER: Self = Self { kind: Kind::Folder, executable: true, data: Vec::new() };

    pub(crate) const fn trailer() -> Self {
        Self { kind: Kind::Trailer, executable: false, data: Vec::new() }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// A file's bytes, a link's target, nothing of a folder.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    fn len(&self) -> u64 {
        u64::try_from(self.data.len()).unwrap_or(u64::MAX)
    }

    /// Nobody but root may write; who may run it, runs it as themselves.
    #[must_use]
    pub const fn permissions(&self) -> u32 {
        match (self.kind, self.executable) {
            (Kind::Trailer, _) => 0,
            (Kind::Link, _) => 0o777,
            (_, true) => 0o755,
            (_, false) => 0o644,
        }
    }
}

/// All entries by their paths, which are relative to the root and have neither `.` nor `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
    bytes: u64,
}

impl Tree {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every entry with its path, folders before what is in them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The bytes of all files and links.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts a file at `path`, in place of a file or link that is there, and makes the folders above.
    ///
    /// # Errors
    /// [`TreeError`], if the path leaves the root, or something else is in the way.
    pub fn file(&mut self, path: &str, data: Vec<u8>, executable: bool) -> Result<(), TreeError> {
        self.put(path, Entry { kind: Kind::File, executable, data })
    }

    /// Puts a symbolic link at `path`, as [`Self::file`] does.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn link(&mut self, path: &str, target: &str) -> Result<(), TreeError> {
        if target.is_empty() || target.len() > PATH_BYTES_MAX || target.contains('\0') {
            return Err(TreeError::new(path, "the link has no usable target"));
        }
        self.put(path, Entry { kind: Kind::Link, executable: true, data: target.into() })
    }

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn folder(&mut self, path: &str) -> Result<(), TreeError> {
        let path = self.real(path)?;
        self.folders(&path)
    }

    /// Removes what is at `path` and below it, which need not be there.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn remove(&mut self, path: &str) -> Result<(), TreeError> {
        let (parent, name) = split(path)?;
        let path = join(&self.real(&parent)?, &name);
        if let Some(entry) = self.entries.remove(&path) {
            self.bytes = self.bytes.saturating_sub(entry.len());
            self.clear_real(&path);
        }
        Ok(())
    }

    /// Removes what is below the folder at `path`.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn clear(&mut self, path: &str) -> Result<(), TreeError> {
        let path = self.real(path)?;
        self.clear_real(&path);
        Ok(())
    }

    fn clear_real(&mut self, path: &str) {
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        self.entries.retain(|other, _| !other.starts_with(&below));
        self.bytes = self.entries.values().map(Entry::len).fold(0, u64::saturating_add);
    }

    /// What is at `path`, links followed.
    ///
    /// # Errors
    /// [`TreeError`], if links lead nowhere.
    pub fn find(&self, path: &str) -> Result<Option<&Entry>, TreeError> {
        Ok(self.entries.get(&self.real(path)?))
    }

    /// The bytes of the file at `path`, links followed.
    ///
    /// # Errors
    /// [`TreeError`], if there is none.
    pub fn read(&self, path: &str) -> Result<&Entry, TreeError> {
        match self.find(path)? {
            Some(entry) if entry.kind == Kind::File => Ok(entry),
            Some(_) => Err(TreeError::new(path, "is not a regular file")),
            None => Err(TreeError::new(path, "is not in the image")),
        }
    }

    /// A copy of the file at `from`, as hard links of archives are.
    ///
    /// # Errors
    /// [`TreeError`], if there is no such file.
    pub fn copy(&mut self, from: &str, path: &str) -> Result<(), TreeError> {
        let Entry { data, executable, .. } = self.read(from)?.clone();
        self.file(path, data, executable)
    }

    fn put(&mut self, path: &str, entry: Entry) -> Result<(), TreeError> {
        let (parent, name) = split(path)?;
        let parent = self.real(&parent)?;
        self.folders(&parent)?;
        let path = join(&parent, &name);
        let added = entry.len();
        match self.entries.get(&path) {
            Some(old) if old.kind == Kind::Folder => {
                return Err(TreeError::new(path, "a folder is there already"));
            }
            Some(old) => {
                self.bytes = self.bytes.saturating_sub(old.len());
            }
            None => {}
        }
        self.bytes = self.bytes.saturating_add(added);
        if added > FILE_BYTES_MAX || self.bytes > IMAGE_BYTES_MAX {
            return Err(TreeError::new(path, "the image becomes larger than a guest's memory"));
        }
        self.insert(path, entry)
    }

    fn insert(&mut self, path: String, entry: Entry) -> Result<(), TreeError> {
        if path.len() > PATH_BYTES_MAX {
            return Err(TreeError::new(path, "the path is too long"));
        }
        if self.entries.len() >= IMAGE_ENTRIES_MAX && !self.entries.contains_key(&path) {
            return Err(TreeError::new(path, format!("more than {IMAGE_ENTRIES_MAX} entries")));
        }
        self.entries.insert(path, entry);
        Ok(())
    }

    /// Makes the folder at a path without links, and those above it.
    fn folders(&mut self, path: &str) -> Result<(), TreeError> {
        let mut at = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            at = join(&at, name);
            match self.entries.get(&at).map(Entry::kind) {
                Some(Kind::Folder) => {}
                Some(_) => return Err(TreeError::new(at, "is not a folder")),
                None => self.insert(at.clone(), Entry::FOLDER)?,
            }
        }
        Ok(())
    }

    /// `path` with every link in it followed, as the kernel of the guest will.
    fn real(&self, path: &str) -> Result<String, TreeError> {
        let mut todo = parts(path)?;
        todo.reverse();
        let mut at = String::new();
        let mut links: usize = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = join(&at, &name);
            match self.entries.get(&next) {
                Some(entry) if entry.kind == Kind::Link => {
                    links = links.saturating_add(1);
                    if links > LINKS_MAX {
                        return Err(TreeError::new(path, "too many symbolic links"));
                    }
                    let target = String::from_utf8_lossy(&entry.data).into_owned();
                    if target.starts_with('/') {
                        at.clear();
                    }
                    todo.extend(target_parts(&target).into_iter().rev());
                }
                _ => at = next,
            }
        }
        Ok(at)
    }
}

/// The parts of a link's target. `..` means what it means to a kernel: never above the root.
fn target_parts(target: &str) -> Vec<String> {
    target.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
}

/// The parts of a path that somebody wrote down: it never leads upwards.
fn parts(path: &str) -> Result<Vec<String>, TreeError> {
    if path.len() > PATH_BYTES_MAX || path.contains('\0') {
        return Err(TreeError::new(path.escape_debug().to_string(), "is not a usable path"));
    }
    let parts = target_parts(path);
    if parts.iter().any(|part| part == "..") {
        return Err(TreeError::new(path, "leads out of the image"));
    }
    Ok(parts)
}

fn split(path: &str) -> Result<(String, String), TreeError> {
    let mut parts = parts(path)?;
    let name = parts.pop().ok_or_else(|| TreeError::new(path, "is the root itself"))?;
    Ok((parts.join("/"), name))
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") }
}

#[cfg(test)]
mod tests;
