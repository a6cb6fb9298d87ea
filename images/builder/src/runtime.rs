//! The runtime that goes into an image, and what it will declare there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use serde::Deserialize;

use crate::digest::unhex;
use crate::elf::{Elf, ElfError};
use crate::file::{self, FileError};
use crate::limits::FILE_BYTES_MAX;

cloister_attestation::codes! {
    /// The runtime cannot be an image's first process.
    RUNTIME = "image.runtime", Caller, "",
        "Pass `--runtime` with a statically linked cloisterd for x86-64: `cargo xtask guest` builds one.",
        "The image has no dynamic linker and no library before its agent's, so that the runtime, which is the first process, has to be linked statically.";
    /// The runtime refuses the agent's files.
    DECLARE = "image.declare", Caller, "",
        "Correct what the runtime complains of in agent.toml, or in a file that it names.",
        "The runtime that goes into the image reads agent.toml and all that it names, as it will in the guest, and says which manifest it will declare. It refused, so that the image would not start.";
    /// The runtime's answer is not understood.
    ANSWER = "image.runtime.answer", Caller, "",
        "Use a cloisterd and a cloister of the same version.",
        "The runtime says in a JSON document what it will declare. This one is of another version, or does not agree with itself.";
}

/// The form of the runtime's answer.
const FORMAT: &str = "cloister/declared/1";

/// The runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no program.
    #[error("{}", .path.display())]
    Elf {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: ElfError,
    },
    /// It needs a dynamic linker.
    #[error("{} is linked dynamically", .0.display())]
    Dynamic(PathBuf),
    /// It does not run here.
    #[error("cannot run {}", .path.display())]
    Run {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It refuses the agent's files.
    #[error("the runtime refuses the agent: {0}")]
    Refused(String),
    /// Its answer is not understood.
    #[error("the runtime's answer is not understood: {0}")]
    Answer(String),
}

impl Diagnostic for RuntimeError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Elf { .. } | Self::Dynamic(_) | Self::Run { .. } => &RUNTIME,
            Self::Refused(_) => &DECLARE,
            Self::Answer(_) => &ANSWER,
        }
    }
}

/// The program that becomes an image's first process.
#[derive(Clone, Debug)]
pub struct Runtime {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// What the runtime will declare in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Declared {
    /// The image's name.
    pub name: String,
    /// The image's version.
    pub version: String,
    /// The agent's name.
    pub agent: String,
    /// The manifest's deterministic CBOR.
    pub manifest: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    format: String,
    name: String,
    version: String,
    agent: String,
    manifest: String,
    manifest_sha384: String,
}

impl Runtime {
    /// Reads the program.
    ///
    /// # Errors
    /// [`RuntimeError`], if it is not a static program for x86-64.
    pub fn open(path: &Path) -> Result<Self, RuntimeError> {
        let bytes = file::read(path, FILE_BYTES_MAX)?;
        let elf = |source| RuntimeError::Elf { path: path.to_owned(), source };
        if !Elf::parse(&bytes).map_err(elf)?.is_static().map_err(elf)? {
            return Err(RuntimeError::Dynamic(path.to_owned()));
        }
        let path = path.canonicalize().map_err(FileError::reading(path))?;
        Ok(Self { path, bytes })
    }

    /// The program.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Asks the program what it will declare in an image that has the files below `root`.
    ///
    /// # Errors
    /// [`RuntimeError`] has what the program complains of.
    pub fn declare(&self, root: &Path) -> Result<Declared, RuntimeError> {
        let output = Command::new(&self.path)
            .arg("--declare")
            .arg(root)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .map_err(|source| RuntimeError::Run { path: self.path.clone(), source })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            // It speaks of files where they will be, below a folder that nobody knows.
            let said = said.replace(&*root.to_string_lossy(), "");
            return Err(RuntimeError::Refused(said.lines().collect::<Vec<_>>().join("; ")));
        }
        Declared::parse(&output.stdout)
    }
}

impl Declared {
    /// Reads the runtime's answer.
    ///
    /// # Errors
    /// [`RuntimeError::Answer`] says what is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, RuntimeError> {
        let refuse = |reason: &str| RuntimeError::Answer(reason.to_owned());
        let answer: Answer = serde_json::from_slice(json)
            .map_err(|error| RuntimeError::Answer(error.to_string()))?;
        if answer.format != FORMAT {
            return Err(refuse("it has another format"));
        }
        let manifest = unhex(&answer.manifest).ok_or_else(|| refuse("the manifest is not hex"))?;
        if Digest48::sha384(&manifest).to_string() != answer.manifest_sha384 {
            return Err(refuse("the manifest has another digest"));
        }
        let Answer { name, version, agent, .. } = answer;
        Ok(Self { name, version, agent, manifest })
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::Digest48;

    use super::{Declared, Runtime, RuntimeError};

    fn answer() -> String {
        let digest = Digest48::sha384(&[0xa0]);
        format!(
            r#"{{"format":"cloister/declared/1","name":"n","version":"1","agent":"a","manifest":"a0","manifest_sha384":"{digest}"}}"#
        )
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_refused() {
        assert_eq!(Declared::parse(answer().as_bytes()).unwrap().manifest, [0xa0]);
        for (from, to) in [
            ("\"a0\"", "\"a1\""),
            ("\"a0\"", "\"A0\""),
            ("declared/1", "declared/2"),
            ("{", "{\"x\":1,"),
        ] {
            let answer = answer().replacen(from, to, 1);
            assert!(
                matches!(Declared::parse(answer.as_bytes()), Err(RuntimeError::Answer(_))),
                "{to}"
            );
        }
    }

    #[test]
    fn a_program_that_needs_a_dynamic_linker_is_refused() {
        let own = std::env::current_exe().unwrap();
        assert!(matches!(Runtime::open(&own), Err(RuntimeError::Dynamic(_))));
    }
}
