//! Why there is no fence, so that there is no agent.

use std::io;

use cloister_attestation::code::{Code, Diagnostic};

cloister_attestation::codes! {
    /// A part of the fence cannot be put up.
    FENCE = "guest.fence", Operator, "",
        "Run cloisterd as root on a kernel with namespaces and seccomp, and declare only paths that exist.",
        "The agent runs within namespaces, Landlock and a list of system calls, without privileges. One of these could not be had, or a path that agent.toml declares is not there. The agent is not started without its fence.";
}

/// A part of the fence cannot be put up.
#[derive(Debug, thiserror::Error)]
#[error("the agent's fence: cannot {step}")]
pub struct FenceError {
    step: String,
    #[source]
    source: io::Error,
}

impl FenceError {
    /// For `map_err`: which step it was.
    pub(super) fn at<E: Into<io::Error>>(step: impl Into<String>) -> impl FnOnce(E) -> Self {
        let step = step.into();
        move |source| Self { step, source: source.into() }
    }

    /// The step failed for a reason of another kind.
    pub(super) fn other(
        step: &str,
        reason: impl Into<Box<dyn core::error::Error + Send + Sync>>,
    ) -> Self {
        Self { step: step.to_owned(), source: io::Error::other(reason) }
    }
}

impl Diagnostic for FenceError {
    fn code(&self) -> &'static Code {
        &FENCE
    }
}
