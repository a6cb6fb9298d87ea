//! One interface of an agent: where it is, by which binding, in which version of the protocol.

use cloister_policy::Binding;
use http::Uri;

use crate::object::Object;
use crate::path::PlainPath;
use crate::version::known;

/// What cards call the bindings that are carried. Both versions of the protocol use these words.
const TRANSPORTS: [(&str, Binding); 3] =
    [("JSONRPC", Binding::JsonRpc), ("HTTP+JSON", Binding::HttpJson), ("GRPC", Binding::Grpc)];

/// A gRPC address in a card: a host's name of at most 253 characters, a port, perhaps a scheme.
const GRPC_ADDRESS_BYTES_MAX: usize = 320;

/// One interface that is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) binding: Binding,
    /// Of the protocol, Major.Minor.
    pub(crate) version: &'static str,
    /// The path of its URL. That of an HTTP+JSON interface has no slash at its end; that of a
    /// JSON-RPC interface is at least a slash; that of a gRPC interface, whose paths are fixed, is
    /// empty.
    pub(crate) path: String,
}

/// An interface, and its URL as it was written.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) interface: Interface,
    url: String,
}

/// Where the interfaces of one agent are for whoever is shown its card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// What URLs begin with; no slash at its end.
    pub base: String,
    /// `host:port` of a place where gRPC calls reach this agent and no other, because the paths of
    /// gRPC name no agent. Where there is none, no gRPC interface is shown.
    pub grpc: Option<String>,
}

impl Carried {
    /// What an object of `supportedInterfaces` describes, if it is carried.
    pub(super) fn current(object: &Object<'_>) -> Option<Self> {
        let text = |name| object.text(name).ok().flatten();
        Self::of(&text("url")?, &text("protocolBinding")?, &text("protocolVersion")?)
    }

    /// What an object of `additionalInterfaces` describes in a card of `version`.
    pub(super) fn additional(object: &Object<'_>, version: &str) -> Option<Self> {
        let text = |name| object.text(name).ok().flatten();
        Self::of(&text("url")?, &text("transport")?, version)
    }

    /// What `url` and `preferredTransport` of a card of `version` describe.
    ///
    /// SPEC: A2A 0.3.0 section 5.6.1: the transport is JSONRPC where nothing is said.
    pub(super) fn preferred(card: &Object<'_>, version: &str) -> Option<Self> {
        let transport = card.text("preferredTransport").ok()?;
        let url = card.text("url").ok().flatten()?;
        Self::of(&url, transport.as_deref().unwrap_or("JSONRPC"), version)
    }

    /// An interface in the words of a card.
    pub(super) fn of(url: &str, transport: &str, version: &str) -> Option<Self> {
        let (_, binding) = TRANSPORTS.into_iter().find(|(name, _)| *name == transport)?;
        let version = known(version)?;
        let path = if binding == Binding::Grpc {
            is_grpc_address(url).then(String::new)?
        } else {
            path(binding, suffix(url)?).to_owned()
        };
        Some(Self { interface: Interface { binding, version, path }, url: url.to_owned() })
    }

    /// Its URL at another place; `None` if it cannot be reached there.
    pub(super) fn url(&self, front: &Front) -> Option<String> {
        if self.interface.binding == Binding::Grpc {
            return front.grpc.clone();
        }
        if front.has(&self.url) {
            return Some(self.url.clone());
        }
        Some(format!("{}{}", front.base, suffix(&self.url)?))
    }

    /// The word for its binding.
    pub(super) fn transport(&self) -> &'static str {
        let named = TRANSPORTS.into_iter().find(|(_, binding)| *binding == self.interface.binding);
        named.map_or("", |(name, _)| name)
    }
}

impl Front {
    /// Whether a URL leads here already, as in a card that was rewritten for this place before.
    fn has(&self, url: &str) -> bool {
        let rest = url.strip_prefix(self.base.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }
}

fn path(binding: Binding, suffix: &str) -> &str {
    let path = suffix.split('?').next().unwrap_or_default();
    match (binding == Binding::HttpJson, path.is_empty()) {
        (true, _) => path.trim_end_matches('/'),
        (false, true) => "/",
        (false, false) => path,
    }
}

/// Path and query of an `http` or `https` URL; `None` if it is none, has a fragment, or a path
/// with two readings.
fn suffix(url: &str) -> Option<&str> {
    let parsed: Uri = url.parse().ok()?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) || url.contains('#') {
        return None;
    }
    let (_, rest) = url.split_once("://")?;
    let suffix = rest.find(['/', '?']).map_or("", |at| rest.get(at..).unwrap_or_default());
    let path = suffix.split('?').next().unwrap_or_default();
    let readable = path.is_empty() || PlainPath::parse(path).is_ok();
    readable.then_some(suffix)
}

/// Whether this may be what cards have for gRPC. It is replaced whole and never dialled.
fn is_grpc_address(url: &str) -> bool {
    (1..=GRPC_ADDRESS_BYTES_MAX).contains(&url.len())
        && url.bytes().all(|byte| byte.is_ascii_graphic())
}
