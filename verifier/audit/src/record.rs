//! One entry of the log: a number, a time, and what happened.

mod channel;
mod fence;
mod operation;
mod peer;
mod runtime;
mod tool;

use cloister_attestation::time::UnixTime;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::error::AuditError;
use crate::hash::Hash;
use crate::limits::{RECORD_BYTES_MAX, TEXT_BYTES_MAX};
use crate::wire;

pub use crate::limits::POLICIES_NAMED_MAX;
pub use channel::{
    Authentication, ChannelClosed, ChannelOpened, ChannelRenewed, VisitBegan, VisitEnded,
};
pub use fence::{Barrier, Fenced};
pub use operation::{Delegated, Ending, Operation, Outcome, Payload, Subjects, Verdict};
pub use peer::{Direction, PeerFacts};
pub use runtime::{Began, Leased, Omitted, PolicyPublished, Predecessor, Vouched, Witnessed};
pub use tool::ToolDrifted;

/// The version of the encoding. Another one has another number and another reader.
const VERSION: u8 = 1;

/// Most records are smaller.
const USUAL_BYTES: usize = 512;

/// One entry of the log.
///
/// Its bytes are deterministic CBOR: a map with whole numbers for keys, in order, every head the
/// shortest, and what is absent left out.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[non_exhaustive]
pub struct Record {
    #[n(0)]
    version: u8,
    /// Its place in the log, counted from 0: the number of its leaf.
    #[n(1)]
    pub sequence: u64,
    /// When, by the runtime's clock.
    #[n(2)]
    #[cbor(with = "crate::wire::time")]
    pub at: UnixTime,
    /// What happened.
    #[n(3)]
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The runtime began its log. The first record, and nowhere else.
    #[n(0)]
    Began(#[n(0)] Began),
    /// A Verifier gave the runtime a lease.
    #[n(1)]
    Leased(#[n(0)] Leased),
    /// Somebody proved who it is, or failed to.
    #[n(2)]
    Authentication(#[n(0)] Authentication),
    /// A channel carries requests from now on.
    #[n(3)]
    ChannelOpened(#[n(0)] ChannelOpened),
    /// The peer's new lease was put to policy.
    #[n(4)]
    ChannelRenewed(#[n(0)] ChannelRenewed),
    /// A channel carries nothing any more.
    #[n(5)]
    ChannelClosed(#[n(0)] ChannelClosed),
    /// An operation was decided about. Where it was permitted, it is dispatched after this record.
    #[n(6)]
    Operation(#[n(0)] Box<Operation>),
    /// What became of an operation that was permitted.
    #[n(7)]
    Outcome(#[n(0)] Outcome),
    /// A peer showed a checkpoint of its own log.
    #[n(8)]
    Witnessed(#[n(0)] Witnessed),
    /// Events that were too many to be recorded one by one.
    #[n(9)]
    Omitted(#[n(0)] Omitted),
    /// A peer vouched for this log.
    #[n(10)]
    Vouched(#[n(0)] Vouched),
    /// A visitor was let in, of whom nothing is attested.
    #[n(11)]
    VisitBegan(#[n(0)] VisitBegan),
    /// A tool's definition is not what is expected.
    #[n(12)]
    ToolDrifted(#[n(0)] ToolDrifted),
    /// A visit carries nothing any more.
    #[n(13)]
    VisitEnded(#[n(0)] VisitEnded),
    /// The Verifier published an authorization policy.
    #[n(14)]
    PolicyPublished(#[n(0)] PolicyPublished),
    /// The agent met its fence.
    #[n(15)]
    Fenced(#[n(0)] Fenced),
}

impl Record {
    /// An entry.
    #[must_use]
    pub const fn new(sequence: u64, at: UnixTime, event: Event) -> Self {
        Self { version: VERSION, sequence, at, event }
    }

    /// The bytes that the tree has a leaf for.
    ///
    /// # Errors
    /// [`AuditError::Record`] if a text does not fit, or all of it is too long.
    pub fn encode(&self) -> Result<Vec<u8>, AuditError> {
        if !self.event.texts().iter().all(|text| wire::fits(text)) {
            return Err(malformed(
                "a text is empty, longer than 256 bytes, or has control characters",
            ));
        }
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        minicbor::encode(self, &mut bytes).map_err(|error| malformed(&error.to_string()))?;
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(malformed("longer than 16 KiB"));
        }
        Ok(bytes)
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    ///
    /// # Errors
    /// [`AuditError::Record`] with the reason.
    pub fn decode(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(malformed("longer than 16 KiB"));
        }
        let record: Self =
            minicbor::decode(bytes).map_err(|error| malformed(&error.to_string()))?;
        if record.version != VERSION {
            return Err(malformed("of another version"));
        }
        if record.encode()? != bytes {
            return Err(malformed("not in deterministic form"));
        }
        Ok(record)
    }
}

impl Event {
    /// The name in exports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Began(_) => "began",
            Self::Leased(_) => "leased",
            Self::Authentication(_) => "authentication",
            Self::ChannelOpened(_) => "channel_opened",
            Self::ChannelRenewed(_) => "channel_renewed",
            Self::ChannelClosed(_) => "channel_closed",
            Self::Operation(_) => "operation",
            Self::Outcome(_) => "outcome",
            Self::Witnessed(_) => "witnessed",
            Self::Omitted(_) => "omitted",
            Self::PolicyPublished(_) => "policy_published",
            Self::ToolDrifted(_) => "tool_drifted",
            Self::Vouched(_) => "vouched",
            Self::VisitBegan(_) => "visit_began",
            Self::VisitEnded(_) => "visit_ended",
            Self::Fenced(_) => "fenced",
        }
    }

    /// The peer that it is about, if it is about one that proved who it is.
    #[must_use]
    pub const fn peer(&self) -> Option<&PeerFacts> {
        match self {
            Self::Authentication(event) => event.peer.as_ref(),
            Self::ChannelOpened(event) => Some(&event.peer),
            Self::ChannelRenewed(event) => Some(&event.peer),
            Self::ChannelClosed(event) => Some(&event.peer),
            Self::Operation(event) => event.peer.as_ref(),
            Self::Witnessed(event) => Some(&event.peer),
            Self::Vouched(event) => Some(&event.peer),
            Self::Began(_)
            | Self::Leased(_)
            | Self::Outcome(_)
            | Self::Omitted(_)
            | Self::PolicyPublished(_)
            | Self::ToolDrifted(_)
            | Self::VisitBegan(_)
            | Self::VisitEnded(_)
            | Self::Fenced(_) => None,
        }
    }

    /// Every text of it that has to fit.
    fn texts(&self) -> Vec<&str> {
        let mut texts = match self {
            Self::Began(event) => event.texts(),
            Self::Leased(_) | Self::Vouched(_) => Vec::new(),
            Self::Authentication(event) => event.texts(),
            Self::ChannelOpened(event) => vec![event.key_exchange.as_str()],
            Self::ChannelRenewed(event) => vec![event.result.as_str()],
            Self::ChannelClosed(event) => vec![event.reason.as_str()],
            Self::Operation(event) => event.texts(),
            Self::Outcome(event) => event.ending.texts(),
            Self::Witnessed(event) => event.refused.as_deref().into_iter().collect(),
            Self::Omitted(event) => vec![event.what.as_str()],
            Self::PolicyPublished(event) => event.refused.as_deref().into_iter().collect(),
            Self::ToolDrifted(event) => vec![event.server.as_str()],
            Self::VisitBegan(event) => vec![event.from.as_str(), event.key_exchange.as_str()],
            Self::VisitEnded(event) => vec![event.reason.as_str()],
            Self::Fenced(event) => event.texts(),
        };
        texts.extend(self.peer().into_iter().flat_map(PeerFacts::texts));
        texts
    }
}

/// As much of `text` as fits into a record, with a sign in place of what does not.
#[must_use]
pub fn recordable(text: &str) -> String {
    if wire::fits(text) {
        return text.to_owned();
    }
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut short = String::new();
    for c in text.chars().map(plain) {
        if short.len().saturating_add(c.len_utf8()) > TEXT_BYTES_MAX {
            break;
        }
        short.push(c);
    }
    if short.is_empty() { char::REPLACEMENT_CHARACTER.to_string() } else { short }
}

/// How records name what a caller chose a name for: a task, a context, a tenant, a resource.
///
/// Such names are often random and sometimes tell whom a conversation is about; the log may lie
/// where the host reads it. Whoever knows the name finds its records; whoever can guess it can
/// test the guess.
#[must_use]
pub fn name_digest(kind: &str, name: &str) -> Hash {
    Hash::over(&[NAME_LABEL, kind.as_bytes(), &[0], name.as_bytes()])
}

const NAME_LABEL: &[u8] = b"cloister/audit-name/1\0";

fn malformed(reason: &str) -> AuditError {
    AuditError::Record { reason: reason.to_owned() }
}
