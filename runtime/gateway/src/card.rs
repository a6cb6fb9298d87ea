//! Agent cards: which interfaces an agent has, and the card that a caller is shown instead.
//!
//! SPEC: A2A 1.0.1 sections 4.4 (AgentCard, AgentInterface) and 8 (discovery, signing).

mod attestation;
mod canonical;
mod decode;
mod freshness;
mod interface;
mod planner;
mod protobuf;
mod rewrite;
mod schema;
mod show;
mod signature;

use cloister_policy::Binding;
use serde_json::value::RawValue;

use crate::limits::{CARD_BYTES_MAX, INTERFACES_MAX};
use crate::object::{Object, ObjectError};
use crate::operation::V0_3;
use crate::path::PlainPath;
use crate::wire::WireError;
use interface::Carried;

pub use attestation::{Attested, EXTENSION, SIMULATED_EXTENSION, Vouch};
pub(crate) use freshness::Asked;
pub use interface::Front;
pub(crate) use interface::Interface;
pub(crate) use planner::{OwnCard, PeerCards, Planner};
pub use rewrite::rewritten;
pub(crate) use show::{Plan, Shown};
pub use signature::{OriginPolicy, SignatureRule};

/// Where an agent's public card is.
pub(crate) const CARD_PATH: &str = "/.well-known/agent-card.json";
/// Where it was before version 0.3 of the protocol.
pub(crate) const EARLIER_CARD_PATH: &str = "/.well-known/agent.json";

/// Why a card is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The agent answered something else.
    #[error("the agent answered with HTTP status {0}")]
    Status(u16),
    /// It does not arrive.
    #[error("it did not arrive in time")]
    Late,
    /// The body broke off.
    #[error("it broke off")]
    Broken,
    /// It is compressed although that was not asked for.
    #[error("it is compressed")]
    Encoded,
    /// It is too large.
    #[error("it is larger than {CARD_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON object, or one with two readings.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Its interfaces are no list of objects, or are too many.
    #[error("its interfaces are not a list of up to {INTERFACES_MAX} objects")]
    Interfaces,
    /// It has no single reading at some depth.
    #[error("it has two readings, or text that is no Unicode")]
    Ambiguous,
    /// In protobuf it does not read, or has two readings.
    #[error("it is not a card in protobuf, or has two readings")]
    Protobuf,
    /// It has no signature, and needs one.
    #[error("it is not signed, and has to be")]
    Unsigned,
    /// None of its signatures is by a key that is trusted for it.
    #[error("no signature on it is by a trusted key over all of it")]
    Signature,
    /// A peer's card does not say whose key signed it, or says it of another runtime.
    #[error("the key that signed it is not the peer's")]
    Voucher,
    /// It cannot be signed for whoever asks.
    #[error("it cannot be signed")]
    Signing,
    /// There is no lease to show a card under.
    #[error("this runtime has no lease")]
    NotAttested,
    /// Nothing in it is carried.
    #[error("it offers no JSONRPC, HTTP+JSON or GRPC interface of version 1.0 or 0.3")]
    NoInterface,
}

impl From<WireError> for CardError {
    fn from(_: WireError) -> Self {
        Self::Protobuf
    }
}

/// The interfaces of one agent that are carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interfaces(Vec<Interface>);

/// Where a path leads beneath an HTTP+JSON interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beneath<'p> {
    pub(crate) version: &'static str,
    /// The rest of the path, without a slash at its beginning.
    pub(crate) rest: &'p str,
}

impl Interfaces {
    /// Reads them from a received card.
    pub(crate) fn of_card(card: &[u8]) -> Result<Self, CardError> {
        let card = Object::parse(card)?;
        let version = earlier_version(&card);
        let current = listed(&card, "supportedInterfaces")?;
        let additional = listed(&card, "additionalInterfaces")?;
        let current = current.iter().filter_map(Carried::current);
        let additional =
            additional.iter().filter_map(|object| Carried::additional(object, &version));
        let found = current.chain(Carried::preferred(&card, &version)).chain(additional);
        Ok(Self(found.map(|carried| carried.interface).collect()))
    }

    /// Whether a path is that of a JSON-RPC interface. Its methods tell the version.
    pub(crate) fn is_json_rpc(&self, path: &PlainPath<'_>) -> bool {
        self.0.iter().any(|at| at.binding == Binding::JsonRpc && at.path == path.as_str())
    }

    /// Whether there is a gRPC interface of a version.
    pub(crate) fn has_grpc(&self, version: &str) -> bool {
        self.0.iter().any(|at| at.binding == Binding::Grpc && at.version == version)
    }

    /// The HTTP+JSON interfaces that a path may be beneath, the one with the longest path first.
    pub(crate) fn http_json<'p>(&self, path: &PlainPath<'p>) -> Vec<Beneath<'p>> {
        let interfaces = self.0.iter().filter(|at| at.binding == Binding::HttpJson);
        let beneath = interfaces.filter_map(|at| {
            path.beneath(&at.path).map(|rest| Beneath { version: at.version, rest })
        });
        let mut beneath = beneath.collect::<Vec<_>>();
        beneath.sort_by_key(|beneath| beneath.rest.len());
        beneath.dedup();
        beneath
    }
}

/// The version that the fields of version 0.3 are of. SPEC: A2A 0.3.0 section 5.5: 0.3.0 where
/// nothing is said.
fn earlier_version(card: &Object<'_>) -> String {
    card.text("protocolVersion").ok().flatten().unwrap_or_else(|| V0_3.to_owned())
}

/// The objects in a list of interfaces.
fn listed<'a>(card: &'a Object<'_>, list: &str) -> Result<Vec<Object<'a>>, CardError> {
    let Some(list) = card.get(list) else { return Ok(Vec::new()) };
    let list: Vec<&'a RawValue> =
        serde_json::from_str(list.get()).map_err(|_| CardError::Interfaces)?;
    if list.len() > INTERFACES_MAX {
        return Err(CardError::Interfaces);
    }
    list.into_iter().map(|object| Object::read(object).map_err(CardError::Object)).collect()
}

#[cfg(test)]
mod tests;
