//! The cache that these tests share, and caches of their own.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloister_attestation::code::Diagnostic as _;
use cloister_image::digest::Sha256;
use cloister_image::packages::{Cache, Lock};
use cloister_image::progress::Silent;

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

/// A cache with one package, whose archive is in it.
fn cache_of_one(folder: &Path) -> Cache {
    let source = folder.join("source");
    fs::create_dir_all(source.join("DEBIAN")).unwrap();
    let control = "Package: one\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n";
    fs::write(source.join("DEBIAN/control"), control).unwrap();
    fs::create_dir(source.join("usr")).unwrap();
    fs::write(source.join("usr/file"), "as it was packed").unwrap();
    let archive = folder.join("one.deb");
    let built = Command::new("dpkg-deb").arg("--build").args([&source, &archive]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (bytes, packages) = (fs::read(&archive).unwrap(), folder.join("cache/packages"));
    let digest = Sha256::of(&bytes).to_string();
    fs::create_dir_all(&packages).unwrap();
    fs::rename(&archive, packages.join(format!("{digest}.deb"))).unwrap();
    let lock = format!(
        "format = \"cloister/packages-lock/1\"\nrelease = \"none\"\nepoch = 1\n\n[[package]]\n\
         name = \"one\"\nversion = \"1\"\nsuite = \"none\"\narchitecture = \"all\"\n\
         sha256 = \"{digest}\"\nbytes = {}\ngroups = [\"one\"]\n",
        bytes.len()
    );
    Cache::new(folder.join("cache"), Lock::parse(&lock).unwrap())
}

#[test]
fn what_somebody_changed_in_the_cache_is_unpacked_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache_of_one(folder.path());
    let tree = cache.unpacked("one", &Silent).unwrap();
    let file = tree.join("usr/file");
    let inode = || fs::metadata(&file).unwrap().ino();
    let first = inode();
    assert_eq!(cache.unpacked("one", &Silent).unwrap(), tree);
    assert_eq!(inode(), first, "what is as it was is used again");

    fs::write(&file, "as it was changed").unwrap();
    fs::write(tree.join("usr/more"), "").unwrap();
    assert_eq!(cache.unpacked("one", &Silent).unwrap(), tree);
    assert_eq!(fs::read_to_string(&file).unwrap(), "as it was packed");
    assert!(!tree.join("usr/more").exists());

    fs::remove_file(tree.with_extension("sha256")).unwrap();
    cache.unpacked("one", &Silent).unwrap();
    assert!(tree.with_extension("sha256").exists(), "a tree of nobody knows what is not used");
}

#[test]
fn a_changed_archive_in_the_cache_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache_of_one(folder.path());
    let package = &cache.lock().packages[0];
    let archive = folder.path().join(format!("cache/packages/{}.deb", package.sha256));
    fs::write(archive, "another").unwrap();
    let refused = cache.unpacked("one", &Silent).unwrap_err();
    assert_eq!(refused.code().id, "image.packages.digest", "{refused}");
}
