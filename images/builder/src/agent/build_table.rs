//! `[build]` of `agent.toml`: how the agent's image is built. The runtime does not look at it.

use serde::Deserialize;
use toml::Table;

use super::error::AgentError;

/// How the agent's image is built.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BuildTable {
    /// What the agent is made of.
    pub kind: Kind,
    /// A tree in the agent's folder that is laid over the image's root.
    pub root: Option<String>,
    /// The folder with the layout of a container image.
    #[serde(default = "layout")]
    pub layout: String,
    /// The folder with the wheels.
    #[serde(default = "wheels")]
    pub wheels: String,
    /// The group of the lock file that holds the kernel.
    #[serde(default = "kernel")]
    pub kernel: String,
    /// Kernel modules beyond the usual ones.
    #[serde(default)]
    pub modules: Vec<String>,
}

/// What an agent is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A program that needs nothing but the kernel.
    Static,
    /// A container image.
    Oci,
    /// A Python application with its wheels.
    Python,
}

impl Kind {
    /// As the file has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Oci => "oci",
            Self::Python => "python",
        }
    }
}

fn layout() -> String {
    "layout".to_owned()
}

fn wheels() -> String {
    "wheels".to_owned()
}

fn kernel() -> String {
    "kernel".to_owned()
}

impl BuildTable {
    pub(super) fn of(table: &Table) -> Result<Self, AgentError> {
        let build = table.get("build").ok_or(AgentError::NoBuild)?.clone();
        build.try_into().map_err(AgentError::Build)
    }
}
