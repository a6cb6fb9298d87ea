//! Why a request was not carried.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_policy::{Decision, OperationName};

use crate::card::CardError;
use crate::dialer::DialError;
use crate::envelope::EnvelopeError;
use crate::path::PathError;

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
    /// The JSON-RPC request is too large to be read.
    TOO_LARGE = "gateway.request.too_large", Caller, "",
        "Send files by the HTTP+JSON binding or by URL, or make the message smaller than 1 MiB.",
        "A JSON-RPC request is read whole before it is forwarded, because its operation is inside; that is limited to 1 MiB. HTTP+JSON requests are streamed and have no limit.";
    /// The body stopped coming.
    STALLED = "gateway.request.stalled", Caller, "",
        "Send the body without long pauses.",
        "A JSON-RPC request is read whole before it is forwarded. This one paused for longer than 30 seconds, or ended early.";
    /// The body is of another type.
    CONTENT_TYPE = "gateway.request.content_type", Caller, "A2A 1.0.1 section 9.1",
        "Send JSON-RPC as `application/json` in UTF-8, without content encoding.",
        "A JSON-RPC request was sent with a content type, character set or content encoding under which its receiver might read other text in the same bytes.";
    /// Another version of the protocol.
    VERSION = "gateway.request.version", Caller, "A2A 1.0.1 section 3.6",
        "Use version 1.0 of A2A: `A2A-Version: 1.0` and the method names of that version.",
        "The request is of a version of A2A that this gateway does not carry. It is named instead of being half understood.";
    /// A binding that is not carried.
    BINDING = "gateway.request.binding", Caller, "",
        "Use the JSON-RPC or the HTTP+JSON interface of the agent's card.",
        "The request is gRPC. This gateway carries A2A over JSON-RPC and HTTP+JSON; the cards that it hands out name only those.";
    /// The policy does not permit it.
    DENIED = "gateway.policy.denied", Operator, "",
        "Permit the operation in the policy bundle of the runtime that refused, if it should be possible.",
        "No policy of the runtime's bundle permits this operation between these two agents, or one forbids it. Nothing is permitted by default, at either end of the call.";
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
        "Call the gateway by `127.0.0.1`, `localhost` or `[::1]`.",
        "The local surface answers only requests whose Host is a loopback name, so that a web page cannot reach it by letting its own name resolve to this machine (DNS rebinding).";
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
    CODES.iter().copied()
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
    #[error("the JSON-RPC request is larger than the {max} bytes that are read")]
    TooLarge { max: usize },
    #[error("the request's body stopped coming")]
    Stalled,
    #[error("JSON-RPC needs the content type `application/json`, UTF-8 and no content encoding")]
    ContentType,
    #[error("version {0} of A2A is not carried")]
    Version(String),
    #[error("gRPC is not carried")]
    Binding,
    #[error("the policy does not permit `{operation}`: {decision}")]
    Denied { operation: OperationName, decision: Decision },
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
}

impl Diagnostic for Cause {
    fn code(&self) -> &'static Code {
        match self {
            Self::Path(_) => &PATH,
            Self::Operation => &OPERATION,
            Self::Envelope(_) => &ENVELOPE,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::Stalled => &STALLED,
            Self::ContentType => &CONTENT_TYPE,
            Self::Version(_) => &VERSION,
            Self::Binding => &BINDING,
            Self::Denied { .. } => &DENIED,
            Self::AgentUnreachable(_) => &AGENT_UNREACHABLE,
            Self::AgentFailed(_) => &AGENT_FAILED,
            Self::Card(_) => &CARD,
            Self::Host => &HOST,
            Self::Origin => &ORIGIN,
            Self::NotServed => &NOT_SERVED,
            Self::Dial(error) => error.code(),
        }
    }
}
