//! Why an agent's folder cannot become an image.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};

use crate::elf::ElfError;
use crate::file::FileError;
use crate::tree::TreeError;

cloister_attestation::codes! {
    /// An agent's folder cannot become an image.
    AGENT = "image.agent", Caller, "",
        "Correct agent.toml or its `[build]` table as the message says; agent.example.toml shows all of it.",
        "An image is built from a folder with an agent.toml, whose `[build]` table says what the agent is made of and where that lies. A table that is missing or does not read, a folder that does not exist, or a program that could not start in the image is refused.";
}

/// Why an agent's folder cannot become an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be in an image.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// `agent.toml` is not TOML.
    #[error("agent.toml does not read")]
    Syntax(#[source] toml::de::Error),
    /// There is no `[build]`.
    #[error("agent.toml has no [build] table")]
    NoBuild,
    /// `[build]` does not read.
    #[error("[build] of agent.toml does not read")]
    Build(#[source] toml::de::Error),
    /// There is nothing to start.
    #[error("agent.toml has no workload.command")]
    NoProgram,
    /// A folder does not exist.
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    /// The program needs a dynamic linker, which the image does not have.
    #[error("{0} is linked dynamically, and the image has no dynamic linker")]
    Dynamic(String),
    /// The program is none.
    #[error("{program} could not start")]
    NoElf {
        /// Which file.
        program: String,
        /// Why.
        source: ElfError,
    },
}

impl Diagnostic for AgentError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::Syntax(_)
            | Self::NoBuild
            | Self::Build(_)
            | Self::NoProgram
            | Self::NoFolder(_)
            | Self::Dynamic(_)
            | Self::NoElf { .. } => &AGENT,
        }
    }
}
