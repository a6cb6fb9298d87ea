//! The agent's root: a small file system in memory, with what is declared bound into it, read-only.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_change, mount_move, mount_remount,
};
use rustix::process::{chdir, chroot, umask};

use super::{FenceError, Plan, Scratch};

/// Where it is built. Each agent has a mount namespace of its own, so that one place will do.
const PLACE: &str = "/run/cloister/agent";

/// Devices that are no device of the machine's.
pub(super) const DEVICES: [&str; 5] =
    ["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];

/// Files that one scratch folder may have.
const SCRATCH_FILES_MAX: u32 = 16_384;

const LINKS: [(&str, &str); 4] = [
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
];

/// The only names that the agent resolves by itself: it has no network to ask.
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";

/// Builds the root and makes it the process's, with the plan's working folder.
pub(super) fn build(plan: &Plan) -> Result<(), FenceError> {
    umask(Mode::WGRP | Mode::WOTH);
    let quiet = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", quiet).map_err(FenceError::at("keep its mounts to itself"))?;
    let at = Path::new(PLACE);
    fs::create_dir_all(at).map_err(FenceError::at("make a place for its root"))?;
    let closed = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("agent", at, "tmpfs", closed, c"mode=0755,size=1m")
        .map_err(FenceError::at("mount its root"))?;
    declared(at, &plan.read)?;
    devices(at)?;
    let hidden = c"hidepid=invisible,subset=pid";
    made(at, "proc").map_err(FenceError::at("make /proc"))?;
    mount("proc", at.join("proc"), "proc", closed, hidden)
        .map_err(FenceError::at("mount /proc"))?;
    for scratch in &plan.scratch {
        writable(at, scratch, plan.user)?;
    }
    let directory = beneath(at, &plan.directory);
    if !directory.exists() {
        fs::create_dir_all(&directory).map_err(FenceError::at("make its working folder"))?;
    }
    names(at).map_err(FenceError::at("write its hosts"))?;
    mount_remount(at, MountFlags::BIND | MountFlags::RDONLY | closed, "")
        .map_err(FenceError::at("close its root"))?;
    change_to(at).map_err(FenceError::at("change to its root"))?;
    chdir(&plan.directory).map_err(FenceError::at("change to its working folder"))
}

/// The parents first, whose contents they bring.
fn declared(at: &Path, read: &[PathBuf]) -> Result<(), FenceError> {
    let mut paths: Vec<_> = read.iter().collect();
    paths.sort();
    for path in paths {
        let failed = || format!("show {}", path.display());
        bind(at, path, MountFlags::NODEV).map_err(FenceError::at(failed()))?;
    }
    Ok(())
}

fn devices(at: &Path) -> Result<(), FenceError> {
    for device in DEVICES {
        bind(at, Path::new(device), MountFlags::NOEXEC)
            .map_err(FenceError::at(format!("show {device}")))?;
    }
    LINKS
        .iter()
        .try_for_each(|(target, link)| symlink(target, at.join(link)))
        .map_err(FenceError::at("link /dev"))
}

/// Shows `path`, read-only, unless what is shown already brings it.
fn bind(at: &Path, path: &Path, flags: MountFlags) -> io::Result<()> {
    let target = beneath(at, path);
    if target.exists() {
        return Ok(());
    }
    if fs::metadata(path)?.is_dir() {
        fs::create_dir_all(&target)?;
    } else {
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        File::create(&target)?;
    }
    mount_bind(path, &target)?;
    // A device is written to through a mount that is read-only all the same.
    let closed = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | flags;
    Ok(mount_remount(&target, closed, "")?)
}

fn writable(at: &Path, scratch: &Scratch, user: u32) -> Result<(), FenceError> {
    let failed = || format!("make {}", scratch.path.display());
    let target = beneath(at, &scratch.path);
    fs::create_dir_all(&target).map_err(FenceError::at(failed()))?;
    let closed = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let data = format!(
        "mode=0700,uid={user},gid={user},size={},nr_inodes={SCRATCH_FILES_MAX}",
        scratch.bytes
    );
    let data = std::ffi::CString::new(data)
        .map_err(|error| FenceError::other("mount a scratch folder", error))?;
    mount("scratch", &target, "tmpfs", closed, data.as_c_str()).map_err(FenceError::at(failed()))
}

fn names(at: &Path) -> io::Result<()> {
    let hosts = at.join("etc/hosts");
    if hosts.exists() {
        return Ok(());
    }
    made(at, "etc")?;
    match fs::write(hosts, HOSTS) {
        // A declared `/etc` is what it is.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Ok(()),
        written => written,
    }
}

fn made(at: &Path, folder: &str) -> io::Result<()> {
    fs::create_dir_all(at.join(folder))
}

/// SECURITY: not `pivot_root`, which does not work from the root that a kernel unpacks an initial
/// file system into. What lies beneath is out of reach without the right to change the root again,
/// which the agent has not.
fn change_to(at: &Path) -> io::Result<()> {
    chdir(at)?;
    mount_move(".", "/")?;
    chroot(".")?;
    Ok(chdir("/")?)
}

fn beneath(at: &Path, path: &Path) -> PathBuf {
    at.join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::beneath;

    #[test]
    fn an_absolute_path_stays_beneath_the_new_root() {
        let at = Path::new("/run/x");
        assert_eq!(beneath(at, Path::new("/usr/bin/agent")), Path::new("/run/x/usr/bin/agent"));
        assert_eq!(beneath(at, Path::new("/")), Path::new("/run/x"));
    }
}
