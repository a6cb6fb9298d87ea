//! A body that was read to its end, to be sent on changed.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt as _, Limited};

use super::{Body, BodyError, boxed, full};
use crate::dialer::BoxFuture;

/// The bytes of a body, and what came behind them.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    trailers: Option<HeaderMap>,
}

impl Whole {
    /// Reads a body of at most `max` bytes.
    pub(crate) async fn of(body: Body, max: usize) -> Result<Self, BodyError> {
        // Boxed here, so that callers need not prove `Send` of it.
        let collecting: BoxFuture<'static, _> = Box::pin(Limited::new(body, max).collect());
        let collected = collecting.await?;
        let trailers = collected.trailers().cloned();
        Ok(Self { bytes: collected.to_bytes(), trailers })
    }
}

impl From<Whole> for Body {
    fn from(whole: Whole) -> Self {
        let Whole { bytes, trailers } = whole;
        match trailers {
            Some(trailers) => {
                boxed(full(bytes).with_trailers(core::future::ready(Some(Ok(trailers)))))
            }
            None => full(bytes),
        }
    }
}
