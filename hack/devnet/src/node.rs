//! A pinned Node.js and pinned packages for it, installed once into the cache.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::process::Command;

use crate::python::Python;
use crate::workspace;

/// Node.js, and a folder from which it finds the packages that were asked for.
#[derive(Clone, Debug)]
pub struct Node {
    programs: Python,
    home: PathBuf,
}

impl Node {
    /// The cached folder `name` with what `package` (a `package.json`) pins, filled on first use
    /// and when the pins change. A `package-lock.json` beside it pins what the packages need
    /// themselves, with digests; it is needed where they need anything.
    pub async fn with_package(name: &str, package: &Path) -> anyhow::Result<Self> {
        let pins = Pins::read(package)?;
        // The Python package index has Node.js itself as a package, so that no machine needs one.
        let nodejs = workspace::python_agents().join("nodejs.txt");
        let programs = Python::with_requirements("nodejs", &nodejs).await?;
        let node = Self { programs, home: workspace::cache().join(name) };
        let marker = node.home.join("installed");
        let _one = workspace::lock(name).await?;
        if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == pins.all()) {
            return Ok(node);
        }
        if node.home.exists() {
            std::fs::remove_dir_all(&node.home)?;
        }
        std::fs::create_dir_all(&node.home)?;
        let mut npm = Command::new(node.programs.program("npm"));
        npm.args(pins.write(&node.home)?).args(["--no-audit", "--no-fund", "--ignore-scripts"]);
        let output = npm.current_dir(&node.home).output().await.context("cannot start npm")?;
        let told = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "installing packages for Node.js failed: {told}");
        std::fs::write(marker, pins.all())?;
        Ok(node)
    }

    /// Node.js, to be given a script.
    #[must_use]
    pub fn command(&self) -> Command {
        Command::new(self.interpreter())
    }

    /// The program that runs scripts.
    #[must_use]
    pub fn interpreter(&self) -> PathBuf {
        self.programs.program("node")
    }

    /// A program that one of the packages brought, to be given to Node.js.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.home.join("node_modules/.bin").join(name)
    }

    /// A copy of `script` beside the packages, where its imports are found. Other processes never
    /// find half of one.
    pub fn script(&self, script: &Path) -> anyhow::Result<PathBuf> {
        let copy = self.home.join(script.file_name().context("a script has a name")?);
        let mut new = tempfile::NamedTempFile::new_in(&self.home)?;
        std::io::copy(&mut std::fs::File::open(script)?, &mut new)?;
        new.persist(&copy)?;
        Ok(copy)
    }
}

const PACKAGE: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// What is to be installed.
struct Pins {
    package: String,
    lock: Option<String>,
}

impl Pins {
    fn read(package: &Path) -> anyhow::Result<Self> {
        let lock = package.with_file_name(LOCK);
        let lock = lock.exists().then(|| std::fs::read_to_string(lock)).transpose()?;
        let package = std::fs::read_to_string(package);
        Ok(Self { package: package.context("the pinned packages are missing")?, lock })
    }

    /// Both files in one.
    fn all(&self) -> String {
        self.lock.as_ref().map_or_else(|| self.package.clone(), |lock| self.package.clone() + lock)
    }

    /// Puts the files where npm looks for them; returns what npm is to do.
    fn write(&self, home: &Path) -> anyhow::Result<&'static [&'static str]> {
        std::fs::write(home.join(PACKAGE), &self.package)?;
        let Some(lock) = &self.lock else { return Ok(&["install", "--no-package-lock"]) };
        std::fs::write(home.join(LOCK), lock)?;
        Ok(&["ci"])
    }
}
