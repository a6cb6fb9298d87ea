//! The revisions of MCP that are carried, and the two eras that they fall into.

use core::fmt;

/// How a revision works: whether requests stand alone or belong to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// An `initialize` handshake, sessions, streams that the server begins.
    Legacy,
    /// Every request says in `params._meta` all that it rests on.
    Modern,
}

/// One revision of the protocol, named by its date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Revision {
    /// The first with Streamable HTTP; the only one with batches.
    #[default]
    March2025,
    /// Has the header that names the version.
    June2025,
    /// Has tasks.
    November2025,
    /// Has no sessions.
    July2026,
}

impl Revision {
    /// Every revision that is carried, the newest first, as servers list them.
    pub(crate) const ALL: [Self; 4] =
        [Self::July2026, Self::November2025, Self::June2025, Self::March2025];

    /// The revision of a request that names none.
    ///
    /// SPEC: MCP 2025-11-25, basic/transports, "Protocol Version Header".
    pub(crate) const UNNAMED: Self = Self::March2025;

    /// The revision of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == name)
    }

    /// The name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::March2025 => "2025-03-26",
            Self::June2025 => "2025-06-18",
            Self::November2025 => "2025-11-25",
            Self::July2026 => "2026-07-28",
        }
    }

    /// The era.
    pub(crate) const fn era(self) -> Era {
        match self {
            Self::March2025 | Self::June2025 | Self::November2025 => Era::Legacy,
            Self::July2026 => Era::Modern,
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
