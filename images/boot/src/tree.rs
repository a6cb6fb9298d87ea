//! Programs of packages that were unpacked into a folder, and not installed.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// Where packages have their libraries.
pub(crate) const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// A program of packages that were unpacked into `root`: with their libraries, also those in folders
/// `nested` in the usual one, and if the C library is one of them, with its loader, since the
/// machine's own fits only its own.
pub(crate) fn command(root: &Path, program: &Path, nested: &[&str]) -> Command {
    let libraries = libraries(root, nested);
    let loader = root.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    if loader.is_file() {
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(libraries).arg(program);
        command
    } else {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", libraries);
        command
    }
}

/// The folders of the libraries that were unpacked.
fn libraries(root: &Path, nested: &[&str]) -> OsString {
    let folders = [LIBRARIES, "lib/x86_64-linux-gnu"].map(|folder| root.join(folder));
    let nested = nested.iter().map(|name| root.join(LIBRARIES).join(name));
    // INVARIANT: a colon in a path would be one in the cache's, which other programs refuse too.
    std::env::join_paths(folders.into_iter().chain(nested)).unwrap_or_default()
}
