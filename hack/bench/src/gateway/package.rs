//! Programs of the machine's distribution, unpacked into the cache. Nothing is installed: the
//! system is as it was, and no privilege is needed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cloister_devnet::workspace;
use tokio::process::Command;

/// Packages that one program may bring with it.
const PACKAGES_MAX: usize = 16;

/// A program of a package, with the libraries that the system does not have.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    program: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Installed {
    /// The program `path` of `package`, fetched on first use.
    pub(super) async fn fetch(package: &str, path: &str) -> Result<Self> {
        let root = workspace::cache().join(package);
        let _one = workspace::lock(package).await?;
        if !root.join(path).is_file() {
            let half = workspace::cache().join(format!("{package}.part"));
            // What an interrupted run left.
            drop(fs::remove_dir_all(&half));
            fs::create_dir_all(&half)?;
            unpack(package, &half).await.with_context(|| {
                format!(
                    "{package} is a package of the distribution, fetched with apt-get; on a \
                     machine without it, unpack one into {}",
                    root.display()
                )
            })?;
            fs::rename(&half, &root)?;
        }
        let program = root.join(path);
        ensure!(program.is_file(), "{package} has no {path}");
        Ok(Self { program, libraries: libraries(&root.join("usr/lib"))? })
    }

    /// The program, to be given its arguments.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let folders: Vec<_> = self.libraries.iter().map(|it| it.display().to_string()).collect();
        command.env("LD_LIBRARY_PATH", folders.join(":"));
        command
    }
}

/// Fetches and unpacks `package` and the libraries that it needs and the system does not have. What
/// else it depends on is there to install it, or to run it as a service.
async fn unpack(package: &str, root: &Path) -> Result<()> {
    let (mut wanted, mut seen) = (vec![package.to_owned()], BTreeSet::new());
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) || (name != package && is_installed(&name).await) {
            continue;
        }
        ensure!(seen.len() <= PACKAGES_MAX, "it needs too many packages");
        let archive = download(&name, root).await?;
        let archive = archive.as_os_str();
        let needs = run("dpkg-deb", &[OsStr::new("-f"), archive, OsStr::new("Depends")]).await?;
        wanted.extend(first_choices(&needs).filter(|name| name.starts_with("lib")));
        run("dpkg-deb", &[OsStr::new("-x"), archive, root.as_os_str()]).await?;
        fs::remove_file(archive)?;
    }
    Ok(())
}

/// The package's archive, in `folder`.
async fn download(name: &str, folder: &Path) -> Result<PathBuf> {
    let mut command = Command::new("apt-get");
    command.args(["download", "-q", name]).current_dir(folder);
    answered(command).await?;
    let archive = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new("deb")));
    archive.with_context(|| format!("apt-get brought no {name}"))
}

async fn is_installed(name: &str) -> bool {
    let arguments = ["-W", "-f", "${db:Status-Status}", name].map(OsStr::new);
    run("dpkg-query", &arguments).await.is_ok_and(|status| status == "installed")
}

async fn run(program: &str, arguments: &[&OsStr]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    answered(command).await
}

async fn answered(mut command: Command) -> Result<String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.output().await.with_context(|| format!("cannot start {program}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} failed: {told}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The first package of each choice in a `Depends` field, without its version.
fn first_choices(depends: &str) -> impl Iterator<Item = String> {
    let choices = depends.split(',').filter_map(|choices| choices.split('|').next());
    let names = choices.filter_map(|choice| choice.split_whitespace().next());
    names.map(|name| name.split(':').next().unwrap_or(name).to_owned())
}

/// The folders of libraries: one, and one for the machine's architecture.
fn libraries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.push(path);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::first_choices;

    #[test]
    fn the_first_of_each_choice_is_taken_without_its_version() {
        let depends = "libc6 (>= 2.34), liblua5.3-0, a:any | b, libssl3 (>= 3.0.0)\n";
        let expected = ["libc6", "liblua5.3-0", "a", "libssl3"];
        assert!(first_choices(depends).eq(expected));
        assert_eq!(first_choices("").count(), 0);
    }
}
