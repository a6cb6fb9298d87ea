//! What a caller may hear of a tool server, message by message.
//!
//! SECURITY: every message is read, on whatever stream it comes and whatever was asked for: a list
//! may come as the answer to something else, and a request may come where an answer is expected.

use core::fmt;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::OperationName;
use serde_json::json;
use serde_json::value::RawValue;

use super::asked::Asked;
use super::catalogue::Viewer;
use super::definition::Definition;
use super::error::McpError;
use super::list;
use super::message::{Kind, Message};
use super::revision::{Era, Revision};
use super::server::Server;
use super::{capability, heard};
use crate::object::Object;
use crate::operation::Operation;
use crate::recorder::Recorder;

/// Whether the caller may do something: the one rule behind calls, and behind what is heard.
pub(crate) type Permits = Arc<dyn Fn(&Operation) -> bool + Send + Sync>;

/// Judges what a server says in answer to one request.
pub(crate) struct Screen {
    pub(crate) server: Arc<Server>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) operation: Operation,
    pub(crate) viewer: Viewer,
    /// Stands for what was known before the request was sent.
    pub(crate) generation: u64,
    pub(crate) permits: Permits,
    pub(crate) recorder: Arc<dyn Recorder>,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is passed on as it is.
    Passed,
    /// The caller does not hear of it.
    Withheld,
    /// Nor of this, which the server waits to be answered: here is what it is to be told.
    Declined(Bytes),
    /// The caller hears this instead.
    Changed(Bytes),
}

impl Screen {
    /// Judges one message.
    pub(crate) fn judge(&self, message: &[u8]) -> Result<Verdict, McpError> {
        let message = Message::of_server(message)
            .map_err(|_| McpError::Answer("it is not one JSON-RPC message"))?;
        let is_heard = match &message.kind {
            Kind::Request { id, method } => return Ok(self.request(id, method)),
            Kind::Notification { method } => self.hears(method, &message)?,
            Kind::Response => return self.answer(message.into_object()),
        };
        Ok(if is_heard { Verdict::Passed } else { Verdict::Withheld })
    }

    /// Who may not answer is not asked.
    fn request(&self, id: &RawValue, method: &str) -> Verdict {
        if !heard::is_request(method) {
            return Verdict::Declined(error(id, heard::UNKNOWN, "No client is asked this."));
        }
        if !self.may_respond() {
            let said = "The client may not answer, which policy does not permit.";
            return Verdict::Declined(error(id, heard::WITHHELD, said));
        }
        Verdict::Passed
    }

    fn may_respond(&self) -> bool {
        self.permits(OperationName::Respond)
    }

    fn permits(&self, name: OperationName) -> bool {
        let Operation { server, .. } = &self.operation;
        let mut operation = Operation::new(self.operation.binding, self.operation.version, name);
        operation.server.clone_from(server);
        (self.permits)(&operation)
    }

    fn permits_resource(&self, name: OperationName, uri: &str) -> bool {
        let resource = Some(uri.to_owned());
        let tool = None;
        (self.permits)(&Operation { name, tool, resource, ..self.operation.clone() })
    }

    fn hears(&self, method: &str, message: &Message<'_>) -> Result<bool, McpError> {
        let Some(tells) = heard::notification(method) else { return Ok(false) };
        if tells.changes_tools {
            self.server.catalogue().changed();
        }
        if tells.of_resource {
            let params = message.params().ok().flatten();
            let uri = params.and_then(|params| params.text("uri").ok().flatten());
            let uri = uri.ok_or(McpError::Answer("a notification names no resource"))?;
            return Ok([OperationName::ResourcesSubscribe, OperationName::ResourcesRead]
                .into_iter()
                .any(|name| self.permits_resource(name, &uri)));
        }
        Ok(tells.needs.is_none_or(|name| self.permits(name)))
    }

    fn answer(&self, mut message: Object<'_>) -> Result<Verdict, McpError> {
        let Some(result) = message.get("result") else { return Ok(Verdict::Passed) };
        // The results of some requests are no objects, and nothing is to be read in them.
        if !result.get().starts_with('{') {
            return Ok(Verdict::Passed);
        }
        let unreadable = || McpError::Answer("its result has more than one reading");
        let mut result = Object::read(result).map_err(|_| unreadable())?;
        if result.has("inputRequests") && !self.may_be_asked(&result)? {
            return Ok(Verdict::Changed(self.refusal(&message)));
        }
        self.check_revision(&result)?;
        let mut changed = self.filter(&mut result)?;
        changed |= capability::filter(&mut result, self.era(), |name| self.permits(name))?;
        if !changed {
            return Ok(Verdict::Passed);
        }
        let result = result.to_raw().map_err(|_| unreadable())?;
        message.replace("result", result);
        let message = message.to_raw().map_err(|_| unreadable())?;
        Ok(Verdict::Changed(Bytes::from(Box::<str>::from(message).into_boxed_bytes())))
    }

    fn revision(&self) -> Revision {
        self.asked.revision
    }

    fn era(&self) -> Era {
        self.revision().era()
    }

    /// Takes out of lists what the caller may not use, and what is not what is expected.
    fn filter(&self, result: &mut Object<'_>) -> Result<bool, McpError> {
        let mut names = HashSet::new();
        let filtered = list::filter(result, |list, name, item| {
            if !(self.permits)(&list.using(&self.operation, name)) {
                return false;
            }
            // Of two tools of one name nobody could say which is called.
            !list.is_of_tools() || names.insert(name.to_owned()) && self.holds(name, item)
        })?;
        if filtered.has_lists && self.era() == Era::Modern {
            list::confine(result)?;
            return Ok(true);
        }
        Ok(filtered.changed)
    }

    /// Whether a tool is what it is expected to be; and remembers it.
    fn holds(&self, name: &str, item: &RawValue) -> bool {
        let definition = Definition::read(item);
        let tool = definition.and_then(|definition| {
            let (revision, generation) = (self.revision(), self.generation);
            self.server.judge(revision, generation, (name, &definition), &*self.recorder)
        });
        let Some(tool) = tool else {
            tracing::info!(server = self.server.name(), tool = ?name, "the definition of a tool is invalid, so that it is not shown");
            return false;
        };
        let holds = tool.drift.is_none();
        self.server.catalogue().shown(self.viewer, name, tool);
        holds
    }

    /// A session goes on in the revision that its beginning agrees on.
    fn check_revision(&self, result: &Object<'_>) -> Result<(), McpError> {
        if self.operation.name != OperationName::Initialize {
            return Ok(());
        }
        let said = result.text("protocolVersion").ok().flatten().unwrap_or_default();
        let carried = Revision::named(&said).is_some_and(|named| named.era() == Era::Legacy);
        let unknown = || McpError::Version(said.chars().take(16).collect());
        if carried { Ok(()) } else { Err(unknown()) }
    }

    /// Whether the caller may be asked for what an answer asks for.
    fn may_be_asked(&self, result: &Object<'_>) -> Result<bool, McpError> {
        let unreadable = || McpError::Answer("what it asks for has more than one reading");
        let Some(requests) = result.get("inputRequests") else { return Ok(true) };
        // Their keys are the server's own, and may differ in case only.
        let requests: BTreeMap<String, &RawValue> =
            serde_json::from_str(requests.get()).map_err(|_| unreadable())?;
        for request in requests.values() {
            let method = Object::read(request).ok().and_then(|it| it.text("method").ok().flatten());
            if !heard::is_input_request(&method.ok_or_else(unreadable)?) {
                return Ok(false);
            }
        }
        Ok(self.may_respond())
    }

    /// What is said instead of an answer that asks what the caller may not answer.
    fn refusal(&self, message: &Object<'_>) -> Bytes {
        let said = "The server asked for input, which policy does not permit.";
        error(message.get("id").unwrap_or(RawValue::NULL), heard::WITHHELD, said)
    }
}

/// A JSON-RPC error.
fn error(id: &RawValue, code: i32, said: &str) -> Bytes {
    let error = json!({ "code": code, "message": said });
    Bytes::from(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"))
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("operation", &self.operation).finish_non_exhaustive()
    }
}
