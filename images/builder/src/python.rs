//! Python applications: an interpreter from the distribution's packages, and wheels beside it.

use std::path::Path;

use cloister_attestation::code::{Code, Diagnostic};

use crate::agent::{AgentError, overlay};
use crate::archive::ArchiveError;
use crate::archive::zip::{self, Member};
use crate::file::{self, FileError};
use crate::folder::{Input, InputKind};
use crate::limits::FILE_BYTES_MAX;
use crate::tree::{Tree, TreeError};

cloister_attestation::codes! {
    /// A wheel cannot be in an image.
    WHEEL = "image.python.wheel", Caller, "PyPA: Binary distribution format",
        "Put wheels for CPython 3.11 on x86-64 Linux, or for any platform, into the folder of wheels: `pip download --only-binary :all: --python-version 3.11`.",
        "A Python agent brings all that it imports as wheels, one file each, named NAME-VERSION-PYTHON-ABI-PLATFORM.whl. They are unpacked, and nothing of them is run: a source distribution would have to be built first.";
}

/// The group of the lock file with the interpreter.
pub const PACKAGES: &str = "python";
/// Where wheels are unpacked: where the distribution's interpreter looks for what is not its own.
const SITE: &str = "/usr/local/lib/python3.11/dist-packages";
/// What the interpreter is also called.
const INTERPRETER: [&str; 2] = ["/usr/bin/python3", "python3.11"];
/// Parts of packages that a server has no use for.
const LEFT_OUT: &[&str] = &[
    "/usr/share/doc",
    "/usr/share/man",
    "/usr/share/lintian",
    "/usr/share/locale",
    "/usr/share/binfmts",
    "/usr/share/applications",
    "/usr/share/pixmaps",
    "/usr/lib/x86_64-linux-gnu/gconv",
    "/usr/share/gdb",
];
/// Python versions and platforms that the interpreter takes, as wheels name them.
const PYTHONS: &[&str] = &["cp311", "py3", "py311"];

/// A Python application cannot become an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be in an image.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A package's files cannot be in an image.
    #[error(transparent)]
    Package(#[from] AgentError),
    /// A wheel does not read.
    #[error("{wheel}")]
    Archive {
        /// Which one.
        wheel: String,
        /// Why.
        source: ArchiveError,
    },
    /// A wheel cannot be used.
    #[error("{wheel}: {reason}")]
    Unusable {
        /// Which one.
        wheel: String,
        /// Why.
        reason: &'static str,
    },
}

impl Diagnostic for PythonError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::Package(error) => error.code(),
            Self::Archive { source, .. } => source.code(),
            Self::Unusable { .. } => &WHEEL,
        }
    }
}

/// Lays the interpreter of `packages` and the wheels in `wheels` into `tree`.
///
/// # Errors
/// [`PythonError`] names the wheel or file that cannot be used.
pub fn lay(tree: &mut Tree, packages: &Path, wheels: &Path) -> Result<Vec<Input>, PythonError> {
    overlay(tree, packages, "", &mut |_, _| {})?;
    LEFT_OUT.iter().try_for_each(|path| tree.remove(path))?;
    tree.link(INTERPRETER[0], INTERPRETER[1])?;
    let wheels = file::list(wheels)?;
    wheels.iter().map(|wheel| unpack(tree, wheel)).collect()
}

fn unpack(tree: &mut Tree, path: &Path) -> Result<Input, PythonError> {
    let wheel = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unusable = |reason| PythonError::Unusable { wheel: wheel.clone(), reason };
    let (name, version) = named(&wheel).map_err(unusable)?;
    let bytes = file::read(path, FILE_BYTES_MAX)?;
    let members = zip::members(&bytes)
        .map_err(|source| PythonError::Archive { wheel: wheel.clone(), source })?;
    for member in members {
        put(tree, member)?;
    }
    Ok(Input::of(InputKind::Wheel, &name, &version, &bytes))
}

/// Name and version, if the wheel is one for this interpreter.
fn named(wheel: &str) -> Result<(String, String), &'static str> {
    let stem = wheel.strip_suffix(".whl").ok_or("it is not a wheel")?;
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, tags) = match parts.as_slice() {
        [name, version, tags @ ..] if tags.len() == 3 => (name, version, tags),
        // With a build number.
        [name, version, _, tags @ ..] if tags.len() == 3 => (name, version, tags),
        _ => return Err("its name is not that of a wheel"),
    };
    let [python, abi, platform] = tags else { return Err("its name is not that of a wheel") };
    let old_abi = *abi == "abi3" && python.starts_with("cp3");
    if !python.split('.').any(|python| PYTHONS.contains(&python)) && !old_abi {
        return Err("it is for another Python than CPython 3.11");
    }
    let linux = |platform: &str| platform.contains("linux") && platform.ends_with("x86_64");
    if !platform.split('.').any(|platform| platform == "any" || linux(platform)) {
        return Err("it is for another platform than x86-64 Linux");
    }
    Ok(((*name).to_owned(), (*version).to_owned()))
}

/// SPEC: PyPA, binary distribution format: `.data/purelib` and `platlib` belong into the site
/// folder; scripts, headers and data are not needed to import.
fn put(tree: &mut Tree, member: Member) -> Result<(), TreeError> {
    if member.path.ends_with('/') {
        return Ok(());
    }
    let path = match member.path.split_once(".data/") {
        Some((top, rest)) if !top.contains('/') => {
            match rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/")) {
                Some(rest) => rest.to_owned(),
                None => return Ok(()),
            }
        }
        _ => member.path,
    };
    tree.file(&format!("{SITE}/{path}"), member.bytes, member.mode & 0o100 != 0)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn wheels_for_other_interpreters_and_platforms_are_refused() {
        for wheel in [
            "a2a_sdk-0.3.1-py3-none-any.whl",
            "six-1.16.0-py2.py3-none-any.whl",
            "pydantic_core-2.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "cryptography-44.0-cp37-abi3-manylinux_2_28_x86_64.whl",
            "grpcio-1.70-1-cp311-cp311-linux_x86_64.whl",
        ] {
            assert!(named(wheel).is_ok(), "{wheel}");
        }
        for wheel in [
            "a-1.tar.gz",
            "a-1-cp312-cp312-manylinux_2_17_x86_64.whl",
            "a-1-cp311-cp311-macosx_11_0_arm64.whl",
            "a-1-cp311-cp311-manylinux_2_17_aarch64.whl",
            "a.whl",
        ] {
            assert!(named(wheel).is_err(), "{wheel}");
        }
        assert_eq!(named("a-1.2-py3-none-any.whl"), Ok(("a".to_owned(), "1.2".to_owned())));
    }
}
