//! Reading a body's ids while it streams by.
//!
//! A reader takes what the fields of the operation table say from the bytes that it is fed, and
//! skips the rest in constant memory. Until it is settled, ids are taken; once it is, what has not
//! come is held to be absent, and a field that comes all the same is an error.

mod json;
mod protobuf;
mod utf8;

use cloister_policy::Binding;

use crate::limits::JSON_DEPTH_MAX;
use crate::object::ObjectError;
use crate::operation::{ANSWER_FIELDS, Contradiction, Row, Said, answer_members};

use json::JsonScan;
use protobuf::ProtobufScan;

/// Why a body has no single reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not JSON in UTF-8, cut short, or something follows it.
    #[error("it is not JSON")]
    NotJson,
    /// JSON of another kind.
    #[error("it is not a JSON object")]
    NotObject,
    /// Two members that a reader may take for the same field, or a field twice.
    #[error("two of its members name the same field")]
    Doubled,
    /// Too many containers inside one another.
    #[error("it is nested deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
    /// An object that is read has too many members, or one with too long a name.
    #[error("it has more or longer members than are read")]
    TooMany,
    /// A field that is read is of the wrong type, or absent.
    #[error("its fields are not what the operation takes")]
    Fields,
    /// Two places name different tasks, contexts, tenants or configurations.
    #[error("its ids are not those of the rest of the request")]
    Contradiction,
    /// A field that is read came after the request had to be decided over.
    #[error("it names a task, context or push notification configuration too late")]
    Late,
    /// Not a protobuf message, cut short, or encoded as no official encoder does.
    #[error("it is not a protobuf message in a gRPC frame")]
    NotProtobuf,
    /// The frame is compressed.
    #[error("its message is compressed")]
    Compressed,
    /// Something follows the only message.
    #[error("it has more than one message")]
    Messages,
}

impl From<Contradiction> for ScanError {
    fn from(_: Contradiction) -> Self {
        Self::Contradiction
    }
}

impl From<ObjectError> for ScanError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::NotJson => Self::NotJson,
            ObjectError::NotObject => Self::Fields,
            ObjectError::Doubled => Self::Doubled,
            ObjectError::TooDeep => Self::TooDeep,
        }
    }
}

/// A reader of one body.
#[derive(Debug)]
pub(crate) enum Scan {
    Json(JsonScan),
    Protobuf(ProtobufScan),
}

impl Scan {
    /// Reads the JSON of an HTTP+JSON request, beside what its path and query have said.
    pub(crate) fn json(row: &'static Row, said: Said) -> Self {
        Self::Json(JsonScan::new(row.body, said))
    }

    /// Reads the one message of a gRPC request.
    pub(crate) fn protobuf(row: &'static Row) -> Self {
        Self::Protobuf(ProtobufScan::new(row.fields))
    }

    /// Reads an answer to a sent message, as far as it names what the message made.
    pub(crate) fn answer(binding: Binding, version: &str) -> Self {
        if binding == Binding::Grpc {
            Self::Protobuf(ProtobufScan::new(ANSWER_FIELDS))
        } else {
            Self::Json(JsonScan::new(answer_members(binding, version), Said::default()))
        }
    }

    /// What has been found so far.
    pub(crate) const fn said(&self) -> &Said {
        match self {
            Self::Json(scan) => scan.said(),
            Self::Protobuf(scan) => scan.said(),
        }
    }

    /// The binding that has bodies of this kind.
    pub(crate) const fn binding(&self) -> Binding {
        match self {
            Self::Json(_) => Binding::HttpJson,
            Self::Protobuf(_) => Binding::Grpc,
        }
    }

    /// Reads on.
    ///
    /// # Errors
    /// [`ScanError`], after which nothing more may be fed.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        match self {
            Self::Json(scan) => scan.feed(bytes),
            Self::Protobuf(scan) => scan.feed(bytes),
        }
    }

    /// Whether the body has said all that it can say, though it may not have ended.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            // White space may follow, and costs nothing to wait for: the length is known, mostly.
            Self::Json(_) => false,
            Self::Protobuf(scan) => scan.is_complete(),
        }
    }

    /// Checks that the body may end here.
    ///
    /// # Errors
    /// [`ScanError`] if something is missing.
    pub(crate) fn end(&self) -> Result<(), ScanError> {
        match self {
            Self::Json(scan) => scan.end(),
            Self::Protobuf(scan) if scan.is_complete() => Ok(()),
            Self::Protobuf(_) => Err(ScanError::NotProtobuf),
        }
    }

    /// What has been found. From here on, nothing else may be.
    pub(crate) fn settle(&mut self) -> Said {
        match self {
            Self::Json(scan) => scan.settle(),
            Self::Protobuf(scan) => scan.settle(),
        }
    }
}
