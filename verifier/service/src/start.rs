//! Why the service did not start.

use std::io;
use std::net::SocketAddr;

use cloister_attestation::code::{Code, Diagnostic};

use crate::error::ServiceError;
use crate::state::StateError;
use crate::store::StoreError;

cloister_attestation::codes! {
    /// The port cannot be bound.
    BIND = "service.bind", Operator, "",
        "Stop what listens on the address, or configure another one.",
        "The configured address is in use, is not one of this machine, or needs rights that the service's user does not have.";
    /// The TLS library refused its configuration.
    TLS = "service.tls", Cloister, "",
        "Report this as a defect.",
        "The TLS library refused the fixed protocol version and algorithms of the service, or its own issuing certificate.";
}

/// The service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lease keys cannot be brought up to date.
    #[error("lease keys cannot be brought up to date")]
    Rotation(#[from] ServiceError),
    /// The port cannot be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The folder of fetched documents cannot be used.
    #[error(transparent)]
    Documents(#[from] cloister_endorsements::StoreError),
    /// The TLS library refused its configuration.
    #[error("TLS configuration is refused")]
    Tls(#[from] rustls::Error),
}

impl Diagnostic for StartError {
    fn code(&self) -> &'static Code {
        match self {
            Self::State(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Documents(error) => error.code(),
            Self::Rotation(error) => error.code(),
            Self::Bind { .. } => &BIND,
            Self::Tls(_) => &TLS,
        }
    }
}
