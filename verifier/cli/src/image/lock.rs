//! `cloister image lock`: which packages images are built from.

use std::path::PathBuf;

use cloister_image::packages::{Cache, Lock, PackageError, Wanted, refresh};
use serde_json::json;

use super::build::size;
use super::progress::Bars;
use crate::answer::{Answer, Exit};
use crate::arguments::{LockArguments, PackageSource};
use crate::clock;
use crate::text::table;

pub(super) fn run(arguments: &LockArguments) -> Answer {
    let lock = if arguments.refresh { refreshed(arguments) } else { lock(&arguments.from) };
    match lock {
        Ok(lock) => answer(&lock),
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

/// The lock file that is named, or the one that this program was built with.
pub(super) fn lock(from: &PackageSource) -> Result<Lock, PackageError> {
    match &from.lock {
        Some(path) => Lock::read(path),
        None => Lock::built_in(),
    }
}

/// The cache that is named, or the user's.
pub(super) fn cache_folder(from: &PackageSource) -> Result<PathBuf, PackageError> {
    from.cache.clone().map_or_else(Cache::default_folder, Ok)
}

fn refreshed(arguments: &LockArguments) -> Result<Lock, PackageError> {
    let path = arguments.from.lock.clone().unwrap_or_else(|| "images/packages.lock.toml".into());
    let wanted = Wanted::read(&path.with_file_name("packages.toml"))?;
    let now = clock::now().as_secs();
    let lock = refresh(&wanted, &cache_folder(&arguments.from)?, now, &Bars::new())?;
    lock.write(&path)?;
    Ok(lock)
}

fn answer(lock: &Lock) -> Answer {
    let rows = lock.groups().into_iter().map(|group| {
        let packages: Vec<_> =
            lock.packages.iter().filter(|p| p.groups.iter().any(|g| g == group)).collect();
        let first = packages.iter().find(|p| group.contains(&p.name)).or_else(|| packages.first());
        let what = first.map_or_else(String::new, |p| format!("{} {}", p.name, p.version));
        let bytes = packages.iter().map(|package| package.bytes).sum();
        [group.to_owned(), packages.len().to_string(), size(bytes), what]
    });
    let text = table(["group", "packages", "size", "among them"], rows);
    Answer { exit: Exit::Acceptable, text, json: json!({ "lock": lock }) }
}
