//! Operations: the record that is written before anything is forwarded, and the one after.

use cloister_attestation::bytes::Digest48;
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Direction, PeerFacts};
use crate::hash::Hash;

/// An operation was decided about.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Operation {
    /// Who calls whom.
    #[n(0)]
    pub direction: Direction,
    /// The other end of the channel; absent for a visitor, of whom nothing is attested.
    #[n(1)]
    pub peer: Option<PeerFacts>,
    /// The protocol, as policy calls it.
    #[n(2)]
    pub protocol: String,
    /// The protocol's version.
    #[n(3)]
    pub version: String,
    /// How it was put on the wire.
    #[n(4)]
    pub binding: String,
    /// Which operation, as policy calls it.
    #[n(5)]
    pub name: String,
    /// What the request names, as digests.
    #[n(6)]
    pub subjects: Subjects,
    /// What was decided. Denied means: nothing was forwarded.
    #[n(7)]
    pub verdict: Verdict,
    /// The request's body, where all of it was there before the decision. Absent: it is streamed,
    /// and [`Outcome::request`] has what was forwarded of it.
    #[n(8)]
    pub request: Option<Payload>,
    /// For whom the caller acts, where it shows that it acts for another.
    #[n(9)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegated>,
}

impl Operation {
    pub(super) fn texts(&self) -> Vec<&str> {
        let own = [&self.protocol, &self.version, &self.binding, &self.name];
        own.into_iter()
            .chain([&self.verdict.reason])
            .chain(&self.verdict.policies)
            .chain(self.delegation.iter().flat_map(Delegated::texts))
            .map(String::as_str)
            .collect()
    }
}

/// What a verified chain of delegations says, or one that was made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Delegated {
    /// The agent that began it.
    #[n(0)]
    pub agent: String,
    /// That agent's trust domain.
    #[n(1)]
    pub trust_domain: String,
    /// Who answers for that agent.
    #[n(2)]
    pub principal: String,
    /// What was passed on.
    #[n(3)]
    pub scope: Vec<String>,
    /// SHA-384 of the chain: the same at both ends.
    #[n(4)]
    #[cbor(with = "crate::wire::digest")]
    pub chain: Digest48,
}

impl Delegated {
    fn texts(&self) -> impl Iterator<Item = &String> {
        [&self.agent, &self.trust_domain, &self.principal].into_iter().chain(&self.scope)
    }
}

/// What a request names in its path or parameters, each as [`super::name_digest`] has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Subjects {
    /// The tenant.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Hash>,
    /// The task.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Hash>,
    /// The context.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Hash>,
    /// The tool, as `SERVER/TOOL`.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Hash>,
    /// The resource.
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Hash>,
}

/// What policy said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Verdict {
    /// Whether the operation is permitted.
    #[n(0)]
    pub permitted: bool,
    /// `permitted`, `forbidden`, `no_permit` or `failed`; `delegation` where policy was not asked,
    /// since a chain that came with it is not believed, or what is passed on is not there.
    #[n(1)]
    pub reason: String,
    /// The policies that decided, at most eight of them.
    #[n(2)]
    pub policies: Vec<String>,
    /// Digest of the policy bundle that decided.
    #[n(3)]
    #[cbor(with = "crate::wire::digest")]
    pub bundle: Digest48,
    /// The policy epoch of the runtime's lease at that moment.
    #[n(4)]
    pub epoch: u64,
}

/// Bytes that were forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Payload {
    /// How many.
    #[n(0)]
    pub bytes: u64,
    /// SHA-256 over them.
    #[n(1)]
    pub sha256: Hash,
}

/// What became of an operation that was permitted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Outcome {
    /// The sequence number of the operation's record.
    #[n(0)]
    pub of: u64,
    /// How it ended.
    #[n(1)]
    pub ending: Ending,
    /// What was forwarded of the request's body.
    #[n(2)]
    pub request: Payload,
    /// What was forwarded of the answer's body.
    #[n(3)]
    pub response: Payload,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// The answer was forwarded to its end.
    #[n(0)]
    Answered {
        /// The HTTP status.
        #[n(0)]
        status: u16,
    },
    /// The answer broke off at the end that gave it.
    #[n(1)]
    Broken {
        /// The HTTP status.
        #[n(0)]
        status: u16,
    },
    /// Whoever asked stopped listening before the end of the answer.
    #[n(2)]
    Cancelled {
        /// The HTTP status; absent where the answer had not begun.
        #[n(0)]
        status: Option<u16>,
    },
    /// There was no answer.
    #[n(3)]
    Failed {
        /// Why, as a stable code.
        #[n(0)]
        code: String,
    },
}

impl Ending {
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Failed { code } => vec![code],
            Self::Answered { .. } | Self::Broken { .. } | Self::Cancelled { .. } => Vec::new(),
        }
    }
}
