//! What a folder holds, as one digest: whether anything in it changed since.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::digest::Sha256;
use crate::file::{self, FileError};
use crate::limits::FILE_BYTES_MAX;

/// The digest of all names, modes, contents and targets below `folder`. Times and owners are not
/// in it.
///
/// # Errors
/// [`FileError`] names what cannot be read.
pub(super) fn digest(folder: &Path) -> Result<Sha256, FileError> {
    let mut lines = Vec::new();
    add(folder, &mut lines)?;
    Ok(Sha256::of(&lines))
}

/// A line for each entry, in an order that is no file system's own. No name has a NUL in it.
fn add(folder: &Path, lines: &mut Vec<u8>) -> Result<(), FileError> {
    for path in file::list(folder)? {
        let metadata = fs::symlink_metadata(&path).map_err(FileError::reading(&path))?;
        let (kind, data) = if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(FileError::reading(&path))?;
            ('l', Sha256::of(target.as_os_str().as_bytes()).to_string())
        } else if metadata.is_dir() {
            ('d', String::new())
        } else if metadata.is_file() {
            ('f', Sha256::of(&file::read(&path, FILE_BYTES_MAX)?).to_string())
        } else {
            // No package has any: reading a pipe would wait for ever.
            ('o', String::new())
        };
        lines.extend(path.file_name().unwrap_or_default().as_bytes());
        let mode = metadata.permissions().mode();
        lines.extend(format!("\0{kind} {mode:o} {data}\n").as_bytes());
        if kind == 'd' {
            add(&path, lines)?;
            lines.extend(b"\0end\n");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use super::digest;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("usr/lib")).unwrap();
        fs::write(folder.path().join("usr/lib/a"), "a").unwrap();
        fs::write(folder.path().join("usr/b"), "b").unwrap();
        symlink("usr/b", folder.path().join("link")).unwrap();
        folder
    }

    #[test]
    fn folders_of_the_same_content_have_the_same_digest() {
        assert_eq!(digest(folder().path()).unwrap(), digest(folder().path()).unwrap());
    }

    #[test]
    fn every_change_is_noticed() {
        let changes: [fn(&Path); 8] = [
            |at| fs::write(at.join("usr/lib/a"), "b").unwrap(),
            |at| fs::write(at.join("usr/lib/c"), "").unwrap(),
            |at| fs::create_dir(at.join("var")).unwrap(),
            |at| drop(UnixListener::bind(at.join("socket")).unwrap()),
            |at| fs::remove_file(at.join("usr/b")).unwrap(),
            |at| fs::rename(at.join("usr/lib/a"), at.join("usr/a")).unwrap(),
            |at| fs::set_permissions(at.join("usr/b"), Permissions::from_mode(0o755)).unwrap(),
            |at| {
                fs::remove_file(at.join("link")).unwrap();
                symlink("usr/lib/a", at.join("link")).unwrap();
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let folder = folder();
            let before = digest(folder.path()).unwrap();
            change(folder.path());
            assert_ne!(digest(folder.path()).unwrap(), before, "change {number}");
        }
    }
}
