//! The two ends of a session.

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one that dialled: the TLS client.
    Initiator,
    /// The one that accepted: the TLS server.
    Responder,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

    /// The role's name: in proofs, and as the context of the exporter that they are bound to.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initiator => "initiator",
            Self::Responder => "responder",
        }
    }

    /// The role with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Initiator, Self::Responder].into_iter().find(|role| role.name() == name)
    }
}
