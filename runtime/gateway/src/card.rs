//! Agent cards: which interfaces an agent has, and the card that a caller is shown instead.
//!
//! SPEC: A2A 1.0.1 sections 4.4 (AgentCard, AgentInterface) and 8 (discovery, signing).

mod rewrite;

use cloister_policy::Binding;
use http::Uri;
use serde_json::value::RawValue;

use crate::limits::{CARD_BYTES_MAX, INTERFACES_MAX};
use crate::object::{Object, ObjectError};
use crate::operation::V1_0;
use crate::path::PlainPath;

pub use rewrite::rewritten;

/// Where an agent's public card is.
pub(crate) const CARD_PATH: &str = "/.well-known/agent-card.json";

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
    /// `supportedInterfaces` is no list of objects, or is too long.
    #[error("supportedInterfaces is not a list of up to {INTERFACES_MAX} interfaces")]
    Interfaces,
    /// Nothing in it is carried.
    #[error("it offers no JSONRPC or HTTP+JSON interface of version 1.0")]
    NoInterface,
}

/// One interface that is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) binding: Binding,
    /// The path of its URL. That of an HTTP+JSON interface has no slash at its end; that of a
    /// JSON-RPC interface is at least a slash.
    pub(crate) path: String,
}

/// The interfaces of one agent that are carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interfaces(Vec<Interface>);

/// What a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'p> {
    /// A JSON-RPC interface.
    JsonRpc,
    /// An HTTP+JSON interface, and the rest of the path beneath it.
    HttpJson(&'p str),
}

impl Interfaces {
    /// Reads them from a received card.
    pub(crate) fn of_card(card: &[u8]) -> Result<Self, CardError> {
        let card = Object::parse(card)?;
        let listed = listed(&card)?;
        let carried =
            listed.iter().filter_map(|object| carried(object).map(|found| found.interface));
        Ok(Self(carried.collect()))
    }

    /// The places that a path may belong to: a JSON-RPC interface before others, and of the
    /// HTTP+JSON interfaces those with the longest path first.
    pub(crate) fn places<'p>(&self, path: &PlainPath<'p>) -> Vec<Place<'p>> {
        let is_rpc =
            |found: &&Interface| found.binding == Binding::JsonRpc && found.path == path.as_str();
        let mut beneath = self
            .0
            .iter()
            .filter(|found| found.binding == Binding::HttpJson)
            .filter_map(|found| path.beneath(&found.path))
            .collect::<Vec<_>>();
        beneath.sort_unstable_by_key(|rest| rest.len());
        beneath.dedup();
        let rpc = self.0.iter().find(is_rpc).map(|_| Place::JsonRpc);
        rpc.into_iter().chain(beneath.into_iter().map(Place::HttpJson)).collect()
    }
}

/// An interface, and the part of its URL that follows the authority, as it was written.
pub(crate) struct Carried {
    pub(crate) interface: Interface,
    pub(crate) suffix: String,
}

/// The objects in `supportedInterfaces`.
pub(crate) fn listed<'a>(card: &'a Object<'_>) -> Result<Vec<Object<'a>>, CardError> {
    let Some(list) = card.get("supportedInterfaces") else { return Ok(Vec::new()) };
    let list: Vec<&'a RawValue> =
        serde_json::from_str(list.get()).map_err(|_| CardError::Interfaces)?;
    if list.len() > INTERFACES_MAX {
        return Err(CardError::Interfaces);
    }
    list.into_iter().map(|object| Object::read(object).map_err(CardError::Object)).collect()
}

/// What one object of `supportedInterfaces` describes, if it is carried.
pub(crate) fn carried(object: &Object<'_>) -> Option<Carried> {
    let text = |name| object.text(name).ok().flatten();
    let binding = match text("protocolBinding")?.as_str() {
        "JSONRPC" => Binding::JsonRpc,
        "HTTP+JSON" => Binding::HttpJson,
        _ => return None,
    };
    if !is_1_0(&text("protocolVersion")?) {
        return None;
    }
    let suffix = suffix(&text("url")?)?;
    let path = suffix.split('?').next().unwrap_or_default();
    let path = match (binding == Binding::HttpJson, path.is_empty()) {
        (true, _) => path.trim_end_matches('/'),
        (false, true) => "/",
        (false, false) => path,
    };
    Some(Carried { interface: Interface { binding, path: path.to_owned() }, suffix })
}

/// Whether a version is 1.0; only Major.Minor is compared.
///
/// SPEC: A2A 1.0.1 section 3.6: patch numbers do not take part in negotiation.
pub(crate) fn is_1_0(version: &str) -> bool {
    let mut parts = version.trim().split('.');
    let numbers = (parts.next(), parts.next());
    let mut wanted = V1_0.split('.');
    numbers == (wanted.next(), wanted.next())
}

/// Path and query of an `http` or `https` URL; `None` if it is none, or has a fragment.
fn suffix(url: &str) -> Option<String> {
    let parsed: Uri = url.parse().ok()?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) || url.contains('#') {
        return None;
    }
    let (_, rest) = url.split_once("://")?;
    let suffix = rest.find(['/', '?']).map_or("", |at| rest.get(at..).unwrap_or_default());
    let path = suffix.split('?').next().unwrap_or_default();
    let readable = path.is_empty() || PlainPath::parse(path).is_ok();
    readable.then(|| suffix.to_owned())
}

#[cfg(test)]
mod tests;
