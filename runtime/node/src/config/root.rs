//! Where the image's files are: the machine's own root, or a folder that becomes one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

/// Where absolute paths start.
#[derive(Clone, Debug, Default)]
pub struct Root(Option<PathBuf>);

impl Root {
    /// The root that this process has.
    #[must_use]
    pub const fn own() -> Self {
        Self(None)
    }

    /// A folder that will be the root of a guest. Nothing outside of it is ever opened: symbolic
    /// links in it mean what they will mean in the guest.
    #[must_use]
    pub const fn folder(path: PathBuf) -> Self {
        Self(Some(path))
    }

    /// Opens the file that has this path below the root, for reading.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        let Some(root) = &self.0 else { return File::open(path) };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat2(File::open(root)?, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)?;
        Ok(file.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::Root;

    fn read(root: &Root, path: &str) -> std::io::Result<String> {
        let mut text = String::new();
        root.open(Path::new(path))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn no_path_and_no_link_leaves_the_folder() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("root");
        fs::create_dir_all(folder.join("etc")).unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        fs::write(folder.join("etc/name"), "inside").unwrap();
        symlink("/etc/name", folder.join("absolute")).unwrap();
        symlink("../../secret", folder.join("etc/up")).unwrap();
        symlink(outside.path().join("secret"), folder.join("away")).unwrap();
        let root = Root::folder(folder);
        for path in ["/etc/name", "etc/name", "/absolute", "/../../etc/name"] {
            assert_eq!(read(&root, path).unwrap(), "inside", "{path}");
        }
        for path in ["/etc/up", "/away", "/../secret"] {
            assert!(read(&root, path).is_err(), "{path}");
        }
    }
}
