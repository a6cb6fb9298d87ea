//! What the measured configuration says of a server's tools: which definitions are expected.

use std::collections::BTreeMap;

use super::definition::ToolDigest;
use super::server::ToolServerError;
use crate::limits::{PINS_OF_ONE_MAX, TOOLS_MAX};

/// What becomes of a tool that no pin names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unpinned {
    /// It is not there.
    Refuse,
    /// The definition that the runtime sees first since it started is expected from then on.
    FirstSeen,
    /// Whatever its server says of it at any time is believed.
    Accept,
}

/// The definitions that are expected of one server's tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolPins {
    pinned: BTreeMap<String, Vec<ToolDigest>>,
    unpinned: Unpinned,
}

impl ToolPins {
    /// Pins by the names of tools. A tool has several where its server describes it differently in
    /// different revisions of the protocol; any one of them is right.
    ///
    /// # Errors
    /// [`ToolServerError::Pins`] for a pin without a digest, and for too many.
    pub fn new(
        pinned: BTreeMap<String, Vec<ToolDigest>>,
        unpinned: Unpinned,
    ) -> Result<Self, ToolServerError> {
        let fits = pinned.len() <= TOOLS_MAX
            && pinned.values().all(|digests| (1..=PINS_OF_ONE_MAX).contains(&digests.len()));
        if fits { Ok(Self { pinned, unpinned }) } else { Err(ToolServerError::Pins) }
    }

    /// No pins: what is seen first holds until the runtime ends.
    #[must_use]
    pub const fn first_seen() -> Self {
        Self { pinned: BTreeMap::new(), unpinned: Unpinned::FirstSeen }
    }

    /// What is expected of a tool, if the configuration says it.
    pub(super) fn of(&self, tool: &str) -> Option<&[ToolDigest]> {
        self.pinned.get(tool).map(Vec::as_slice)
    }

    /// What becomes of the others.
    pub(super) const fn unpinned(&self) -> Unpinned {
        self.unpinned
    }
}
