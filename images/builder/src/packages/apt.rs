//! `apt-get` and `apt-cache` with a configuration of their own: own lists, own state, own sources.
//! What is installed on the machine is neither looked at nor changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::error::PackageError;
use super::sources;
use crate::file::{self, FileError};

/// Where the machine says where packages come from.
const ETC: &str = "/etc/apt";

/// The only architecture that images are built for.
pub(super) const ARCHITECTURE: &str = "amd64";

/// The package client, looking at certain suites only.
#[derive(Debug)]
pub(super) struct Apt {
    folder: PathBuf,
    sources: PathBuf,
    /// Which suite wins where several have a package; the newest version, where none does.
    prefer: Option<String>,
}

impl Apt {
    /// A configuration below `folder` that serves `suites`.
    pub(super) fn new(folder: &Path, release: &str, suites: &[&str]) -> Result<Self, PackageError> {
        let sources = folder.join("sources").join(suites.join("+"));
        if sources.exists() {
            fs::remove_dir_all(&sources).map_err(FileError::writing(&sources))?;
        }
        for part in
            [&sources, &folder.join("state/lists/partial"), &folder.join("cache/archives/partial")]
        {
            file::make_folder(part)?;
        }
        for (name, text) in sources::for_suites(Path::new(ETC), release, suites)? {
            file::write(&sources.join(name), text.as_bytes())?;
        }
        file::write(&folder.join("status"), b"")?;
        Ok(Self { folder: folder.to_owned(), sources, prefer: None })
    }

    /// The same, with one suite preferred.
    pub(super) fn preferring(self, prefer: Option<String>) -> Self {
        Self { prefer, ..self }
    }

    /// Fetches the lists of packages.
    pub(super) fn update(&self) -> Result<(), PackageError> {
        self.get(&["update", "--error-on=any"]).map(drop)
    }

    /// What `apt-get` prints.
    pub(super) fn get(&self, arguments: &[&str]) -> Result<String, PackageError> {
        printed("apt-get", self.run("apt-get", arguments, &self.folder)?)
    }

    /// What `apt-cache` prints.
    pub(super) fn cache(&self, arguments: &[&str]) -> Result<String, PackageError> {
        printed("apt-cache", self.run("apt-cache", arguments, &self.folder)?)
    }

    /// Fetches packages into `folder`, and returns what the client complained of.
    pub(super) fn download(
        &self,
        packages: &[String],
        folder: &Path,
    ) -> Result<Result<(), String>, PackageError> {
        let words = packages.iter().map(String::as_str);
        let arguments: Vec<_> = ["download"].into_iter().chain(words).collect();
        let output = self.run("apt-get", &arguments, folder)?;
        Ok(if output.status.success() { Ok(()) } else { Err(complaint(&output)) })
    }

    fn run(
        &self,
        program: &'static str,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<Output, PackageError> {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        // What it prints is parsed.
        command.env("LC_ALL", "C.UTF-8").env("DEBIAN_FRONTEND", "noninteractive");
        let prefer = self.prefer.iter().map(|suite| ("APT::Default-Release", suite.clone()));
        for (option, value) in self.options().into_iter().chain(prefer) {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command.args(arguments);
        command.output().map_err(|source| PackageError::Missing { program, source })
    }

    fn options(&self) -> [(&'static str, String); 14] {
        let below = |path: &str| self.folder.join(path).display().to_string();
        [
            ("Dir::Etc::SourceList", "/dev/null".to_owned()),
            ("Dir::Etc::SourceParts", self.sources.display().to_string()),
            ("Dir::Etc::Preferences", "/dev/null".to_owned()),
            ("Dir::Etc::PreferencesParts", "/dev/null".to_owned()),
            ("Dir::State", below("state")),
            ("Dir::State::status", below("status")),
            ("Dir::Cache", below("cache")),
            ("APT::Architecture", ARCHITECTURE.to_owned()),
            ("APT::Architectures", ARCHITECTURE.to_owned()),
            ("APT::Install-Recommends", "false".to_owned()),
            // Lists of other suites stay where they are.
            ("APT::Get::List-Cleanup", "false".to_owned()),
            ("Acquire::Languages", "none".to_owned()),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".to_owned()),
            ("Acquire::Retries", "3".to_owned()),
        ]
    }
}

/// What a program of the package client printed, if it succeeded.
pub(super) fn printed(program: &'static str, output: Output) -> Result<String, PackageError> {
    if !output.status.success() {
        return Err(PackageError::Client { program, reason: complaint(&output) });
    }
    String::from_utf8(output.stdout).map_err(|_| PackageError::Client {
        program,
        reason: "it printed something that is not UTF-8".to_owned(),
    })
}

/// The errors among what was printed, in one line.
pub(super) fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("E:")).collect();
    let lines = if errors.is_empty() { text.lines().rev().take(3).collect() } else { errors };
    let words = lines.join("; ");
    if words.is_empty() { output.status.to_string() } else { words }
}
