//! A folder of this machine, laid over an image's root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::AgentError;
use crate::file::{self, FileError};
use crate::limits::FILE_BYTES_MAX;
use crate::tree::{Tree, TreeError};

/// Who owns a file may run it: the one bit of a mode that an image keeps.
const OWNER_EXECUTES: u32 = 0o100;
/// Set-user-ID, set-group-ID.
const SET_ID: u32 = 0o6000;

/// Puts all that is in `folder` into `tree`, below `prefix`, and shows each file's path below the
/// folder with its bytes to `seen`.
///
/// # Errors
/// [`AgentError`] names the file that cannot be read, or cannot be in an image.
pub(crate) fn overlay(
    tree: &mut Tree,
    folder: &Path,
    prefix: &str,
    seen: &mut dyn FnMut(&str, &[u8]),
) -> Result<(), AgentError> {
    let mut folders: Vec<(PathBuf, String)> = vec![(folder.to_owned(), String::new())];
    while let Some((folder, above)) = folders.pop() {
        for path in file::list(&folder)? {
            let below = format!("{above}{}", name(&path)?);
            let target = format!("{prefix}/{below}");
            let metadata = fs::symlink_metadata(&path).map_err(FileError::reading(&path))?;
            if metadata.is_dir() {
                tree.folder(&target)?;
                folders.push((path, format!("{below}/")));
            } else if metadata.is_symlink() {
                let link = fs::read_link(&path).map_err(FileError::reading(&path))?;
                let link = link.to_str().ok_or_else(|| not_text(&path))?;
                tree.link(&target, link)?;
            } else if metadata.is_file() && metadata.mode() & SET_ID == 0 {
                let bytes = file::read(&path, FILE_BYTES_MAX)?;
                seen(&below, &bytes);
                tree.file(&target, bytes, metadata.mode() & OWNER_EXECUTES != 0)?;
            } else {
                let reason = "is neither file, folder nor link, or changes the user";
                return Err(TreeError::new(path.to_string_lossy(), reason).into());
            }
        }
    }
    Ok(())
}

/// Whether the file's owner may run it.
pub(super) fn is_executable(path: &Path) -> Result<bool, AgentError> {
    let metadata = fs::metadata(path).map_err(FileError::reading(path))?;
    Ok(metadata.mode() & OWNER_EXECUTES != 0)
}

fn name(path: &Path) -> Result<&str, AgentError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| not_text(path))
}

fn not_text(path: &Path) -> AgentError {
    TreeError::new(path.to_string_lossy(), "the name is not UTF-8").into()
}
