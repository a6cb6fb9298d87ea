//! One row for each kind of refusal: what each binding calls it, and how much a peer is told.

use http::StatusCode;

use crate::delegation::DelegationError;
use crate::dialer::DialFailure;
use crate::envelope::EnvelopeError;
use crate::error::Cause;
use crate::limiter::Overload;
use crate::mcp::McpError;
use crate::object::ObjectError;
use crate::push::PushError;
use crate::scan::ScanError;

/// The reasons of A2A's own errors belong to its domain, the others to ours.
const A2A: &str = "a2a-protocol.org";
const CLOISTER: &str = "cloister";

/// Canonical codes. SPEC: google/rpc/code.proto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Canonical {
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Unimplemented,
    Internal,
    Unavailable,
}

impl Canonical {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NotFound => "NOT_FOUND",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    pub(super) const fn number(self) -> u16 {
        match self {
            Self::InvalidArgument => 3,
            Self::NotFound => 5,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition => 9,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
        }
    }
}

/// JSON-RPC's own codes.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
/// A2A's codes.
const TASK_NOT_FOUND_CODE: i32 = -32001;
const PUSH_NOT_SUPPORTED_CODE: i32 = -32003;
const CONTENT_TYPE_NOT_SUPPORTED: i32 = -32005;
const INVALID_AGENT_RESPONSE: i32 = -32006;
const VERSION_NOT_SUPPORTED: i32 = -32009;
/// MCP's codes. The first is of the legacy era.
pub(super) const RESOURCE_NOT_FOUND: i32 = -32002;
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_REVISION: i32 = -32022;
/// Ours: outside of what JSON-RPC (-32768 to -32000) keeps for itself and its protocols.
const PERMISSION_DENIED: i32 = -31403;
const AGENT_NOT_FOUND: i32 = -31404;
const CHANGED: i32 = -31409;
const TOO_MANY_REQUESTS: i32 = -31429;

/// What a refusal is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) http: StatusCode,
    pub(super) grpc: Canonical,
    pub(super) json_rpc: i32,
    pub(super) reason: &'static str,
    pub(super) domain: &'static str,
    /// What a peer is told.
    pub(super) coarse: &'static str,
    /// Whether trying again can help.
    pub(super) retry: bool,
}

/// The reason that is given for a compressed request.
pub(super) const COMPRESSED: &str = "COMPRESSION_NOT_SUPPORTED";

impl Status {
    /// The code over gRPC. SPEC: gRPC status codes: a method that is unknown is not implemented.
    pub(super) fn over_grpc(&self) -> Canonical {
        if *self == NO_OPERATION { Canonical::Unimplemented } else { self.grpc }
    }

    /// The name of the error in version 0.3, where that has one. SPEC: A2A 0.3.0 section 8.
    pub(super) const fn named_0_3(&self) -> Option<&'static str> {
        Some(match self.json_rpc {
            PARSE_ERROR => "JSONParseError",
            INVALID_REQUEST => "InvalidRequestError",
            METHOD_NOT_FOUND => "MethodNotFoundError",
            INVALID_PARAMS => "InvalidParamsError",
            INTERNAL_ERROR => "InternalError",
            TASK_NOT_FOUND_CODE => "TaskNotFoundError",
            PUSH_NOT_SUPPORTED_CODE => "PushNotificationNotSupportedError",
            CONTENT_TYPE_NOT_SUPPORTED => "ContentTypeNotSupportedError",
            INVALID_AGENT_RESPONSE => "InvalidAgentResponseError",
            _ => return None,
        })
    }

    /// The row for `cause`.
    pub(super) const fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Path(_) | Cause::Stalled => MALFORMED,
            Cause::Body(ScanError::Compressed) => Self { reason: COMPRESSED, ..BINDING },
            Cause::Body(error) => Self { json_rpc: scan_code(*error), ..MALFORMED },
            Cause::Envelope(error) => Self { json_rpc: envelope_code(*error), ..MALFORMED },
            Cause::TooLarge { .. } => TOO_LARGE,
            Cause::Operation => NO_OPERATION,
            Cause::NotServed => NOT_SERVED,
            Cause::ContentType => CONTENT_TYPE,
            Cause::Version(_) | Cause::OtherVersion { .. } => VERSION,
            Cause::Binding => BINDING,
            Cause::Denied { .. } | Cause::Host | Cause::Origin => DENIED,
            Cause::Overload(Overload::Limit { .. }) => LIMITED,
            Cause::Overload(Overload::Capacity) => SHED,
            Cause::MessageTooLarge { .. } => MESSAGE_TOO_LARGE,
            Cause::NotOwned => TASK_NOT_FOUND,
            Cause::List(_) => LIST,
            Cause::Unrecorded(_) => UNRECORDED,
            Cause::AgentUnreachable(_) => UNAVAILABLE,
            Cause::AgentFailed(_) => BROKEN,
            Cause::Card(_) => CARD,
            Cause::Mcp(error) => mcp_status(error),
            Cause::Push(error) => push_status(error),
            Cause::Delegation(error) => match error {
                DelegationError::Header(_) => MALFORMED,
                DelegationError::Handle | DelegationError::Chain(_) => DENIED,
                DelegationError::NoLease => UNAVAILABLE,
                DelegationError::Audience | DelegationError::Random => BROKEN,
            },
            Cause::Dial(error) => match error.failure() {
                DialFailure::UnknownAgent => NOT_SERVED,
                DialFailure::Refused => DENIED,
                DialFailure::Overloaded => OVERLOADED,
                DialFailure::Unreachable => UNAVAILABLE,
                DialFailure::Interrupted => BROKEN,
            },
        }
    }
}

/// SPEC: MCP 2026-07-28, basic, "Error Codes"; basic/transports/streamable-http.
const fn mcp_status(error: &McpError) -> Status {
    match error {
        McpError::NoServer => Status { coarse: "There is no such tool server.", ..NOT_SERVED },
        McpError::NoLease => UNAVAILABLE,
        McpError::Verb => Status { http: StatusCode::METHOD_NOT_ALLOWED, ..NO_OPERATION },
        McpError::Version(_) => Status { json_rpc: UNSUPPORTED_REVISION, ..MALFORMED },
        McpError::HeaderMismatch(_) => Status { json_rpc: HEADER_MISMATCH, ..MALFORMED },
        McpError::Metadata(_) => Status { json_rpc: INVALID_PARAMS, ..MALFORMED },
        McpError::Method(_) => NO_OPERATION,
        McpError::Response(_) => MALFORMED,
        McpError::Session => NO_SESSION,
        McpError::Sessions => OVERLOADED,
        McpError::UnknownTool => UNKNOWN_TOOL,
        McpError::Answer(_) | McpError::Definition(_) => BROKEN,
        McpError::Unpinned { .. } => UNKNOWN_TOOL,
        McpError::Drift { .. } => TOOL_CHANGED,
        McpError::Program(_) => UNAVAILABLE,
    }
}

/// SPEC: A2A 1.0.1 sections 3.3.4 and 5.4: where there is no such configuration, the task is not
/// found; a peer is told no more of a delivery.
const fn push_status(error: &PushError) -> Status {
    match error {
        PushError::Webhook(_) | PushError::Config(_) | PushError::Notice(_) => {
            Status { json_rpc: INVALID_PARAMS, ..MALFORMED }
        }
        PushError::OtherTask => Status { json_rpc: INVALID_PARAMS, ..DENIED },
        PushError::TooLarge => TOO_LARGE,
        PushError::Full(_) => LIMITED,
        PushError::Visitor => PUSH_NOT_SUPPORTED,
        PushError::Unknown => TASK_NOT_FOUND,
        PushError::Undelivered(_) => UNDELIVERED,
        PushError::Answer(_) => ANSWER,
        PushError::Random => UNAVAILABLE,
    }
}

pub(super) const fn envelope_code(error: EnvelopeError) -> i32 {
    match error {
        EnvelopeError::Object(ObjectError::NotJson) => PARSE_ERROR,
        EnvelopeError::Params => INVALID_PARAMS,
        EnvelopeError::Object(
            ObjectError::NotObject | ObjectError::Doubled | ObjectError::TooDeep,
        )
        | EnvelopeError::Batch
        | EnvelopeError::Kind
        | EnvelopeError::Method
        | EnvelopeError::Id => INVALID_REQUEST,
    }
}

const fn scan_code(error: ScanError) -> i32 {
    match error {
        ScanError::NotJson => PARSE_ERROR,
        ScanError::Fields | ScanError::Contradiction => INVALID_PARAMS,
        ScanError::NotObject
        | ScanError::Doubled
        | ScanError::TooDeep
        | ScanError::TooMany
        | ScanError::Late
        | ScanError::NotProtobuf
        | ScanError::Compressed
        | ScanError::Messages => INVALID_REQUEST,
    }
}

const MALFORMED: Status = Status {
    http: StatusCode::BAD_REQUEST,
    grpc: Canonical::InvalidArgument,
    json_rpc: INVALID_REQUEST,
    reason: "MALFORMED_REQUEST",
    domain: CLOISTER,
    coarse: "The request cannot be read in one way.",
    retry: false,
};

const TOO_LARGE: Status = Status {
    http: StatusCode::PAYLOAD_TOO_LARGE,
    reason: "REQUEST_TOO_LARGE",
    coarse: "The request is too large.",
    ..MALFORMED
};

const NO_OPERATION: Status = Status {
    http: StatusCode::NOT_FOUND,
    grpc: Canonical::NotFound,
    json_rpc: METHOD_NOT_FOUND,
    reason: "OPERATION_NOT_FOUND",
    domain: CLOISTER,
    coarse: "There is no such operation.",
    retry: false,
};

const NOT_SERVED: Status = Status {
    json_rpc: AGENT_NOT_FOUND,
    reason: "AGENT_NOT_FOUND",
    coarse: "There is no such agent.",
    ..NO_OPERATION
};

const CONTENT_TYPE: Status = Status {
    json_rpc: CONTENT_TYPE_NOT_SUPPORTED,
    reason: "CONTENT_TYPE_NOT_SUPPORTED",
    domain: A2A,
    coarse: "The content type is not supported.",
    ..MALFORMED
};

const VERSION: Status = Status {
    http: StatusCode::BAD_REQUEST,
    grpc: Canonical::FailedPrecondition,
    json_rpc: VERSION_NOT_SUPPORTED,
    reason: "VERSION_NOT_SUPPORTED",
    domain: A2A,
    coarse: "The protocol version is not that of the request, or is not supported.",
    retry: false,
};

const BINDING: Status = Status {
    http: StatusCode::NOT_IMPLEMENTED,
    grpc: Canonical::Unimplemented,
    json_rpc: METHOD_NOT_FOUND,
    reason: "BINDING_NOT_SUPPORTED",
    domain: CLOISTER,
    coarse: "The request is not gRPC over HTTP/2, or is compressed.",
    retry: false,
};

const DENIED: Status = Status {
    http: StatusCode::FORBIDDEN,
    grpc: Canonical::PermissionDenied,
    json_rpc: PERMISSION_DENIED,
    reason: "PERMISSION_DENIED",
    domain: CLOISTER,
    coarse: "Not permitted.",
    retry: false,
};

const UNAVAILABLE: Status = Status {
    http: StatusCode::SERVICE_UNAVAILABLE,
    grpc: Canonical::Unavailable,
    json_rpc: INTERNAL_ERROR,
    reason: "AGENT_UNAVAILABLE",
    domain: CLOISTER,
    coarse: "The agent does not answer at the moment.",
    retry: true,
};

const UNRECORDED: Status = Status {
    reason: "NOT_RECORDED",
    coarse: "The operation cannot be put on record.",
    retry: false,
    ..UNAVAILABLE
};

const OVERLOADED: Status = Status {
    http: StatusCode::TOO_MANY_REQUESTS,
    grpc: Canonical::ResourceExhausted,
    json_rpc: INTERNAL_ERROR,
    reason: "TOO_MANY_REQUESTS",
    domain: CLOISTER,
    coarse: "Too many requests at a time.",
    retry: true,
};

/// The peer's own doing.
const LIMITED: Status = Status { json_rpc: TOO_MANY_REQUESTS, ..OVERLOADED };

/// Everybody's: there is no more room.
const SHED: Status =
    Status { http: StatusCode::SERVICE_UNAVAILABLE, reason: "OVERLOADED", ..LIMITED };

const MESSAGE_TOO_LARGE: Status = Status {
    grpc: Canonical::ResourceExhausted,
    coarse: "The request is larger than is permitted.",
    ..TOO_LARGE
};

const BROKEN: Status = Status {
    http: StatusCode::BAD_GATEWAY,
    grpc: Canonical::Internal,
    json_rpc: INTERNAL_ERROR,
    reason: "AGENT_FAILED",
    domain: CLOISTER,
    coarse: "The agent did not complete its answer.",
    retry: false,
};

const CARD: Status = Status {
    http: StatusCode::BAD_GATEWAY,
    grpc: Canonical::Internal,
    json_rpc: INVALID_AGENT_RESPONSE,
    reason: "INVALID_AGENT_RESPONSE",
    domain: A2A,
    coarse: "The agent's card is of no use.",
    retry: false,
};

const PUSH_NOT_SUPPORTED: Status = Status {
    http: StatusCode::BAD_REQUEST,
    grpc: Canonical::FailedPrecondition,
    json_rpc: PUSH_NOT_SUPPORTED_CODE,
    reason: "PUSH_NOTIFICATION_NOT_SUPPORTED",
    domain: A2A,
    coarse: "Push notifications are not supported.",
    retry: false,
};

const UNDELIVERED: Status =
    Status { retry: true, coarse: "The notification was not taken.", ..BROKEN };

const ANSWER: Status =
    Status { coarse: "The agent's answer about push notifications is of no use.", ..CARD };

const NO_SESSION: Status =
    Status { json_rpc: AGENT_NOT_FOUND, coarse: "There is no such session.", ..NO_OPERATION };

const UNKNOWN_TOOL: Status = Status {
    http: StatusCode::OK,
    json_rpc: INVALID_PARAMS,
    coarse: "Unknown tool.",
    ..NO_OPERATION
};

const TOOL_CHANGED: Status = Status {
    json_rpc: CHANGED,
    coarse: "The tool is not what it was pinned to be.",
    ..UNKNOWN_TOOL
};

const LIST: Status =
    Status { coarse: "The agent's list of tasks is of no use; ask for a smaller page.", ..CARD };

const TASK_NOT_FOUND: Status = Status {
    json_rpc: TASK_NOT_FOUND_CODE,
    reason: "TASK_NOT_FOUND",
    domain: A2A,
    coarse: "Task not found.",
    ..NO_OPERATION
};
