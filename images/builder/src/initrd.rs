//! The initial RAM file system: the runtime as first process, modules, and the agent's files.

use cloister_attestation::code::{Code, Diagnostic};

use crate::modules::Module;
use crate::progress::{Progress, Step};
use crate::tree::{Tree, TreeError};
use crate::{cpio, lz4};

cloister_attestation::codes! {
    /// No archive can be made of the image's files.
    INITRD = "image.initrd", Caller, "",
        "Leave the file that the message names out of the image.",
        "The initial RAM file system is a cpio archive, whose files are smaller than 4 GiB.";
}

/// Where the list of modules is, and the modules are.
const MODULES: &str = "/lib/modules";
/// Where the runtime finds the earliest time that it believes in.
const EPOCH: &str = "/etc/cloister/epoch";
/// Folders that the runtime mounts file systems on, or that programs expect.
const FOLDERS: &[&str] = &["/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var/empty"];
/// Files without which C libraries find neither user nor loopback; an agent may bring its own.
const FILES: &[(&str, &str)] = &[
    ("/etc/passwd", "root:x:0:0::/:/nonexistent\nagent:x:1000:1000::/var/empty:/nonexistent\n"),
    ("/etc/group", "root:x:0:\nagent:x:1000:\n"),
    ("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
];

/// No archive can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitrdError {
    /// A file does not fit the format.
    #[error(transparent)]
    Cpio(#[from] cpio::TooLarge),
}

impl Diagnostic for InitrdError {
    fn code(&self) -> &'static Code {
        &INITRD
    }
}

/// Adds to an agent's files what every guest has. The runtime, its modules and the earliest time that
/// it believes in, in seconds since 1970, replace whatever the agent has in their places.
///
/// # Errors
/// [`TreeError`], if the agent's files leave no place for them.
pub fn furnish(
    tree: &mut Tree,
    runtime: &[u8],
    modules: Vec<Module>,
    epoch: u64,
) -> Result<(), TreeError> {
    FOLDERS.iter().try_for_each(|folder| tree.folder(folder))?;
    for (path, text) in FILES {
        if tree.find(path)?.is_none() {
            tree.file(path, text.as_bytes().to_vec(), false)?;
        }
    }
    tree.remove(EPOCH)?;
    tree.file(EPOCH, epoch.to_string().into_bytes(), false)?;
    tree.remove("/init")?;
    tree.file("/init", runtime.to_vec(), true)?;
    tree.remove(MODULES)?;
    let mut list = String::new();
    for module in modules {
        let path = format!("{MODULES}/{}.ko", module.name);
        list.push_str(&path);
        list.push('\n');
        tree.file(&path, module.bytes, false)?;
    }
    tree.file(&format!("{MODULES}/load"), list.into_bytes(), false)
}

/// The compressed archive of `tree`.
///
/// # Errors
/// [`InitrdError`], if a file is too large for the format.
pub fn compress(tree: &Tree, progress: &dyn Progress) -> Result<Vec<u8>, InitrdError> {
    let archive = cpio::archive(tree)?;
    progress.begin(Step::Compressing, u64::try_from(archive.len()).ok());
    let compressed = lz4::compress(&archive, progress);
    progress.end();
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::{compress, furnish};
    use crate::modules::Module;
    use crate::progress::Silent;
    use crate::tree::{Kind, Tree};

    #[test]
    fn the_runtime_and_its_modules_replace_what_an_agent_puts_in_their_places() {
        let mut tree = Tree::new();
        tree.link("/lib", "usr/lib").unwrap();
        tree.file("/usr/lib/modules/evil.ko", b"evil".to_vec(), false).unwrap();
        tree.link("/init", "usr/bin/sh").unwrap();
        tree.file("/etc/passwd", b"own".to_vec(), false).unwrap();
        let modules =
            ["b", "a"].map(|name| Module { name: name.to_owned(), bytes: b"ko".to_vec() });
        furnish(&mut tree, b"runtime", modules.into(), 17).unwrap();
        assert_eq!(tree.read("/etc/cloister/epoch").unwrap().data(), b"17");
        assert_eq!(tree.read("/init").unwrap().data(), b"runtime");
        assert!(tree.iter().any(|(path, entry)| path == "init" && entry.kind() == Kind::File));
        assert!(tree.find("/lib/modules/evil.ko").unwrap().is_none());
        let list = tree.read("/lib/modules/load").unwrap().data();
        assert_eq!(list, b"/lib/modules/b.ko\n/lib/modules/a.ko\n");
        assert_eq!(tree.read("/etc/passwd").unwrap().data(), b"own");
        assert!(tree.find("/etc/hosts").unwrap().is_some());
    }

    #[test]
    fn the_compressed_archive_is_the_archive() {
        let mut tree = Tree::new();
        tree.file("/a", vec![1; 5000], false).unwrap();
        let bytes = compress(&tree, &Silent).unwrap();
        assert!(bytes.len() < 1000);
        assert_eq!(crate::lz4::decompress(&bytes), Ok(crate::cpio::archive(&tree).unwrap()));
    }
}
