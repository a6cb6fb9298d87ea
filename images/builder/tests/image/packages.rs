//! The cache that these tests share.

use cloister_image::packages::{Cache, Lock};
use cloister_image::progress::Silent;
use std::path::PathBuf;

/// The unpacked packages of a group; a printed line, if this machine cannot have them.
pub(crate) fn unpacked(group: &str) -> Option<PathBuf> {
    let cache = Cache::new(Cache::default_folder().unwrap(), Lock::built_in().unwrap());
    match cache.unpacked(group, &Silent) {
        Ok(folder) => Some(folder),
        Err(error) => {
            eprintln!("skipped: the packages `{group}` cannot be had here: {error}");
            None
        }
    }
}
