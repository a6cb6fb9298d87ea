//! One message of a caller, on its way to a process.

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

use super::line::line;
use crate::envelope::EnvelopeError;
use crate::mcp::error::McpError;
use crate::mcp::message::{Kind, Message};
use crate::object::Object;

/// What a caller sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    kind: Kind,
    message: Box<RawValue>,
}

/// What the caller has in a request, that the process sees another in place of.
#[derive(Clone, Debug)]
pub(super) struct Original {
    pub(super) id: Box<RawValue>,
    pub(super) token: Option<Box<RawValue>>,
}

const UNREADABLE: McpError = McpError::Answer("the request has more than one reading");

impl Outgoing {
    /// Reads a body that was classified.
    pub(super) fn read(body: &[u8]) -> Result<Self, McpError> {
        let message = Message::parse(body).map_err(|_: EnvelopeError| UNREADABLE)?;
        let kind = message.kind.clone();
        let message = message.into_object().to_raw().map_err(|_| UNREADABLE)?;
        Ok(Self { kind, message })
    }

    pub(super) const fn is_request(&self) -> bool {
        matches!(self.kind, Kind::Request { .. })
    }

    pub(super) fn begins_session(&self) -> bool {
        matches!(&self.kind, Kind::Request { method, .. } if method == "initialize")
    }

    pub(super) const fn kind(&self) -> &Kind {
        &self.kind
    }

    fn object(&self) -> Result<Object<'_>, McpError> {
        Object::read(&self.message).map_err(|_| UNREADABLE)
    }

    /// The request under the id `number`, which is its progress token too.
    pub(super) fn numbered(&self, number: u64) -> Result<(Bytes, Original), McpError> {
        let (mut message, number) = (self.object()?, raw(&number)?);
        let id = message.get("id").ok_or(UNREADABLE)?.to_owned();
        message.replace("id", number.clone());
        let mut original = Original { id, token: None };
        if let Some(params) = message.get("params").filter(|params| is_object(params)) {
            let replaced = within(params, "_meta", "progressToken", &number)?;
            if let Some((params, token)) = replaced {
                original.token = Some(token);
                message.replace("params", params);
            }
        }
        Ok((line(message.to_raw().map_err(|_| UNREADABLE)?.get().as_bytes()), original))
    }

    /// The message as it is.
    pub(super) fn unchanged(&self) -> Bytes {
        line(self.message.get().as_bytes())
    }

    /// The id that a response answers to.
    pub(super) fn answers(&self) -> Option<String> {
        self.object().ok()?.get("id").map(|id| id.get().to_owned())
    }

    /// The request that is cancelled, if that is what is told.
    pub(super) fn cancels(&self) -> Option<Box<RawValue>> {
        let is_it = matches!(&self.kind, Kind::Notification { method } if method == CANCELLED);
        let object = self.object().ok().filter(|_| is_it)?;
        let params = Object::read(object.get("params")?).ok()?;
        params.get("requestId").map(ToOwned::to_owned)
    }
}

pub(super) const CANCELLED: &str = "notifications/cancelled";

/// Tells a process that nobody waits for the answer to a request any more.
pub(super) fn cancellation(number: u64) -> Bytes {
    let text = format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"{CANCELLED}\",\"params\":{{\"requestId\":{number}}}}}"
    );
    line(text.as_bytes())
}

/// Tells a process that what it asks is answered by nobody.
pub(super) fn unanswered(id: &RawValue) -> Bytes {
    let text = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":-32601,\"message\":\"Requests without a session are answered by nobody.\"}}}}"
    );
    line(text.as_bytes())
}

/// An object with a member replaced, and what was there before.
type Replaced = (Box<RawValue>, Box<RawValue>);

/// Replaces a member of an object in an object; `None` if it is not there.
pub(super) fn within(
    outer: &RawValue,
    inner: &str,
    member: &str,
    value: &RawValue,
) -> Result<Option<Replaced>, McpError> {
    let mut outer = Object::read(outer).map_err(|_| UNREADABLE)?;
    let Some(found) = outer.get(inner).filter(|found| is_object(found)) else { return Ok(None) };
    let mut found = Object::read(found).map_err(|_| UNREADABLE)?;
    let Some(before) = found.get(member).map(ToOwned::to_owned) else { return Ok(None) };
    found.replace(member, value.to_owned());
    let found = found.to_raw().map_err(|_| UNREADABLE)?;
    outer.replace(inner, found);
    Ok(Some((outer.to_raw().map_err(|_| UNREADABLE)?, before)))
}

pub(super) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

pub(super) fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, McpError> {
    to_raw_value(value).map_err(|_| UNREADABLE)
}

#[cfg(test)]
mod tests {
    use super::Outgoing;

    fn numbered(message: &str) -> (String, String, Option<String>) {
        let (line, original) = Outgoing::read(message.as_bytes()).unwrap().numbered(7).unwrap();
        let line = String::from_utf8(line.to_vec()).unwrap();
        (line, original.id.get().to_owned(), original.token.map(|token| token.get().to_owned()))
    }

    #[test]
    fn a_request_goes_on_under_another_id_and_token_and_is_otherwise_unchanged() {
        let (line, id, token) = numbered(
            "{\"jsonrpc\":\"2.0\", \"id\":\"a\\u00e9\",\n\"method\":\"tools/call\",\"params\":{ \"name\":\"x\",\"_meta\":{\"progressToken\":\"t\", \"k\":1.50}}}",
        );
        assert_eq!(
            line,
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"x\",\"_meta\":{\"progressToken\":7,\"k\":1.50}}}\n"
        );
        assert_eq!((id.as_str(), token.as_deref()), ("\"a\\u00e9\"", Some("\"t\"")));
        let (line, _, token) =
            numbered(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{}}}"#);
        assert_eq!(
            line,
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"_meta\":{}}}\n"
        );
        assert_eq!(token, None);
    }

    #[test]
    fn a_cancellation_names_its_request() {
        let cancels = |message: &str| {
            let cancels = Outgoing::read(message.as_bytes()).unwrap().cancels();
            cancels.map(|id| id.get().to_owned())
        };
        let of = |method: &str| {
            format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"requestId":"a"}}}}"#)
        };
        assert_eq!(cancels(&of("notifications/cancelled")).as_deref(), Some("\"a\""));
        assert_eq!(cancels(&of("notifications/progress")), None);
        assert_eq!(cancels(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#), None);
    }
}
