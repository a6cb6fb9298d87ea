//! Bodies in: bounded before they are read, strict once they are.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::error::ServiceError;
use crate::limits::JSON_BYTES_MAX;

/// A JSON body of at most [`JSON_BYTES_MAX`]. An empty one reads as `{}`.
#[derive(Debug)]
pub(super) struct Message<T>(pub(super) T);

/// A body of at most [`JSON_BYTES_MAX`], as it is.
#[derive(Debug)]
pub(super) struct Raw(pub(super) Bytes);

/// Why an operator does something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    #[serde(default)]
    pub(super) reason: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Message<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request.into_body()).await?;
        let text = if bytes.is_empty() { b"{}".as_slice() } else { &bytes };
        let body = |error: serde_json::Error| ServiceError::Body { reason: error.to_string() };
        Ok(Self(serde_json::from_slice(text).map_err(body)?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Ok(Self(read(request.into_body()).await?))
    }
}

async fn read(body: Body) -> Result<Bytes, ServiceError> {
    // A body that breaks off is nobody's to be told about: the connection is gone.
    to_bytes(body, JSON_BYTES_MAX)
        .await
        .map_err(|_| ServiceError::TooLarge { bytes_max: JSON_BYTES_MAX })
}
