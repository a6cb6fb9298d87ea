//! Recorded vectors, where they are at hand.

use std::path::PathBuf;

/// The folder `name` of the vectors; `None`, with one line that says so, if they are not here.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("CLOISTER_VECTORS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let folder = given.unwrap_or(beside).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no vectors {name} (set CLOISTER_VECTORS)");
    None
}

/// One JSON file of it.
pub(crate) fn json(folder: &std::path::Path, name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}
