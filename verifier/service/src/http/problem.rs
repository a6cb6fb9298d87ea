//! Errors as JSON: `{"code", "fault", "message", "remedy"}`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloister_attestation::code::Diagnostic as _;
use serde_json::json;

use crate::error::{self, ServiceError};

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Problem(pub(crate) ServiceError);

impl<E: Into<ServiceError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let (status, code) = (status_of(&error), error.code());
        if status.is_server_error() {
            tracing::error!(code = code.id, error = %error::chain(&error), "request failed");
        }
        let body = json!({
            "code": code.id,
            "fault": code.fault.to_string(),
            "message": error.to_string(),
            "remedy": code.remedy,
        });
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let bearer = header::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

fn status_of(error: &ServiceError) -> StatusCode {
    match error {
        ServiceError::Busy => StatusCode::TOO_MANY_REQUESTS,
        ServiceError::Operator | ServiceError::LeaseRequired { .. } => StatusCode::UNAUTHORIZED,
        ServiceError::Argument { .. }
        | ServiceError::Reference(_)
        | ServiceError::Policy(_)
        | ServiceError::Authorization(_)
        | ServiceError::PolicyAnchors
        | ServiceError::Body { .. } => StatusCode::BAD_REQUEST,
        ServiceError::NotFound { .. } => StatusCode::NOT_FOUND,
        ServiceError::Revoked { .. }
        | ServiceError::AgentState { .. }
        | ServiceError::ImageForbids { .. }
        | ServiceError::KeyTooNew { .. }
        | ServiceError::Log(_)
        | ServiceError::EpochEnded => StatusCode::CONFLICT,
        ServiceError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ServiceError::Timeout => StatusCode::REQUEST_TIMEOUT,
        ServiceError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        ServiceError::Challenge(_)
        | ServiceError::Issue(_)
        | ServiceError::Lease(_)
        | ServiceError::Defect => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
