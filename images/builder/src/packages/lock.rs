//! `packages.lock.toml`: exactly which packages, whoever serves them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::PackageError;
use crate::digest::Sha256;
use crate::file;
use crate::limits::{PACKAGE_BYTES_MAX, PACKAGES_MAX};

/// The form of the file.
const FORMAT: &str = "cloister/packages-lock/1";

/// What stands above the packages.
const HEAD: &str = "\
# Written by `cloister image lock --refresh` from packages.toml. Do not edit.
";

/// Which packages, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Lock {
    format: String,
    /// The release beside which all suites are looked for.
    pub release: String,
    /// When the file was written, in seconds since 1970: no image that is built from it is older.
    pub epoch: u64,
    /// In the order of names, then versions.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, with epoch and revision.
    pub version: String,
    /// The suite that served it when it was locked.
    pub suite: String,
    /// What it is built for.
    pub architecture: String,
    /// Of the archive file.
    pub sha256: Sha256,
    /// Of the archive file.
    pub bytes: u64,
    /// What it is used for.
    pub groups: Vec<String>,
}

impl Package {
    /// As the package client names it.
    #[must_use]
    pub fn pinned(&self) -> String {
        format!("{}={}", self.name, self.version)
    }
}

impl Lock {
    /// The lock file that this program was built with.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn built_in() -> Result<Self, PackageError> {
        Self::parse(include_str!("../../../packages.lock.toml"))
    }

    /// Reads a lock file.
    ///
    /// # Errors
    /// As [`Self::parse`], or [`PackageError::File`].
    pub fn read(path: &Path) -> Result<Self, PackageError> {
        Self::parse(&file::read_text(path)?)
    }

    /// Writes the lock file.
    ///
    /// # Errors
    /// [`PackageError::File`], if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), PackageError> {
        Ok(file::write(path, self.text()?.as_bytes())?)
    }

    pub(super) fn new(release: String, epoch: u64, mut packages: Vec<Package>) -> Self {
        packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Self { format: FORMAT.to_owned(), release, epoch, packages }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// [`PackageError::Malformed`] says why.
    pub fn parse(text: &str) -> Result<Self, PackageError> {
        let malformed = |reason| PackageError::Malformed { file: "packages.lock.toml", reason };
        let lock: Self = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        lock.check().map_err(malformed)?;
        Ok(lock)
    }

    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("the format is not {FORMAT}"));
        }
        if self.packages.len() > PACKAGES_MAX {
            return Err(format!("more than {PACKAGES_MAX} packages"));
        }
        let mut seen = BTreeSet::new();
        for package in &self.packages {
            let names = [&package.name, &package.suite, &package.architecture, &self.release];
            if !names.into_iter().chain(&package.groups).all(|name| is_name(name)) {
                return Err(format!("{:?} has something that is not a name", package.name));
            }
            if !is_version(&package.version) {
                return Err(format!("{:?} is not a version", package.version));
            }
            if package.bytes > PACKAGE_BYTES_MAX {
                return Err(format!("{} is larger than {PACKAGE_BYTES_MAX} bytes", package.name));
            }
            if !seen.insert((&package.name, &package.version)) {
                return Err(format!("{} is there twice", package.pinned()));
            }
        }
        Ok(())
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`PackageError::Malformed`], if a value has no form in TOML.
    pub fn text(&self) -> Result<String, PackageError> {
        let text = toml::to_string(self).map_err(|error| PackageError::Malformed {
            file: "packages.lock.toml",
            reason: error.to_string(),
        })?;
        Ok(format!("{HEAD}{text}"))
    }

    /// The packages of one group.
    ///
    /// # Errors
    /// [`PackageError::Group`], if there are none.
    pub fn group(&self, group: &str) -> Result<Vec<&Package>, PackageError> {
        let packages: Vec<_> =
            self.packages.iter().filter(|p| p.groups.iter().any(|g| g == group)).collect();
        if packages.is_empty() {
            let known = self.groups().into_iter().map(str::to_owned).collect();
            return Err(PackageError::Group { group: group.to_owned(), known });
        }
        Ok(packages)
    }

    /// The names of all groups.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<&str> {
        self.packages.iter().flat_map(|package| &package.groups).map(String::as_str).collect()
    }
}

/// SPEC: Debian Policy 5.6.1 and 5.6.7; suites and groups are held to the same.
pub(super) fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c))
}

/// SPEC: Debian Policy 5.6.12.
pub(super) fn is_version(version: &str) -> bool {
    (1..=128).contains(&version.len())
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || "+-.:~".contains(c))
}

#[cfg(test)]
mod tests {
    use super::Lock;

    const TEXT: &str = r#"
        format = "cloister/packages-lock/1"
        release = "bookworm"
        epoch = 1700000000
        [[package]]
        name = "libc6"
        version = "1:2.36-9+deb12u14~x"
        suite = "bookworm-security"
        architecture = "amd64"
        sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        bytes = 12
        groups = ["python", "qemu-system-x86"]
    "#;

    #[test]
    fn reads_what_it_writes() {
        let lock = Lock::parse(TEXT).unwrap();
        assert_eq!(Lock::parse(&lock.text().unwrap()).unwrap(), lock);
        assert_eq!(lock.group("python").unwrap()[0].pinned(), "libc6=1:2.36-9+deb12u14~x");
        let error = lock.group("kernel").unwrap_err().to_string();
        assert!(error.contains("python, qemu-system-x86"), "{error}");
    }

    #[test]
    fn refuses_what_would_be_an_option_a_path_or_another_package() {
        for (from, to) in [
            ("\"libc6\"", "\"-o\""),
            ("\"libc6\"", "\"../libc6\""),
            ("\"libc6\"", "\"libc6 x\""),
            ("\"1:2.36", "\"-1:2.36"),
            ("\"1:2.36", "\"1/2.36"),
            ("bookworm-security", "a b"),
            ("e3b0", "E3b0"),
            ("bytes = 12", "bytes = 99999999999"),
            ("bytes = 12", "bytes = 12\nhost = \"x\""),
            ("lock/1", "lock/2"),
        ] {
            assert!(TEXT.contains(from), "{from}");
            assert!(Lock::parse(&TEXT.replace(from, to)).is_err(), "{to}");
        }
        let twice = format!("{TEXT}{}", &TEXT[TEXT.find("[[").unwrap()..]);
        assert!(Lock::parse(&twice).is_err());
    }

    #[test]
    fn the_one_that_is_built_in_reads() {
        let lock = Lock::built_in().unwrap();
        for group in ["kernel", "stub", "python", "ovmf", "ovmf-amdsev", "qemu-system-x86", "swtpm"]
        {
            assert!(lock.group(group).is_ok(), "{group}");
        }
    }
}
