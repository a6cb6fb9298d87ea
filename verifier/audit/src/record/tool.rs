//! Tools of MCP servers.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::hash::Hash;

/// A tool's definition is not what is expected, so that the tool is not there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ToolDrifted {
    /// The server, as the measured configuration calls it.
    #[n(0)]
    pub server: String,
    /// The tool, as `SERVER/TOOL`, as [`super::name_digest`] has it.
    #[n(1)]
    pub tool: Hash,
    /// SHA-256 over each definition that would be right.
    #[n(2)]
    pub expected: Vec<Hash>,
    /// SHA-256 over the definition that the server showed.
    #[n(3)]
    pub seen: Hash,
}
