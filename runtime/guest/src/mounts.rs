//! The file systems of a guest. Whatever can be written to cannot be executed from.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount, mount_remount};
use tracing::info;

use crate::GuestError;

/// One mount.
#[derive(Clone, Copy, Debug)]
struct Place {
    kind: &'static str,
    at: &'static str,
    flags: MountFlags,
    data: &'static core::ffi::CStr,
    needed: bool,
}

const CLOSED: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// What a process needs before anything else.
const FIRST: [Place; 4] = [
    Place { kind: "proc", at: "/proc", flags: CLOSED, data: c"", needed: true },
    Place { kind: "sysfs", at: "/sys", flags: CLOSED, data: c"", needed: true },
    // Without NODEV: it is where the devices are.
    Place {
        kind: "devtmpfs",
        at: "/dev",
        flags: MountFlags::NOSUID.union(MountFlags::NOEXEC),
        data: c"mode=0755",
        needed: true,
    },
    Place { kind: "tmpfs", at: "/run", flags: CLOSED, data: c"mode=0755,size=16m", needed: true },
];

/// What modules may have to bring first, and what a kernel may lack.
const SECOND: [Place; 3] = [
    Place { kind: "configfs", at: "/sys/kernel/config", flags: CLOSED, data: c"", needed: false },
    Place {
        kind: "securityfs",
        at: "/sys/kernel/security",
        flags: CLOSED,
        data: c"",
        needed: false,
    },
    Place { kind: "cgroup2", at: "/sys/fs/cgroup", flags: CLOSED, data: c"", needed: false },
];

/// Mounts `/proc`, `/sys`, `/dev` and `/run`.
///
/// # Errors
/// [`GuestError::Mount`] for the first that the kernel refuses.
pub fn first() -> Result<(), GuestError> {
    FIRST.iter().try_for_each(|place| place.mount().map(drop))
}

/// Mounts what modules may have to bring: configfs for Evidence, securityfs for the lockdown,
/// cgroup2 for limits. What the kernel lacks is logged.
///
/// # Errors
/// [`GuestError::Mount`] if the kernel has one of them and refuses it.
pub fn second() -> Result<(), GuestError> {
    let mut absent = Vec::new();
    for place in &SECOND {
        if !place.mount()? {
            absent.push(place.kind);
        }
    }
    info!(?absent, "mounted");
    Ok(())
}

/// Makes the root file system, which the image filled, read-only.
///
/// # Errors
/// [`GuestError::Mount`] if the kernel refuses.
pub fn seal() -> Result<(), GuestError> {
    // SECURITY: this mount, not the file system's instance: it holds wherever the root comes from.
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    mount_remount("/", flags, "").map_err(|errno| GuestError::Mount {
        kind: "the root, read-only,",
        at: "/",
        source: errno.into(),
    })
}

impl Place {
    /// False if the kernel lacks it and it is not needed.
    fn mount(&self) -> Result<bool, GuestError> {
        let failed = |source: io::Error| GuestError::Mount { kind: self.kind, at: self.at, source };
        if !self.needed && !is_known(self.kind).map_err(failed)? {
            return Ok(false);
        }
        // Folders of sysfs are the kernel's to make.
        if !Path::new(self.at).exists() {
            fs::create_dir_all(self.at).map_err(failed)?;
        }
        match mount(self.kind, self.at, self.kind, self.flags, self.data) {
            // Mounted already, by a kernel that was built to do so.
            Ok(()) | Err(Errno::BUSY) => Ok(true),
            Err(errno) => Err(failed(errno.into())),
        }
    }
}

/// Whether the kernel has the kind of file system at this moment.
fn is_known(kind: &str) -> io::Result<bool> {
    let list = fs::read_to_string("/proc/filesystems")?;
    Ok(list.lines().any(|line| line.split_ascii_whitespace().next_back() == Some(kind)))
}

/// Writes a file that only root may read, beneath `/run`.
///
/// # Errors
/// The system's reason.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use rustix::fs::{Mode, OFlags, openat};
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = openat(CWD, path, flags, Mode::RUSR | Mode::WUSR)?;
    io::Write::write_all(&mut fs::File::from(file), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{CLOSED, FIRST, MountFlags, SECOND, is_known, write_private};

    #[test]
    fn nothing_that_can_be_written_to_can_be_executed_from() {
        for place in FIRST.iter().chain(&SECOND) {
            assert!(place.flags.contains(MountFlags::NOEXEC | MountFlags::NOSUID), "{place:?}");
            assert!(place.flags.contains(CLOSED) || place.at == "/dev", "{place:?}");
        }
    }

    #[test]
    fn a_kernel_knows_its_own_file_systems_and_no_others() {
        assert!(is_known("proc").unwrap());
        assert!(!is_known("nodev").unwrap(), "a column's word is no name");
    }

    #[test]
    fn a_private_file_is_for_its_owner_and_never_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/node.toml");
        write_private(&path, "a = 1").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(write_private(&path, "a = 2").is_err());
    }
}
