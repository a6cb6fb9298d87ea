//! The cache: package archives by digest, and the same unpacked.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::apt::{Apt, complaint};
use super::contents;
use super::error::PackageError;
use super::lock::{Lock, Package};
use crate::digest::Sha256;
use crate::file::{self, FileError};
use crate::limits::PACKAGE_BYTES_MAX;
use crate::progress::{Progress, Step};

/// Packages that the client fetches at once.
const BATCH: usize = 16;

/// A folder of packages. Several processes may share one.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    lock: Lock,
}

impl Cache {
    /// The cache in `folder`, for the packages of `lock`.
    #[must_use]
    pub const fn new(folder: PathBuf, lock: Lock) -> Self {
        Self { folder, lock }
    }

    /// Where the cache of this user is: `CLOISTER_CACHE`, or `cloister` in `XDG_CACHE_HOME`, or
    /// `.cache/cloister` in `HOME`.
    ///
    /// # Errors
    /// [`PackageError::NoCache`], if none of these is an absolute path.
    pub fn default_folder() -> Result<PathBuf, PackageError> {
        let of =
            |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        of("CLOISTER_CACHE")
            .or_else(|| of("XDG_CACHE_HOME").map(|folder| folder.join("cloister")))
            .or_else(|| of("HOME").map(|folder| folder.join(".cache/cloister")))
            .ok_or(PackageError::NoCache)
    }

    /// What is pinned.
    #[must_use]
    pub const fn lock(&self) -> &Lock {
        &self.lock
    }

    /// A folder with the unpacked packages of a group, one over the other, which are fetched unless
    /// they are there. Nobody may write into it; what somebody changed is unpacked anew.
    ///
    /// # Errors
    /// [`PackageError`] says which package cannot be had, and why.
    pub fn unpacked(&self, group: &str, progress: &dyn Progress) -> Result<PathBuf, PackageError> {
        let packages = self.lock.group(group)?;
        let digests: String = packages.iter().map(|p| format!("{}\n", p.sha256)).collect();
        let tree = self.folder.join("trees").join(Sha256::of(digests.as_bytes()).to_string());
        if is_intact(&tree)? {
            return Ok(tree);
        }
        let archives = self.fetch(&packages, progress)?;
        let _busy = self.busy()?;
        if is_intact(&tree)? {
            return Ok(tree);
        }
        let partial = tree.with_extension("partial");
        remove(&partial)?;
        file::make_folder(&partial)?;
        progress.begin(Step::Unpacking, Some(packages.iter().map(|p| p.bytes).sum()));
        for (archive, package) in archives.iter().zip(&packages) {
            unpack(archive, &partial)?;
            progress.advance(package.bytes);
        }
        progress.end();
        remove(&tree)?;
        file::write(&record(&tree), contents::digest(&partial)?.to_string().as_bytes())?;
        fs::rename(&partial, &tree).map_err(FileError::writing(&tree))?;
        Ok(tree)
    }

    /// The archives of packages, each checked against the lock file, in the same order.
    ///
    /// # Errors
    /// [`PackageError`] says which package cannot be had, and why.
    pub fn fetch(
        &self,
        packages: &[&Package],
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, PackageError> {
        let _busy = self.busy()?;
        let missing: Vec<&Package> =
            packages.iter().copied().filter(|p| !self.archive(p).is_file()).collect();
        if !missing.is_empty() {
            self.download(&missing, progress)?;
        }
        for package in packages {
            let found = Sha256::of(&file::read(&self.archive(package), PACKAGE_BYTES_MAX)?);
            check(package, found)?;
        }
        Ok(packages.iter().map(|package| self.archive(package)).collect())
    }

    /// One process at a time changes the cache; until the file is closed.
    fn busy(&self) -> Result<File, PackageError> {
        for part in ["packages", "trees"] {
            file::make_folder(&self.folder.join(part))?;
        }
        let path = self.folder.join("busy");
        let file = File::create(&path).map_err(FileError::writing(&path))?;
        file.lock().map_err(FileError::writing(&path))?;
        Ok(file)
    }

    fn archive(&self, package: &Package) -> PathBuf {
        self.folder.join("packages").join(format!("{}.deb", package.sha256))
    }

    fn download(&self, packages: &[&Package], progress: &dyn Progress) -> Result<(), PackageError> {
        let mut suites: Vec<&str> = packages.iter().map(|p| p.suite.as_str()).collect();
        suites.sort_unstable();
        suites.dedup();
        let apt = Apt::new(&self.folder.join("apt"), &self.lock.release, &suites)?;
        progress.begin(Step::Lists, None);
        apt.update()?;
        progress.end();
        let folder = self.folder.join("packages/partial");
        progress.begin(Step::Packages, Some(packages.iter().map(|p| p.bytes).sum()));
        for batch in packages.chunks(BATCH) {
            remove(&folder)?;
            file::make_folder(&folder)?;
            self.download_batch(&apt, batch, &folder)?;
            progress.advance(batch.iter().map(|p| p.bytes).sum());
        }
        progress.end();
        remove(&folder)
    }

    fn download_batch(
        &self,
        apt: &Apt,
        packages: &[&Package],
        folder: &Path,
    ) -> Result<(), PackageError> {
        let pinned: Vec<_> = packages.iter().map(|package| package.pinned()).collect();
        let complaint = apt.download(&pinned, folder)?.err();
        for path in file::list(folder)? {
            let found = Sha256::of(&file::read(&path, PACKAGE_BYTES_MAX)?);
            let Some(package) = packages.iter().find(|package| is_archive_of(&path, package))
            else {
                continue;
            };
            check(package, found)?;
            let archive = self.archive(package);
            fs::rename(&path, &archive).map_err(FileError::writing(&archive))?;
        }
        let missing: Vec<_> =
            packages.iter().filter(|p| !self.archive(p).is_file()).map(|p| p.pinned()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let reason = complaint.unwrap_or_else(|| "it was not served".to_owned());
        Err(PackageError::Gone { packages: missing, reason })
    }
}

/// Where it is written what a folder held when it was unpacked.
fn record(tree: &Path) -> PathBuf {
    tree.with_extension("sha256")
}

/// Whether a folder is there and holds what it held when it was unpacked.
fn is_intact(tree: &Path) -> Result<bool, FileError> {
    // Whatever keeps the record from being read, what it is about is unpacked and recorded anew.
    let Ok(recorded) = fs::read(record(tree)) else { return Ok(false) };
    Ok(tree.is_dir() && recorded == contents::digest(tree)?.to_string().as_bytes())
}

/// The client names archives by package, version and architecture, separated by underscores.
fn is_archive_of(path: &Path, package: &Package) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('_').next() == Some(package.name.as_str())
}

fn check(package: &Package, found: Sha256) -> Result<(), PackageError> {
    if found == package.sha256 {
        return Ok(());
    }
    Err(PackageError::Digest { package: package.pinned(), found, locked: package.sha256 })
}

fn unpack(archive: &Path, folder: &Path) -> Result<(), PackageError> {
    let program = "dpkg-deb";
    let output = Command::new(program)
        .arg("-x")
        .arg(archive)
        .arg(folder)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| PackageError::Missing { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(PackageError::Client { program, reason: complaint(&output) })
}

fn remove(folder: &Path) -> Result<(), PackageError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(FileError::writing(folder))?;
    }
    Ok(())
}
