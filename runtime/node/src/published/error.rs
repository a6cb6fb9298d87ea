//! Why a publication is not put in force.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_channel::publication::PublicationError;
use cloister_policy::PolicyError;

#[derive(Debug, thiserror::Error)]
pub(super) enum PublishedError {
    #[error(transparent)]
    Publication(#[from] PublicationError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Diagnostic for PublishedError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Publication(error) => error.code(),
            Self::Policy(error) => error.code(),
        }
    }
}
