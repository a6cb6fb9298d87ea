//! Bodies: boxed where they cross a module's edge, streamed everywhere.

mod breakage;
mod cap;
mod held;
mod whole;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};

pub(crate) use breakage::Breakage;
pub(crate) use cap::Cap;
pub use held::held;
pub(crate) use whole::Whole;

/// Whatever went wrong while a body was read.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body on its way through: frames are handed on as they arrive, never collected.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Boxes any body.
pub fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// A body of known bytes.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    boxed(Full::new(bytes.into()))
}

/// No body.
#[must_use]
pub fn empty() -> Body {
    boxed(Empty::new())
}
