//! Pinned Python packages, installed once into virtual environments in the cache: the official A2A
//! SDK among them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::process::Command;

use crate::workspace;

/// A Python environment that holds pinned packages.
#[derive(Clone, Debug)]
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// The environment with the official A2A SDK.
    pub async fn with_a2a_sdk() -> anyhow::Result<Self> {
        let pins = workspace::python_agents().join("requirements.txt");
        Self::with_requirements("python-a2a", &pins).await
    }

    /// The cached environment `name` with what the file `pins` names, made and filled on first use
    /// and when the pins change.
    pub async fn with_requirements(name: &str, pins: &Path) -> anyhow::Result<Self> {
        let wanted =
            std::fs::read_to_string(pins).context("the pinned requirements are missing")?;
        let home = workspace::cache().join(name);
        let python = Self { interpreter: home.join("bin/python") };
        let marker = home.join("installed");
        let _one = workspace::lock(name).await?;
        if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&home)).await?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(&python.interpreter).args(pip).arg(pins)).await?;
        std::fs::write(marker, wanted)?;
        Ok(python)
    }

    /// The interpreter of the environment.
    #[must_use]
    pub fn interpreter(&self) -> &Path {
        &self.interpreter
    }

    /// A program that one of the packages brought.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.interpreter.with_file_name(name)
    }

    /// Asks the agent below `url` with the SDK's own client; see `agents/ask.py`.
    pub async fn ask(
        &self,
        url: &str,
        text: &str,
        options: &[&str],
    ) -> anyhow::Result<serde_json::Value> {
        let words: Vec<&str> = [url, text].iter().chain(options).copied().collect();
        self.run("ask.py", &words).await
    }

    /// Runs a script of `agents/` and returns the JSON that it printed.
    pub async fn run(&self, script: &str, words: &[&str]) -> anyhow::Result<serde_json::Value> {
        let mut command = Command::new(&self.interpreter);
        command.arg(workspace::python_agents().join(script)).args(words).kill_on_drop(true);
        let output = command.output().await.context("cannot start the Python client")?;
        anyhow::ensure!(
            output.status.success(),
            "the Python client failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("the Python client printed no JSON")
    }
}

/// A cached folder with the official A2A SDK and all that it needs as wheels for CPython 3.11 on
/// x86-64 Linux, filled on first use and when the pins change.
pub async fn wheels() -> anyhow::Result<PathBuf> {
    let pins = workspace::python_agents().join("requirements.txt");
    let wanted = std::fs::read_to_string(&pins).context("the pinned requirements are missing")?;
    let home = workspace::cache().join("python-a2a-wheels");
    let marker = home.join("complete");
    let _one = workspace::lock("python-a2a-wheels").await?;
    if std::fs::read_to_string(&marker).is_ok_and(|complete| complete == wanted) {
        return Ok(home);
    }
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
    command.args(["--only-binary", ":all:", "--no-deps", "--python-version", "3.11"]);
    for platform in ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_28_x86_64"] {
        command.args(["--platform", platform]);
    }
    command.arg("--dest").arg(&home).arg("-r").arg(pins);
    run(&mut command).await?;
    std::fs::write(marker, wanted)?;
    Ok(home)
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .output()
        .await
        .context("python3 is needed: install it, or use --agents rust for the demo")?;
    anyhow::ensure!(
        output.status.success(),
        "setting up the Python environment failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
