//! Which interfaces an agent's card says that it has: where on it which paths lead.
//!
//! A card of both eras has two lists: `supportedInterfaces` of version 1.0, each with its own
//! version, and `url` with `additionalInterfaces`, which are of version 0.3 whatever else the card
//! says. All of them count.
//!
//! SPEC: A2A 1.0.1 section 4.4.6 (AgentInterface); A2A 0.3.0 section 5.5 (AgentCard).

use cloister_policy::Binding;
use serde_json::value::RawValue;

use crate::card::{CardError, listed, suffix};
use crate::limits::INTERFACES_MAX;
use crate::object::Object;
use crate::operation::V0_3;
use crate::path::PlainPath;
use crate::version::known;

/// One interface that is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) binding: Binding,
    pub(crate) version: &'static str,
    /// The path of its URL. That of an HTTP+JSON interface has no slash at its end; that of a
    /// JSON-RPC interface is at least a slash; that of a gRPC interface is empty.
    pub(crate) path: String,
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
        let mut found = Vec::new();
        for object in listed(&card)? {
            found.extend(current(&object));
        }
        for object in additional(&card)? {
            found.extend(earlier(&object, "transport"));
        }
        found.extend(earlier(&card, "preferredTransport"));
        Ok(Self(found))
    }

    /// Whether a path is that of a JSON-RPC interface. Its methods tell the version.
    pub(crate) fn is_json_rpc(&self, path: &PlainPath<'_>) -> bool {
        self.0.iter().any(|at| at.binding == Binding::JsonRpc && at.path == path.as_str())
    }

    /// Whether there is a gRPC interface of a version.
    pub(crate) fn has_grpc(&self, version: &str) -> bool {
        self.0.iter().any(|at| at.binding == Binding::Grpc && at.version == version)
    }

    /// The HTTP+JSON interfaces that a path may be beneath, the longest first.
    pub(crate) fn http_json<'p>(&self, path: &PlainPath<'p>) -> Vec<Beneath<'p>> {
        let rest = |at: &Interface| {
            let rest = path.beneath(&at.path)?;
            Some(Beneath { version: at.version, rest })
        };
        let interfaces = self.0.iter().filter(|at| at.binding == Binding::HttpJson);
        let mut beneath = interfaces.filter_map(rest).collect::<Vec<_>>();
        beneath.sort_by_key(|beneath| beneath.rest.len());
        beneath.dedup();
        beneath
    }
}

/// The binding that a card's word for it means.
pub(crate) fn binding(word: &str) -> Option<Binding> {
    match word {
        "JSONRPC" => Some(Binding::JsonRpc),
        "HTTP+JSON" => Some(Binding::HttpJson),
        "GRPC" => Some(Binding::Grpc),
        _ => None,
    }
}

/// What an object of `supportedInterfaces` describes, if it is carried.
fn current(object: &Object<'_>) -> Option<Interface> {
    let text = |name| object.text(name).ok().flatten();
    let binding = binding(&text("protocolBinding")?)?;
    interface(binding, known(&text("protocolVersion")?)?, &text("url")?)
}

/// What the fields of version 0.3 describe, in the card itself or in an additional interface.
fn earlier(object: &Object<'_>, transport: &str) -> Option<Interface> {
    let text = |name| object.text(name).ok().flatten();
    let word = text(transport);
    interface(binding(word.as_deref().unwrap_or("JSONRPC"))?, V0_3, &text("url")?)
}

fn interface(binding: Binding, version: &'static str, url: &str) -> Option<Interface> {
    let path = match binding {
        // A host and a port, mostly without a scheme: there is no path.
        Binding::Grpc => String::new(),
        _ => path(binding, url)?,
    };
    Some(Interface { binding, version, path })
}

fn path(binding: Binding, url: &str) -> Option<String> {
    let suffix = suffix(url)?;
    let path = suffix.split('?').next().unwrap_or_default();
    let path = match (binding == Binding::HttpJson, path.is_empty()) {
        (true, _) => path.trim_end_matches('/'),
        (false, true) => "/",
        (false, false) => path,
    };
    Some(path.to_owned())
}

/// The objects in `additionalInterfaces`.
fn additional<'a>(card: &'a Object<'_>) -> Result<Vec<Object<'a>>, CardError> {
    let Some(list) = card.get("additionalInterfaces") else { return Ok(Vec::new()) };
    let list: Vec<&'a RawValue> =
        serde_json::from_str(list.get()).map_err(|_| CardError::Interfaces)?;
    if list.len() > INTERFACES_MAX {
        return Err(CardError::Interfaces);
    }
    list.into_iter().map(|object| Object::read(object).map_err(CardError::Object)).collect()
}

#[cfg(test)]
mod tests;
