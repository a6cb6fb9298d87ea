//! Why a request was not carried.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_policy::{Decision, OperationName};

use crate::card::CardError;
use crate::delegation::DelegationError;
use crate::dialer::DialError;
use crate::envelope::EnvelopeError;
use crate::limiter::Overload;
use crate::mcp::McpError;
use crate::ownership::ListError;
use crate::path::PathError;
use crate::push::PushError;
use crate::recorder::RecordError;
use crate::scan::ScanError;

cloister_attestation::codes! {
    /// The path has two readings.
    PATH = "gateway.request.path", Caller, "",
        "Send the path without empty, dot or encoded-separator segments.",
        "Servers disagree about what such a path names (some decode %2F, some merge slashes), so that a policy could read it one way and the agent another. It is refused before it is classified.";
    /// The request is none of the protocol's operations.
    OPERATION = "gateway.request.operation", Caller, "A2A 1.0.1 sections 9 and 11",
        "Use an operation and an interface URL of the agent's card.",
        "The method and path, or the JSON-RPC method, are none that the agent's card and the protocol's table offer. The gateway forwards only what it can classify, since anything else would pass by the policy.";
    /// The JSON-RPC envelope cannot be read in one way.
    ENVELOPE = "gateway.request.envelope", Caller, "JSON-RPC 2.0; A2A 1.0.1 section 9",
        "Send one JSON-RPC 2.0 request object in UTF-8, every field once.",
        "The body is not JSON, is a batch, is nested too deep, or has two members that some reader takes for the same field (equal keys, or `taskId` beside `task_id`). Two readers could see two different requests in it.";
    /// The body of another binding cannot be read in one way.
    BODY = "gateway.request.body", Caller, "RFC 8259; Protocol Buffers, Encoding; gRPC over HTTP/2",
        "Send one JSON object, or one uncompressed protobuf message, every field once, and ids that agree with the path.",
        "The gateway reads of a request whose task and context it is about. This body has two readings to different servers: it is not strict JSON or protobuf, has a field twice, or names another task than the path, the query or another field does.";
    /// An id came after the decision.
    LATE = "gateway.request.late", Caller, "",
        "Put taskId, contextId, referenceTaskIds and the configuration before the parts of a large message.",
        "Of a request larger than 1 MiB, the beginning is decided over and the rest is watched while it streams by. This one named a task, a context or a push notification configuration in the rest, and was broken off before its end.";
    /// A gRPC message is compressed.
    COMPRESSED = "gateway.request.compressed", Caller, "gRPC Compression",
        "Send gRPC requests without compression; that is what clients do unless they are told otherwise.",
        "The ids of a compressed message cannot be read without decompressing what a stranger sent. The answer may be compressed.";
    /// The JSON-RPC request is too large to be read.
    TOO_LARGE = "gateway.request.too_large", Caller, "",
        "Send files by the HTTP+JSON or gRPC binding or by URL, or make the message smaller than 1 MiB.",
        "A JSON-RPC request is read whole before it is forwarded, because its operation is inside; that is limited to 1 MiB. HTTP+JSON and gRPC requests are streamed and have no limit.";
    /// The body stopped coming.
    STALLED = "gateway.request.stalled", Caller, "",
        "Send the body without long pauses.",
        "The beginning of a request is read before it is forwarded. This one paused for longer than 30 seconds, or ended early.";
    /// The body is of another type.
    CONTENT_TYPE = "gateway.request.content_type", Caller, "A2A 1.0.1 section 9.1",
        "Send JSON as `application/json` or `application/a2a+json` in UTF-8, gRPC as `application/grpc`, without content encoding.",
        "A request was sent with a content type, character set or content encoding under which its receiver might read other text in the same bytes.";
    /// Another version of the protocol.
    VERSION = "gateway.request.version", Caller, "A2A 1.0.1 section 3.6",
        "Use version 1.0 or 0.3 of A2A, with the methods and paths of the version that `A2A-Version` names.",
        "The request names a version of A2A that this gateway does not carry, or another than its method or path is of. Two servers could take it for two requests.";
    /// gRPC over something else than HTTP/2.
    BINDING = "gateway.request.binding", Caller, "gRPC over HTTP/2",
        "Send gRPC by HTTP/2 with prior knowledge (h2c).",
        "The request is gRPC over HTTP/1.1, which has no place for the status that gRPC puts behind an answer.";
    /// The policy does not permit it.
    DENIED = "gateway.policy.denied", Operator, "",
        "Permit the operation in the policy bundle of the runtime that refused, if it should be possible.",
        "No policy of the runtime's bundle permits this operation between these two agents, or one forbids it. Nothing is permitted by default, at either end of the call.";
    /// More than the peer may have.
    OVERLOAD = "gateway.limit.exceeded", Peer, "",
        "Send fewer requests at a time, and wait before trying again; or raise the limit before the policy named.",
        "The policy that permits this operation leaves only so many requests in a time, or at a time, to one peer, or the runtime has as many requests in flight as it takes. What is over is refused at once; every peer has a share that no other can use up.";
    /// A body is larger than the peer may send.
    MESSAGE_TOO_LARGE = "gateway.limit.message", Peer, "",
        "Send a smaller message; or raise `@message_bytes` before the policy that permits the operation.",
        "The policy that permits this operation limits how many bytes one request may have. A body that does not declare its length is counted as it comes.";
    /// The task or context is not the caller's.
    NOT_OWNED = "gateway.task.not_found", Caller, "A2A 1.0.1 sections 3.3.2 and 13.1",
        "Use the ids that the agent answered this agent's own messages with.",
        "No message of this caller made such a task or context at this runtime since it started, or so many came after it that it was forgotten. What belongs to somebody else is answered for in the same way.";
    /// The agent's list of tasks cannot be read.
    LIST = "gateway.list.unusable", Operator, "A2A 1.0.1 section 3.1.4",
        "Ask for smaller pages, or have the agent answer lists as the protocol has them.",
        "Tasks of others are taken out of a list before a peer sees it. This list is larger than 8 MiB, broke off, is compressed, or has a task without a single id, so that it cannot be told whose they are.";
    /// The audit log takes no records.
    UNRECORDED = "gateway.audit.unrecorded", Operator, "",
        "Read the runtime's log for why the audit log failed, mend it, and restart the runtime.",
        "What is not on record is not forwarded. The runtime's audit log could not take the record of this operation: its disk is full or failed, or it could not keep up.";
    /// The local agent does not answer.
    AGENT_UNREACHABLE = "gateway.agent.unreachable", Operator, "",
        "Check that the agent runs and listens on the port that its configuration names.",
        "The runtime could not connect to the agent beside it. It may be starting or restarting; the caller is told to try again.";
    /// The local agent broke off.
    AGENT_FAILED = "gateway.agent.failed", Operator, "",
        "Read the agent's own log for why it closed the connection.",
        "The agent accepted the connection and did not complete an HTTP response. Whether it acted on the request is not known.";
    /// The agent's card is of no use.
    CARD = "gateway.card.unusable", Operator, "A2A 1.0.1 section 8",
        "Have the agent serve a card that names a JSONRPC, HTTP+JSON or GRPC interface of version 1.0 or 0.3.",
        "The gateway learns from an agent's card which paths are whose interface, and rewrites its URLs for callers. This card could not be fetched, is not JSON, is too large, or offers no interface that is carried.";
    /// The local surface was addressed by a name that is not this machine.
    HOST = "gateway.surface.host", Caller, "",
        "Call the gateway by `127.0.0.1`, `localhost` or `[::1]`, or an agent by `NAME.cloister`.",
        "The local surface answers only requests whose Host is a loopback name or an agent's, so that a web page cannot reach it by letting its own name resolve to this machine (DNS rebinding).";
    /// A browser page of another origin called.
    ORIGIN = "gateway.surface.origin", Caller, "",
        "Call the gateway from the agent and not from a web page.",
        "The request carries an Origin that is not a loopback address: a web page of another site sent it.";
    /// Nothing is served at this path of the local surface.
    NOT_SERVED = "gateway.surface.not_served", Caller, "",
        "Call `/agents/NAME/` followed by a path of that agent's interface.",
        "The local surface serves other agents beneath `/agents/NAME/`, where NAME is the agent's name in the trust domain.";
}

/// Every code of this crate.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    let own = CODES.iter().chain(crate::mcp::CODES).chain(crate::push::CODES);
    own.chain(crate::delegation::CODES).copied()
}

/// Why a request was not carried.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("the path has more than one reading: {0}")]
    Path(#[from] PathError),
    #[error("the request is not an operation of the agent's interfaces")]
    Operation,
    #[error("the JSON-RPC request has no single reading: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the body has no single reading: {0}")]
    Body(#[from] ScanError),
    #[error("the JSON-RPC request is larger than the {max} bytes that are read")]
    TooLarge { max: usize },
    #[error("the request's body stopped coming")]
    Stalled,
    #[error("the content type, character set or content encoding is not the binding's")]
    ContentType,
    #[error("version {0} of A2A is not carried")]
    Version(String),
    #[error("the request says version {stated} of A2A and has the form of version {form}")]
    OtherVersion { stated: &'static str, form: &'static str },
    #[error("gRPC needs HTTP/2")]
    Binding,
    #[error("the policy does not permit `{operation}`: {decision}")]
    Denied { operation: OperationName, decision: Decision },
    #[error("{0}")]
    Overload(Overload),
    #[error("the request has more than the {max} bytes that the policy permits")]
    MessageTooLarge { max: u64 },
    #[error("the caller has no such task or context")]
    NotOwned,
    #[error(transparent)]
    List(#[from] ListError),
    #[error("the operation cannot be put on record: {0}")]
    Unrecorded(RecordError),
    #[error("the agent cannot be reached: {0}")]
    AgentUnreachable(String),
    #[error("the agent did not complete its answer: {0}")]
    AgentFailed(String),
    #[error("the agent's card is of no use: {0}")]
    Card(#[from] CardError),
    #[error("the request is addressed to a host that is not this machine")]
    Host,
    #[error("the request comes from a web page of another origin")]
    Origin,
    #[error("nothing is served at this path")]
    NotServed,
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(transparent)]
    Mcp(#[from] McpError),
    #[error(transparent)]
    Push(#[from] PushError),
    #[error(transparent)]
    Delegation(#[from] DelegationError),
}

impl Diagnostic for Cause {
    fn code(&self) -> &'static Code {
        match self {
            Self::Path(_) => &PATH,
            Self::Operation => &OPERATION,
            Self::Envelope(_) => &ENVELOPE,
            Self::Body(ScanError::Late) => &LATE,
            Self::Body(ScanError::Compressed) => &COMPRESSED,
            Self::Body(_) => &BODY,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::Stalled => &STALLED,
            Self::ContentType => &CONTENT_TYPE,
            Self::Version(_) | Self::OtherVersion { .. } => &VERSION,
            Self::Binding => &BINDING,
            Self::Denied { .. } => &DENIED,
            Self::Overload(_) => &OVERLOAD,
            Self::MessageTooLarge { .. } => &MESSAGE_TOO_LARGE,
            Self::NotOwned => &NOT_OWNED,
            Self::List(_) => &LIST,
            Self::Unrecorded(_) => &UNRECORDED,
            Self::AgentUnreachable(_) => &AGENT_UNREACHABLE,
            Self::AgentFailed(_) => &AGENT_FAILED,
            Self::Card(_) => &CARD,
            Self::Host => &HOST,
            Self::Origin => &ORIGIN,
            Self::NotServed => &NOT_SERVED,
            Self::Dial(error) => error.code(),
            Self::Mcp(error) => error.code(),
            Self::Push(error) => error.code(),
            Self::Delegation(error) => error.code(),
        }
    }
}
