//! What is asked for: a connection, or one operation of a protocol.

use core::fmt;

/// A protocol that agents speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Agent2Agent.
    A2a,
}

impl Protocol {
    /// The name in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A2a => "A2A",
        }
    }
}

/// How an operation is put on the wire, in the words of the agent card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Binding {
    /// JSON-RPC 2.0 over HTTP.
    JsonRpc,
    /// HTTP verbs and paths with JSON bodies.
    HttpJson,
    /// A resource at its registered well-known place, outside every interface of the card.
    WellKnown,
}

impl Binding {
    /// The name in the schema and, for the bindings of an interface, in the agent card.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonRpc => "JSONRPC",
            Self::HttpJson => "HTTP+JSON",
            Self::WellKnown => "well-known",
        }
    }
}

/// One operation, the same for every binding and protocol version that offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OperationName {
    /// The public agent card.
    Card,
    /// The card for authenticated callers.
    ExtendedCard,
    /// A message, answered when the task rests.
    Send,
    /// A message, answered by a stream of events.
    Stream,
    /// One task's state.
    Get,
    /// The tasks that match.
    List,
    /// Stops a task.
    Cancel,
    /// A running task's events from now on.
    Subscribe,
    /// Registers a webhook for a task.
    PushCreate,
    /// One webhook of a task.
    PushGet,
    /// The webhooks of a task.
    PushList,
    /// Removes a webhook of a task.
    PushDelete,
}

impl OperationName {
    /// Every operation.
    pub const ALL: [Self; 12] = [
        Self::Card,
        Self::ExtendedCard,
        Self::Send,
        Self::Stream,
        Self::Get,
        Self::List,
        Self::Cancel,
        Self::Subscribe,
        Self::PushCreate,
        Self::PushGet,
        Self::PushList,
        Self::PushDelete,
    ];

    /// The name of the action in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::ExtendedCard => "extended_card",
            Self::Send => "send",
            Self::Stream => "stream",
            Self::Get => "get",
            Self::List => "list",
            Self::Cancel => "cancel",
            Self::Subscribe => "subscribe",
            Self::PushCreate => "push_create",
            Self::PushGet => "push_get",
            Self::PushList => "push_list",
            Self::PushDelete => "push_delete",
        }
    }
}

/// Implements `Display` with `as_str`.
macro_rules! display_as_str {
    ($($name:ty),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

display_as_str!(Protocol, Binding, OperationName);

/// What a policy may know about one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationFacts<'a> {
    /// The protocol.
    pub protocol: Protocol,
    /// The protocol's version, Major.Minor.
    pub version: &'a str,
    /// How it is put on the wire.
    pub binding: Binding,
    /// Which operation.
    pub name: OperationName,
    /// Whether the answer is a stream of events.
    pub streaming: bool,
    /// Size of the request's body in bytes, where the request declares it.
    pub message_bytes: Option<u64>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action<'a> {
    /// A channel to exist at all.
    Connect,
    /// One operation.
    Operation(OperationFacts<'a>),
}

impl Action<'_> {
    /// The name of the action in the schema.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Operation(facts) => facts.name.as_str(),
        }
    }
}
