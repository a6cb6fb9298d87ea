//! Why a request to a tool server was not carried.

use cloister_attestation::code::{Code, Diagnostic};

use super::revision::Revision;

cloister_attestation::codes! {
    /// No tool server of that name.
    NO_SERVER = "gateway.mcp.no_server", Caller, "",
        "Call `/tools/NAME/mcp` with a NAME that agent.toml has under `[tools]`.",
        "The local surface serves the tool servers that the measured agent.toml names. To peers it serves those of them that are exposed, and a peer that asks for another learns only that there is none.";
    /// No lease of this runtime's own.
    NO_LEASE = "gateway.mcp.no_lease", Operator, "",
        "Wait for the runtime to be admitted again; its log says why it is not.",
        "The policy decides over a local tool server as over a peer, by this runtime's own lease. Without one there is nothing that it could decide over.";
    /// A verb that the endpoint does not have.
    VERB = "gateway.mcp.verb", Caller, "MCP 2026-07-28 basic/transports/streamable-http; 2025-11-25 basic/transports",
        "Use POST; GET and DELETE only in a session of a revision before 2026-07-28.",
        "An MCP endpoint takes POST. In the revisions with sessions, GET opens a stream of what the server has to say and DELETE ends the session; from 2026-07-28 on neither exists.";
    /// A revision that is not carried.
    VERSION = "gateway.mcp.version", Caller, "MCP 2026-07-28 basic/versioning",
        "Use one of the revisions that the answer lists.",
        "The request names a revision of MCP that the gateway does not know. What it does not know it cannot read, so that it could not say which tool is called.";
    /// The headers say something else than the body.
    HEADER_MISMATCH = "gateway.mcp.header_mismatch", Caller, "MCP 2026-07-28 basic/transports/streamable-http, Server Validation",
        "Send `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` once each, equal to what the body says.",
        "MCP mirrors parts of a request into headers. The gateway decides over the body and compares the headers with it: whoever decides over the headers further on must see the same request. A header that is missing where the revision needs it, doubled, badly encoded or different is refused.";
    /// A request without the metadata that it needs.
    METADATA = "gateway.mcp.metadata", Caller, "MCP 2026-07-28 basic, _meta",
        "Send `io.modelcontextprotocol/protocolVersion` and `io.modelcontextprotocol/clientCapabilities` in `params._meta`.",
        "From 2026-07-28 on every request carries the revision and the client's capabilities itself. One that names the revision in its header only is malformed.";
    /// A method that is not known.
    METHOD = "gateway.mcp.method", Caller, "MCP schema of each revision",
        "Use a method of the revision that the request names.",
        "The gateway forwards the methods of MCP and of its tasks extension. Another method could do anything, and no policy speaks of it.";
    /// An answer where none is due.
    RESPONSE = "gateway.mcp.response", Caller, "MCP 2026-07-28 basic/transports/streamable-http, Sending Messages",
        "Send what the server asked for in `inputResponses` of a new request.",
        "From 2026-07-28 on servers send no requests, so there is nothing that a client could answer.";
    /// A session that this caller does not have.
    SESSION = "gateway.mcp.session", Caller, "MCP 2025-11-25 basic/transports, Session Management",
        "Begin a new session with `initialize`.",
        "A session belongs to the agent that began it, on the boot that it began it on. The same answer is given for a session that never was, that has ended, that went unused for too long, and that is another's. A stream goes on after an event that this session was shown lately; another `Last-Event-ID` is dropped, because servers keep the events of all sessions together.";
    /// Too many sessions.
    SESSIONS = "gateway.mcp.sessions", Caller, "",
        "End sessions that are not needed any more with DELETE.",
        "One caller may have a fixed number of sessions at a server, so that no caller can use up what is there for all.";
    /// A tool that is not there for this caller.
    UNKNOWN_TOOL = "gateway.mcp.unknown_tool", Caller, "MCP 2026-07-28 server/tools, Error Handling",
        "Call a tool of the list that `tools/list` gives.",
        "The server lists no tool of this name. The same answer is given for one that policy does not permit, so that nothing can be learnt about it.";
    /// An answer that cannot be read.
    ANSWER = "gateway.mcp.answer", Operator, "MCP 2026-07-28 basic, Messages; basic/transports/streamable-http, Receiving Messages",
        "Have the server answer with JSON-RPC messages, uncompressed and each smaller than 16 MiB.",
        "What a tool server says is read, so that nothing is in it that the caller may not have: tools that policy does not permit or that have changed, and questions that the caller may not answer. This answer is not JSON, has two readings, is compressed, or is too large; it is not passed on unread.";
    /// A tool is not what it was pinned to be.
    TOOL_DRIFT = "gateway.mcp.tool_drift", Operator, "MCP 2026-07-28 server/tools, Security Considerations",
        "Look at what the server says of the tool now; if it is right, pin it under `[tools.NAME.pins]` of agent.toml, or restart the runtime where none is pinned.",
        "A model acts on what a tool's definition says, so that a definition that changes could make it do something else. The server shows another definition than agent.toml pins, or than it showed first since the runtime started. The tool is in no list and cannot be called until it is what is expected again.";
    /// A tool without a pin, where each needs one.
    UNPINNED = "gateway.mcp.unpinned", Operator, "",
        "Pin the tool under `[tools.NAME.pins]` of agent.toml, or say there what becomes of tools without a pin.",
        "agent.toml pins tools of this server and says nothing else of the others. So those that it does not name are not there.";
    /// Nobody knows what the tool is.
    DEFINITION = "gateway.mcp.definition", Operator, "MCP 2026-07-28 server/tools, Listing Tools",
        "Have the server, and the policy of the runtime that exposes it, answer `tools/list` to whoever may call its tools.",
        "Before a tool is called, the runtime compares its definition with what is expected. It was not shown lately, and the runtime's own `tools/list` was not answered with a list.";
    /// The server's program does not run.
    PROGRAM = "gateway.mcp.program", Operator, "MCP 2026-07-28 basic/transports/stdio",
        "Read the runtime's log for what the server's program printed, and for why it ended.",
        "The tool server is a program that the runtime runs. It could not be started, ended, stopped reading, or wrote something else than lines of JSON-RPC. It is started again, more and more slowly.";
}

/// Why a request to a tool server was not carried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum McpError {
    #[error("there is no such tool server")]
    NoServer,
    #[error("this runtime has no lease at the moment")]
    NoLease,
    #[error("the endpoint does not take this verb")]
    Verb,
    #[error("revision {0:?} of MCP is not carried")]
    Version(String),
    #[error("the header {0} is missing, doubled, malformed, or different from the body")]
    HeaderMismatch(&'static str),
    #[error("the request lacks {0} in its metadata")]
    Metadata(&'static str),
    #[error("there is no such method in revision {0}")]
    Method(Revision),
    #[error("clients send no responses in revision {0}")]
    Response(Revision),
    #[error("the session is not known")]
    Session,
    #[error("the caller has too many sessions")]
    Sessions,
    #[error("the tool is not known")]
    UnknownTool,
    #[error("the server's answer is of no use: {0}")]
    Answer(&'static str),
    #[error("the tool's definition is {seen}, and not {expected} as expected")]
    Drift { expected: String, seen: String },
    #[error("the tool's definition is {seen}, and none is pinned")]
    Unpinned { seen: String },
    #[error("the tool's definition is not known: {0}")]
    Definition(&'static str),
    #[error("the server's program does not answer: {0}")]
    Program(&'static str),
}

impl Diagnostic for McpError {
    fn code(&self) -> &'static Code {
        match self {
            Self::NoServer => &NO_SERVER,
            Self::NoLease => &NO_LEASE,
            Self::Verb => &VERB,
            Self::Version(_) => &VERSION,
            Self::HeaderMismatch(_) => &HEADER_MISMATCH,
            Self::Metadata(_) => &METADATA,
            Self::Method(_) => &METHOD,
            Self::Response(_) => &RESPONSE,
            Self::Session => &SESSION,
            Self::Sessions => &SESSIONS,
            Self::UnknownTool => &UNKNOWN_TOOL,
            Self::Answer(_) => &ANSWER,
            Self::Drift { .. } => &TOOL_DRIFT,
            Self::Unpinned { .. } => &UNPINNED,
            Self::Definition(_) => &DEFINITION,
            Self::Program(_) => &PROGRAM,
        }
    }
}
