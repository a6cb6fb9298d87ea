//! Kernel modules: those that the image lists, in its order, and then none any more.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::system::finit_module;
use tracing::info;

use crate::GuestError;

/// The list: one path a line, relative ones from the list's folder.
pub const LIST: &str = "/lib/modules/load";

/// The kernel unpacks the module. SPEC: finit_module(2), `MODULE_INIT_COMPRESSED_FILE`.
const COMPRESSED: i32 = 4;

/// Loads what `list` names. A list that does not exist is that of a kernel without modules.
///
/// # Errors
/// [`GuestError::Module`] for a module that is missing or that the kernel refuses. One whose device
/// this machine lacks, or that is there already, is passed over.
pub fn load(list: &Path) -> Result<(), GuestError> {
    let failed = |source| GuestError::Module { path: list.to_owned(), source };
    let text = match fs::read_to_string(list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let folder = list.parent().unwrap_or_else(|| Path::new("/"));
    let (mut loaded, mut unneeded) = (0_u32, Vec::new());
    for path in paths(&text).map(|path| folder.join(path)) {
        if insert(&path)? {
            loaded = loaded.saturating_add(1);
        } else {
            unneeded.push(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    info!(loaded, unneeded = ?unneeded.into_iter().flatten().collect::<Vec<_>>(), "modules");
    Ok(())
}

fn paths(text: &str) -> impl Iterator<Item = PathBuf> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from)
}

/// False if the machine lacks the device, or the module is there already.
fn insert(path: &Path) -> Result<bool, GuestError> {
    let failed = |source| GuestError::Module { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let plain = path.extension().is_some_and(|extension| extension == "ko");
    match finit_module(&file, c"", if plain { 0 } else { COMPRESSED }) {
        Ok(()) => Ok(true),
        Err(Errno::NODEV | Errno::EXIST) => Ok(false),
        Err(errno) => Err(failed(errno.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{load, paths};

    #[test]
    fn the_list_is_one_path_a_line_in_order() {
        let listed: Vec<_> = paths("failover.ko\n\n  /lib/b.ko.xz \n").collect();
        assert_eq!(listed, [Path::new("failover.ko"), Path::new("/lib/b.ko.xz")]);
    }

    #[test]
    fn no_list_is_no_module_and_a_missing_module_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("load");
        load(&list).unwrap();
        std::fs::write(&list, "absent.ko\n").unwrap();
        assert!(load(&list).unwrap_err().to_string().contains("absent.ko"));
    }
}
