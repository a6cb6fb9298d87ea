//! Where the built programs and the project's own files are.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The programs that a run starts, all from the folder of the running program's build.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `cloisterd`.
    pub runtime: PathBuf,
    /// `cloister-verifier`.
    pub verifier: PathBuf,
    /// `cloister`.
    pub cli: PathBuf,
    /// The demo's agent on the official Rust SDK.
    pub agent: PathBuf,
}

impl Programs {
    /// Finds all four in `dir`; says which one is not there and how to build it.
    pub fn in_dir(dir: &Path) -> anyhow::Result<Self> {
        let find = |name: &str| {
            let path = dir.join(name);
            anyhow::ensure!(
                path.is_file(),
                "{name} is not built: run `cargo demo`, or `cargo build --workspace --all-targets` for tests"
            );
            Ok(path)
        };
        Ok(Self {
            runtime: find("cloisterd")?,
            verifier: find("cloister-verifier")?,
            cli: find("cloister")?,
            agent: find("cloister-sample-agent")?,
        })
    }

    /// Those of the build that the running program belongs to (`target/debug`, `target/release`).
    pub fn of_this_build() -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("cannot tell where this program is")?;
        let mut dir = this.parent().context("this program is in no folder")?.to_path_buf();
        if dir.ends_with("deps") {
            dir.pop();
        }
        Self::in_dir(&dir)
    }
}

/// Where `cargo xtask guest` puts the programs that are linked statically: the runtime, and an
/// agent.
pub fn guest_programs() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program is")?;
    let mut folders = this.ancestors();
    let found = folders.find(|folder| folder.join("guest/cloisterd").is_file());
    let target = found.context("the guest's programs are not built: run `cargo xtask guest`")?;
    Ok(target.join("guest"))
}

/// The Python agent, client and pinned requirements of the demo.
#[must_use]
pub fn python_agents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("agents")
}

/// Where set-up that is worth keeping is kept, such as the Python environment.
#[must_use]
pub fn cache() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.unwrap_or_else(|| Path::new(".")).join(".cache")
}

/// Keeps other processes from setting up the same thing in the cache, until it is dropped.
pub async fn lock(name: &str) -> anyhow::Result<std::fs::File> {
    std::fs::create_dir_all(cache())?;
    let lock = std::fs::File::create(cache().join(format!("{name}.lock")))?;
    Ok(tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??)
}
