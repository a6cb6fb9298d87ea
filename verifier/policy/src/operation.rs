//! What is asked for: a connection, or one operation of a protocol.

use core::fmt;

/// A protocol that agents speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Agent2Agent.
    A2a,
    /// Model Context Protocol.
    Mcp,
}

impl Protocol {
    /// The name in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A2a => "A2A",
            Self::Mcp => "MCP",
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
    /// gRPC over HTTP/2.
    Grpc,
    /// MCP's JSON-RPC over one HTTP endpoint.
    StreamableHttp,
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
            Self::Grpc => "GRPC",
            Self::StreamableHttp => "streamable-http",
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
    /// What happened to a task, told to a webhook of whoever asked for it: from the agent that has
    /// the task to the agent that made it.
    PushDeliver,
    /// What a server offers, and in which versions.
    Discover,
    /// Begins a session, in the revisions that have them.
    Initialize,
    /// Ends a session.
    EndSession,
    /// Whether the other side is there.
    Ping,
    /// The tools.
    ToolsList,
    /// Runs a tool.
    ToolsCall,
    /// The resources.
    ResourcesList,
    /// The templates of resources.
    ResourceTemplatesList,
    /// One resource.
    ResourcesRead,
    /// Notices when a resource changes.
    ResourcesSubscribe,
    /// No more of these notices.
    ResourcesUnsubscribe,
    /// The prompts.
    PromptsList,
    /// One prompt.
    PromptsGet,
    /// Completions of an argument.
    Complete,
    /// How much a server logs to its client.
    SetLogLevel,
    /// A stream of notices and of the server's own requests.
    Listen,
    /// A notification, which has no answer.
    Notify,
    /// The answer to a request of the server: data that leaves the caller.
    Respond,
    /// The state of a tool's task.
    TaskGet,
    /// The result of a tool's task.
    TaskResult,
    /// The tasks of a server.
    TaskList,
    /// Gives a tool's task the input that it waits for.
    TaskUpdate,
    /// Stops a tool's task.
    TaskCancel,
}

impl OperationName {
    /// Every operation.
    pub const ALL: [Self; 36] = [
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
        Self::PushDeliver,
        Self::Discover,
        Self::Initialize,
        Self::EndSession,
        Self::Ping,
        Self::ToolsList,
        Self::ToolsCall,
        Self::ResourcesList,
        Self::ResourceTemplatesList,
        Self::ResourcesRead,
        Self::ResourcesSubscribe,
        Self::ResourcesUnsubscribe,
        Self::PromptsList,
        Self::PromptsGet,
        Self::Complete,
        Self::SetLogLevel,
        Self::Listen,
        Self::Notify,
        Self::Respond,
        Self::TaskGet,
        Self::TaskResult,
        Self::TaskList,
        Self::TaskUpdate,
        Self::TaskCancel,
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
            Self::PushDeliver => "push_deliver",
            Self::Discover => "discover",
            Self::Initialize => "initialize",
            Self::EndSession => "end_session",
            Self::Ping => "ping",
            Self::ToolsList => "tools_list",
            Self::ToolsCall => "tools_call",
            Self::ResourcesList => "resources_list",
            Self::ResourceTemplatesList => "resource_templates_list",
            Self::ResourcesRead => "resources_read",
            Self::ResourcesSubscribe => "resources_subscribe",
            Self::ResourcesUnsubscribe => "resources_unsubscribe",
            Self::PromptsList => "prompts_list",
            Self::PromptsGet => "prompts_get",
            Self::Complete => "complete",
            Self::SetLogLevel => "set_log_level",
            Self::Listen => "listen",
            Self::Notify => "notify",
            Self::Respond => "respond",
            Self::TaskGet => "task_get",
            Self::TaskResult => "task_result",
            Self::TaskList => "task_list",
            Self::TaskUpdate => "task_update",
            Self::TaskCancel => "task_cancel",
        }
    }

    /// The protocol that has the operation.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Card
            | Self::ExtendedCard
            | Self::Send
            | Self::Stream
            | Self::Get
            | Self::List
            | Self::Cancel
            | Self::Subscribe
            | Self::PushCreate
            | Self::PushGet
            | Self::PushList
            | Self::PushDelete
            | Self::PushDeliver => Protocol::A2a,
            Self::Discover
            | Self::Initialize
            | Self::EndSession
            | Self::Ping
            | Self::ToolsList
            | Self::ToolsCall
            | Self::ResourcesList
            | Self::ResourceTemplatesList
            | Self::ResourcesRead
            | Self::ResourcesSubscribe
            | Self::ResourcesUnsubscribe
            | Self::PromptsList
            | Self::PromptsGet
            | Self::Complete
            | Self::SetLogLevel
            | Self::Listen
            | Self::Notify
            | Self::Respond
            | Self::TaskGet
            | Self::TaskResult
            | Self::TaskList
            | Self::TaskUpdate
            | Self::TaskCancel => Protocol::Mcp,
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
    /// Media types of the message's parts, where the message was read.
    pub media_types: Option<&'a [String]>,
    /// URIs of the protocol extensions that the request asks for.
    pub extensions: &'a [String],
    /// The MCP server, by the name that the runtime which runs it configured.
    pub server: Option<&'a str>,
    /// The MCP tool, or for `prompts_get` the prompt.
    pub tool: Option<&'a str>,
    /// The URI of the MCP resource.
    pub resource: Option<&'a str>,
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
