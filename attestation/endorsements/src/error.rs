//! Why a document is not at hand.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::publication::{Need, PublicationError};
use cloister_attestation::time::UnixTime;

use crate::code;

/// A document could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Its service is not asked, and it is not kept.
    #[error("{need} is not kept, and its service is not asked")]
    Off {
        /// Which document.
        need: Need,
    },
    /// Its service failed a short while ago.
    #[error("{need} is not kept, and {host} is left alone until {until}")]
    BackingOff {
        /// Which document.
        need: Need,
        /// Whose turn it would be.
        host: String,
        /// When it is asked again.
        until: UnixTime,
    },
    /// It was asked for a short while ago, in vain.
    #[error("{need} was asked for in vain and is not asked for again until {until}: {reason}")]
    InVain {
        /// Which document.
        need: Need,
        /// How the last attempt ended.
        reason: String,
        /// When it is asked for again.
        until: UnixTime,
    },
    /// The service does not have it.
    #[error("{host} has no {need}: it answered {status}")]
    Absent {
        /// Which document.
        need: Need,
        /// Who was asked.
        host: String,
        /// The answer's status.
        status: u16,
    },
    /// The service is too busy for us.
    #[error("{host} wants to be left alone until {until}")]
    Throttled {
        /// Who was asked.
        host: String,
        /// When it is asked again.
        until: UnixTime,
    },
    /// The service failed.
    #[error("{host} answered {status}")]
    Status {
        /// Who was asked.
        host: String,
        /// The answer's status.
        status: u16,
    },
    /// The service sends elsewhere.
    #[error("{host} answered {status}, a redirect")]
    Redirect {
        /// Who was asked.
        host: String,
        /// The answer's status.
        status: u16,
    },
    /// The answer is larger than such a document can be.
    #[error("the answer of {host} is larger than {bytes_max} bytes")]
    TooLarge {
        /// Who was asked.
        host: String,
        /// What is read at most.
        bytes_max: usize,
    },
    /// The answer is not one that is understood.
    #[error("the answer of {host} is not understood: {reason}")]
    Answer {
        /// Who was asked.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No answer within the time.
    #[error("{host} did not answer in full within {} s", .seconds)]
    Timeout {
        /// Who was asked.
        host: String,
        /// The time that it had.
        seconds: u64,
    },
    /// No connection, or one that broke.
    #[error("the connection to {host} failed")]
    Connection {
        /// Who was asked.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It arrived, and is not what was asked for.
    #[error("what {host} answered as {need} is refused")]
    Refused {
        /// Which document.
        need: Need,
        /// Who was asked.
        host: String,
        /// Why.
        source: Box<PublicationError>,
    },
    /// It is older than the one that is kept.
    #[error("what {host} answered as {need} is older than what is kept")]
    Older {
        /// Which document.
        need: Need,
        /// Who was asked.
        host: String,
    },
}

impl FetchError {
    /// When asking again makes sense, where that is known.
    #[must_use]
    pub const fn retry_at(&self) -> Option<UnixTime> {
        match self {
            Self::BackingOff { until, .. }
            | Self::InVain { until, .. }
            | Self::Throttled { until, .. } => Some(*until),
            Self::Off { .. }
            | Self::Absent { .. }
            | Self::Status { .. }
            | Self::Redirect { .. }
            | Self::TooLarge { .. }
            | Self::Answer { .. }
            | Self::Timeout { .. }
            | Self::Connection { .. }
            | Self::Refused { .. }
            | Self::Older { .. } => None,
        }
    }
}

impl Diagnostic for FetchError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Off { .. } => &code::OFF,
            Self::BackingOff { .. } => &code::BACKING_OFF,
            Self::InVain { .. } => &code::IN_VAIN,
            Self::Absent { .. } => &code::ABSENT,
            Self::Throttled { .. } => &code::THROTTLED,
            Self::Status { .. } => &code::STATUS,
            Self::Redirect { .. } => &code::REDIRECT,
            Self::TooLarge { .. } => &code::TOO_LARGE,
            Self::Answer { .. } => &code::ANSWER,
            Self::Timeout { .. } => &code::TIMEOUT,
            Self::Connection { .. } => &code::CONNECTION,
            Self::Refused { .. } => &code::REFUSED,
            Self::Older { .. } => &code::OLDER,
        }
    }
}
