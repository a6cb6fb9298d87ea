//! The session proof as a term: what is said, who can say it, and when it is believed.

/// A runtime, with its identity key, channel key and lease. A letter names all four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Party {
    /// An honest runtime.
    A,
    /// Another instance of A's agent, honest as well.
    Twin,
    /// An honest runtime.
    B,
    /// An honest runtime that nobody means to reach.
    C,
    /// A runtime whose keys the adversary holds, all of them.
    Eve,
}

impl Party {
    pub(super) const ALL: [Self; 5] = [Self::A, Self::Twin, Self::B, Self::C, Self::Eve];

    /// The agent that the lease names.
    pub(super) const fn agent(self) -> char {
        match self {
            Self::A | Self::Twin => 'a',
            Self::B => 'b',
            Self::C => 'c',
            Self::Eve => 'e',
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Initiator,
    Responder,
}

impl Role {
    pub(super) const BOTH: [Self; 2] = [Self::Initiator, Self::Responder];

    pub(super) const fn peer(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

/// The exporter secret of one TLS connection, before the role goes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Exporter {
    /// Of the connection between the two honest sessions.
    Linked,
    /// Of the connection between this honest session and the adversary.
    Own(usize),
    /// Of a connection that the adversary has made to agree with another one. TLS 1.3 does not
    /// allow this; the model can, to show what the keys in the proof are for.
    Collided,
}

/// What an identity key signs. A part that is taken out of the proof is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Statement {
    pub(super) role: Option<Role>,
    /// The signer's channel key and the one that it saw.
    pub(super) keys: Option<(Party, Party)>,
    pub(super) exporter: Option<Exporter>,
    pub(super) intended: Option<char>,
}

/// A message: the lease that it carries, whose identity key signed, and what it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) lease: Party,
    pub(super) signed_by: Party,
    pub(super) statement: Statement,
}

/// Which parts the proof has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) role: bool,
    pub(super) keys: bool,
    pub(super) exporter: bool,
    pub(super) intended: bool,
}

impl Parts {
    pub(super) const ALL: Self = Self { role: true, keys: true, exporter: true, intended: true };

    /// `statement` as a protocol with only these parts would sign it.
    pub(super) fn of(self, statement: Statement) -> Statement {
        Statement {
            role: statement.role.filter(|_| self.role),
            keys: statement.keys.filter(|_| self.keys),
            exporter: statement.exporter.filter(|_| self.exporter),
            intended: statement.intended.filter(|_| self.intended),
        }
    }
}

/// What one honest end knows of its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) own: Party,
    pub(super) role: Role,
    /// Whose certificate the other end showed; TLS has verified that it holds the channel key.
    pub(super) certificate: Party,
    pub(super) exporter: Exporter,
    /// The agent that this end dialled, or that it is.
    pub(super) intended: char,
}

impl View {
    /// The proof that this end makes.
    pub(super) fn message(&self, parts: Parts) -> Message {
        let statement = Statement {
            role: Some(self.role),
            keys: Some((self.own, self.certificate)),
            exporter: Some(self.exporter),
            intended: Some(self.intended),
        };
        Message { lease: self.own, signed_by: self.own, statement: parts.of(statement) }
    }

    /// Whether this end believes `message`: the checks of `session/proof.rs`, in its order.
    pub(super) fn believes(&self, message: &Message, parts: Parts) -> bool {
        let expected = Statement {
            role: Some(self.role.peer()),
            keys: Some((self.certificate, self.own)),
            exporter: Some(self.exporter),
            intended: Some(self.intended),
        };
        let meant = self.role == Role::Responder || self.certificate.agent() == self.intended;
        message.lease == self.certificate
            && message.signed_by == message.lease
            && message.statement == parts.of(expected)
            && (meant || !parts.intended)
    }
}
