//! The seam to the runtime: how a request reaches another agent's runtime.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::sync::Arc;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_policy::Subject;
use http::{Request, Response};

use crate::body::Body;
use cloister_channel::AgentName;

/// A future behind an object-safe trait.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens attested channels, or finds open ones.
///
/// The gateway calls this once for every request of the local agent. Success asserts that the
/// channel's peer was proven to be a runtime of `agent`, and that policy permits the connection.
/// What the gateway decides itself is whether this one operation may travel on it.
pub trait Dialer: Send + Sync + 'static {
    /// A live channel to a runtime of `agent`.
    fn dial<'a>(
        &'a self,
        agent: &'a AgentName,
    ) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>>;

    /// This runtime itself, as its own lease attests it; `None` while it has none. Policy decides
    /// by it over tool servers of this machine.
    fn own(&self) -> Option<Arc<Subject>>;
}

/// One attested channel.
pub trait Channel: Send + Sync + 'static {
    /// Who is at the other end, as its current lease attests.
    fn peer(&self) -> Arc<Subject>;

    /// Sends one HTTP/2 request. Dropping the future, or the body of the response, cancels it at
    /// the peer. There is no limit on how long an answer may take.
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>>;
}

/// What kind of failure it was: decides what the local agent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialFailure {
    /// No agent of that name is registered.
    UnknownAgent,
    /// One side's verdict on the other was no: attestation, revocation or the policy on `connect`.
    Refused,
    /// More requests than are let wait, or run at a time. The request was not delivered.
    Overloaded,
    /// No runtime of that agent answers. The request was not delivered; it may be tried again.
    Unreachable,
    /// The channel ended after the request was sent. Whether it was delivered is not known.
    Interrupted,
}

/// A request could not be carried.
#[derive(Clone, Debug)]
pub struct DialError {
    failure: DialFailure,
    code: &'static Code,
    message: String,
}

impl DialError {
    /// From the error that caused it; the local agent sees its code, message and remedy.
    pub fn new(failure: DialFailure, cause: &(impl Diagnostic + ?Sized)) -> Self {
        Self { failure, code: cause.code(), message: cause.to_string() }
    }

    /// What kind of failure it was.
    #[must_use]
    pub const fn failure(&self) -> DialFailure {
        self.failure
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DialError {}

impl Diagnostic for DialError {
    fn code(&self) -> &'static Code {
        self.code
    }
}
