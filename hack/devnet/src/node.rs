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
    /// and when the pins change.
    pub async fn with_package(name: &str, package: &Path) -> anyhow::Result<Self> {
        let wanted = std::fs::read_to_string(package).context("the pinned packages are missing")?;
        // The Python package index has Node.js itself as a package, so that no machine needs one.
        let pins = workspace::python_agents().join("nodejs.txt");
        let programs = Python::with_requirements("nodejs", &pins).await?;
        let node = Self { programs, home: workspace::cache().join(name) };
        let marker = node.home.join("installed");
        let _one = workspace::lock(name).await?;
        if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(node);
        }
        if node.home.exists() {
            std::fs::remove_dir_all(&node.home)?;
        }
        std::fs::create_dir_all(&node.home)?;
        std::fs::write(node.home.join("package.json"), &wanted)?;
        let mut npm = Command::new(node.programs.program("npm"));
        npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]);
        let output = npm.current_dir(&node.home).output().await.context("cannot start npm")?;
        let told = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "installing packages for Node.js failed: {told}");
        std::fs::write(marker, wanted)?;
        Ok(node)
    }

    /// Node.js, to be given a script.
    #[must_use]
    pub fn command(&self) -> Command {
        Command::new(self.programs.program("node"))
    }

    /// A copy of `script` beside the packages, where its imports are found.
    pub fn script(&self, script: &Path) -> anyhow::Result<PathBuf> {
        let copy = self.home.join(script.file_name().context("a script has a name")?);
        std::fs::copy(script, &copy)?;
        Ok(copy)
    }
}
