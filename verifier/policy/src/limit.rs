//! Limits of what a policy permits. Cedar decides over one request at a time and cannot count, so
//! they are annotations, and whoever asks counts.
//!
//! They stand in the bundle and not beside it, so that a limit changes with the policy that it is
//! the limit of, is validated with it, and is named by the same digest.

use core::fmt;
use core::time::Duration;

/// How much of what a policy permits one peer may have. Absent is without limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Limits {
    /// `@rate("20/s")`: requests in a time.
    pub rate: Option<Rate>,
    /// `@concurrency("8")`: requests whose answer has not ended, at a time.
    pub concurrency: Option<u32>,
    /// `@message_bytes("65536")`: bytes of one request's body, declared or not.
    pub message_bytes: Option<u64>,
}

/// Requests in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub(crate) count: u32,
    pub(crate) secs: u32,
}

impl Rate {
    /// How many; from 1. As many may come at once.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// In how long a time.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs(self.secs.into())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.secs {
            1 => "s",
            60 => "min",
            _ => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

/// A policy that permits within limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Its id.
    pub policy: String,
    /// What it leaves to one peer.
    pub limits: Limits,
}
