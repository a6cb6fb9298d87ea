//! Where a runtime stands: what it may do follows from this alone.

use core::fmt;

use serde::Serialize;

/// The phases of a runtime's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Asking for admission for the first time. The agent has not been started.
    Enrolling,
    /// The Verifier said no. The agent does not run.
    Refused,
    /// A live lease: the agent runs, channels are open.
    Admitted,
    /// The lease ended before it could be renewed. The agent runs and is cut off.
    Expired,
    /// The lease was taken away. The agent was stopped.
    Revoked,
    /// Asked to end.
    Stopping,
}

impl Phase {
    /// Every phase, for metrics.
    pub const ALL: [Self; 6] = [
        Self::Enrolling,
        Self::Refused,
        Self::Admitted,
        Self::Expired,
        Self::Revoked,
        Self::Stopping,
    ];

    /// Whether channels may carry anything.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Admitted)
    }

    /// Whether the agent may run. An expired lease cuts it off and does not stop it: the Verifier
    /// may only be out of reach.
    #[must_use]
    pub const fn runs_agent(self) -> bool {
        matches!(self, Self::Admitted | Self::Expired)
    }

    /// The name in JSON and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enrolling => "enrolling",
            Self::Refused => "refused",
            Self::Admitted => "admitted",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Stopping => "stopping",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Phase;

    #[test]
    fn only_an_admitted_runtime_serves_and_no_revoked_one_runs_an_agent() {
        let serving: Vec<_> = Phase::ALL.into_iter().filter(|phase| phase.serves()).collect();
        assert_eq!(serving, [Phase::Admitted]);
        let running: Vec<_> = Phase::ALL.into_iter().filter(|phase| phase.runs_agent()).collect();
        assert_eq!(running, [Phase::Admitted, Phase::Expired]);
    }
}
