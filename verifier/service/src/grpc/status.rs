//! Errors as gRPC statuses. The code, its fault and its remedy travel as metadata.

use cloister_attestation::code::Diagnostic as _;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::error::{self, ServiceError};

impl From<ServiceError> for Status {
    fn from(error: ServiceError) -> Self {
        let status = status_of(&error);
        if matches!(status, Code::Internal | Code::Unavailable) {
            tracing::error!(code = error.code().id, error = %error::chain(&error), "request failed");
        }
        let mut metadata = MetadataMap::new();
        let code = error.code();
        put(&mut metadata, "cloister-code", code.id);
        put(&mut metadata, "cloister-fault", &code.fault.to_string());
        put(&mut metadata, "cloister-remedy", code.remedy);
        Self::with_metadata(status, format!("{}: {error}", code.id), metadata)
    }
}

fn put(metadata: &mut MetadataMap, key: &'static str, value: &str) {
    // Codes and remedies are printable ASCII; a test of all codes says so.
    if let Ok(value) = value.parse::<MetadataValue<Ascii>>() {
        metadata.insert(key, value);
    }
}

fn status_of(error: &ServiceError) -> Code {
    match error {
        ServiceError::Busy => Code::ResourceExhausted,
        ServiceError::Operator | ServiceError::LeaseRequired { .. } => Code::Unauthenticated,
        ServiceError::Argument { .. }
        | ServiceError::Reference(_)
        | ServiceError::Policy(_)
        | ServiceError::Authorization(_)
        | ServiceError::PolicyAnchors
        | ServiceError::Body { .. }
        | ServiceError::TooLarge { .. } => Code::InvalidArgument,
        ServiceError::NotFound { .. } => Code::NotFound,
        ServiceError::Revoked { .. }
        | ServiceError::AgentState { .. }
        | ServiceError::ImageForbids { .. }
        | ServiceError::KeyTooNew { .. }
        | ServiceError::Log(_) => Code::FailedPrecondition,
        ServiceError::EpochEnded => Code::Aborted,
        ServiceError::Timeout => Code::DeadlineExceeded,
        ServiceError::Store(_) => Code::Unavailable,
        ServiceError::Challenge(_)
        | ServiceError::Issue(_)
        | ServiceError::Lease(_)
        | ServiceError::Defect => Code::Internal,
    }
}
