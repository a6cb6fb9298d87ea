//! What an MCP request asks, as far as answering or refusing it needs.

use serde_json::value::RawValue;

use super::method::About;
use super::revision::Revision;
use crate::envelope::{EnvelopeError, object, text};
use crate::limits::WATCHED_MAX;
use crate::object::Object;

/// What a request asks; what is not known of it is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The id to answer under; a notification has none.
    pub(crate) id: Option<Box<RawValue>>,
    pub(crate) revision: Revision,
    pub(crate) thing: Thing,
    /// The session that the request says it belongs to.
    pub(crate) session: Option<String>,
    /// The event after which a stream is to go on.
    pub(crate) event: Option<String>,
    /// Whether it brings what a server had asked for: data that leaves the caller.
    pub(crate) brings_input: bool,
    /// The arguments of a call, where headers mirror some of them.
    pub(crate) arguments: Option<Box<RawValue>>,
    /// The metadata of a call without a session.
    pub(crate) meta: Option<Box<RawValue>>,
    /// The resources whose changes it wants to hear of.
    pub(crate) watched: Vec<String>,
}

/// The one thing that a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thing {
    /// None, or none that has a name.
    #[default]
    Nothing,
    Tool(String),
    Prompt(String),
    Resource(String),
    Task(String),
}

impl Thing {
    /// Finds what a method is about among its parameters.
    pub(crate) fn of(about: About, params: Option<&Object<'_>>) -> Result<Self, EnvelopeError> {
        let named = |field| {
            let found = params.map(|params| text(params, field)).transpose()?.flatten();
            found.ok_or(EnvelopeError::Params)
        };
        match about {
            About::Nothing => Ok(Self::Nothing),
            About::Tool => named("name").map(Self::Tool),
            About::Prompt => named("name").map(Self::Prompt),
            About::Resource => named("uri").map(Self::Resource),
            About::Task => named("taskId").map(Self::Task),
            About::Reference => reference(params.ok_or(EnvelopeError::Params)?),
        }
    }

    /// Its name, as `Mcp-Name` mirrors it.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Tool(name) | Self::Prompt(name) | Self::Resource(name) | Self::Task(name) => {
                Some(name)
            }
        }
    }
}

fn reference(params: &Object<'_>) -> Result<Thing, EnvelopeError> {
    let reference = object(params.get("ref").ok_or(EnvelopeError::Params)?)?;
    let of = |field| text(&reference, field)?.ok_or(EnvelopeError::Params);
    match of("type")?.as_str() {
        "ref/prompt" => of("name").map(Thing::Prompt),
        "ref/resource" => of("uri").map(Thing::Resource),
        _ => Err(EnvelopeError::Params),
    }
}

/// The resources that a `subscriptions/listen` names.
pub(crate) fn watched(params: &Object<'_>) -> Result<Vec<String>, EnvelopeError> {
    let Some(filter) = params.get("notifications") else { return Ok(Vec::new()) };
    let filter = object(filter)?;
    let Some(listed) = filter.get("resourceSubscriptions") else { return Ok(Vec::new()) };
    let uris: Vec<String> =
        serde_json::from_str(listed.get()).map_err(|_| EnvelopeError::Params)?;
    if uris.len() <= WATCHED_MAX { Ok(uris) } else { Err(EnvelopeError::Params) }
}
