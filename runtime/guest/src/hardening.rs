//! What a guest does not need is switched off, for good where the kernel can.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tracing::info;

use crate::GuestError;

/// A setting beneath `/proc/sys`, and what it has to be.
type Setting = (&'static str, &'static str);

/// In this order: what cannot be undone comes first, so that nothing after it can undo it.
const SETTINGS: [Setting; 29] = [
    // The kernel stays what was measured.
    ("kernel/modules_disabled", "1"),
    ("kernel/kexec_load_disabled", "1"),
    ("kernel/usermodehelper/bset", "0 0"),
    ("kernel/usermodehelper/inheritable", "0 0"),
    // Nobody looks into another process, or into the kernel.
    ("kernel/yama/ptrace_scope", "3"),
    ("kernel/unprivileged_bpf_disabled", "1"),
    ("kernel/perf_event_paranoid", "3"),
    ("kernel/dmesg_restrict", "1"),
    ("kernel/kptr_restrict", "2"),
    ("kernel/sysrq", "0"),
    ("net/core/bpf_jit_harden", "2"),
    ("vm/unprivileged_userfaultfd", "0"),
    ("kernel/io_uring_disabled", "2"),
    ("dev/tty/ldisc_autoload", "0"),
    // Memory of a process is never written to a disk.
    ("kernel/core_pattern", "|/bin/false"),
    ("kernel/core_uses_pid", "0"),
    ("fs/suid_dumpable", "0"),
    // What is written is not executed, and addresses are not guessed.
    ("vm/memfd_noexec", "2"),
    ("vm/mmap_min_addr", "65536"),
    ("kernel/randomize_va_space", "2"),
    // Only the fence makes namespaces, and it is not for users.
    ("user/max_user_namespaces", "0"),
    ("fs/protected_symlinks", "1"),
    ("fs/protected_hardlinks", "1"),
    ("fs/protected_fifos", "2"),
    ("fs/protected_regular", "2"),
    // The network tells the guest nothing about routes.
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    // A kernel that is not sure of itself ends.
    ("kernel/panic_on_oops", "1"),
    ("kernel/panic", "-1"),
];

const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
const CONFIDENTIALITY: &str = "confidentiality";

/// Switches everything off, and raises the lockdown.
///
/// # Errors
/// [`GuestError::Hardening`] for a feature that the kernel has and does not switch off.
pub fn apply() -> Result<(), GuestError> {
    let mut absent = settings(Path::new("/proc/sys"))?;
    if !lockdown(Path::new(LOCKDOWN))? {
        absent.push("lockdown");
    }
    info!(?absent, "hardened");
    Ok(())
}

/// The settings that the kernel does not have.
fn settings(root: &Path) -> Result<Vec<&'static str>, GuestError> {
    let mut absent = Vec::new();
    for (name, value) in SETTINGS {
        let path = root.join(name);
        if !path.exists() {
            absent.push(name);
            continue;
        }
        let failed = |source| GuestError::Hardening { path: path.clone(), value, source };
        let written = fs::write(&path, value);
        let is = fs::read_to_string(&path).map_err(failed)?;
        // Some can be set once, or not to what they are.
        if !is_as_wanted(&is, value) {
            return Err(failed(written.err().unwrap_or_else(|| unchanged(&is))));
        }
    }
    Ok(absent)
}

/// The kernel separates numbers as it likes.
fn is_as_wanted(is: &str, value: &str) -> bool {
    is.split_ascii_whitespace().eq(value.split_ascii_whitespace())
}

fn unchanged(is: &str) -> io::Error {
    io::Error::other(format!("it is still {:?}", is.trim_end()))
}

/// False if the kernel has no lockdown.
fn lockdown(path: &Path) -> Result<bool, GuestError> {
    let failed = |source| {
        let (path, value) = (PathBuf::from(path), CONFIDENTIALITY);
        GuestError::Hardening { path, value, source }
    };
    let mode = match fs::read_to_string(path) {
        Ok(mode) => mode,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    // The command line may have done so already; it can only be raised.
    if !mode.contains("[confidentiality]") {
        fs::write(path, CONFIDENTIALITY).map_err(failed)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{SETTINGS, is_as_wanted, lockdown, settings};

    #[test]
    fn what_the_kernel_has_is_set_and_what_it_lacks_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("kernel")).unwrap();
        fs::write(root.path().join("kernel/sysrq"), "438\n").unwrap();
        let absent = settings(root.path()).unwrap();
        assert_eq!(absent.len(), SETTINGS.len() - 1);
        assert!(!absent.contains(&"kernel/sysrq"));
        assert_eq!(fs::read_to_string(root.path().join("kernel/sysrq")).unwrap(), "0");
    }

    #[test]
    fn a_setting_that_cannot_be_made_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        // A folder exists and cannot be written.
        fs::create_dir_all(root.path().join("kernel/modules_disabled")).unwrap();
        let error = settings(root.path()).unwrap_err();
        assert!(error.to_string().contains("modules_disabled"), "{error}");
    }

    #[test]
    fn numbers_count_and_not_the_space_between_them() {
        assert!(is_as_wanted("0\t0\n", "0 0"));
        assert!(!is_as_wanted("0\t1\n", "0 0"));
        assert!(!is_as_wanted("", "1"));
    }

    #[test]
    fn the_lockdown_is_raised_where_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockdown");
        assert!(!lockdown(&path).unwrap());
        fs::write(&path, "none integrity [confidentiality]\n").unwrap();
        assert!(lockdown(&path).unwrap());
        assert!(fs::read_to_string(&path).unwrap().starts_with("none"), "not written again");
        fs::write(&path, "[none] integrity confidentiality\n").unwrap();
        assert!(lockdown(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "confidentiality");
    }
}
