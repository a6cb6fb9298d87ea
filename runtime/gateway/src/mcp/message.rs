//! One JSON-RPC message of an MCP client, as far as it has to be understood.

use serde_json::value::RawValue;

use crate::envelope::{EnvelopeError, object, parse_object, request_id};
use crate::object::Object;

/// What a message is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Asks, and waits for an answer under this id.
    Request {
        /// The id, as it was written.
        id: Box<RawValue>,
        /// What is asked for.
        method: String,
    },
    /// Tells, and waits for nothing.
    Notification {
        /// What is told.
        method: String,
    },
    /// Answers a request of the server.
    Response,
}

/// A message, and the rest of it unread.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: Kind,
    object: Object<'a>,
}

/// The members that decide what a message is.
const DECIDING: [&str; 4] = ["id", "method", "params", "error"];

impl<'a> Message<'a> {
    /// Reads a received body.
    ///
    /// SPEC: MCP 2026-07-28, basic, "Messages": an id is a string or a number and never `null`.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        Self::of(parse_object(body)?)
    }

    /// Reads what a server sent. It may answer with an error where it could read no id.
    pub(crate) fn of_server(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let mut object = parse_object(body)?;
        let is_error = object.get("error").is_some() && !object.has("method");
        if is_error && object.get("id").is_none() {
            object.remove("id");
            return match (object.text("jsonrpc").ok().flatten().as_deref(), object.has("result")) {
                (Some("2.0"), false) => Ok(Self { kind: Kind::Response, object }),
                _ => Err(EnvelopeError::Kind),
            };
        }
        Self::of(object)
    }

    fn of(object: Object<'a>) -> Result<Self, EnvelopeError> {
        if object.text("jsonrpc").ok().flatten().as_deref() != Some("2.0") {
            return Err(EnvelopeError::Kind);
        }
        // SECURITY: a member that is there and `null` is absent to one reader and not to another.
        if DECIDING.iter().any(|name| object.has(name) && object.get(name).is_none()) {
            return Err(EnvelopeError::Kind);
        }
        let id = object.get("id").map(request_id).transpose()?;
        let answers = object.has("result") || object.has("error");
        let kind = match (object.has("method"), answers, id) {
            (true, false, Some(id)) => Kind::Request { id, method: method(&object)? },
            (true, false, None) => Kind::Notification { method: method(&object)? },
            (false, true, Some(_)) => Kind::Response,
            _ => return Err(EnvelopeError::Kind),
        };
        Ok(Self { kind, object })
    }

    /// The id to answer under.
    pub(crate) fn id(&self) -> Option<&RawValue> {
        match &self.kind {
            Kind::Request { id, .. } => Some(id),
            Kind::Notification { .. } | Kind::Response => None,
        }
    }

    /// All of its members.
    pub(crate) fn into_object(self) -> Object<'a> {
        self.object
    }

    /// The members of the parameters.
    pub(crate) fn params(&self) -> Result<Option<Object<'_>>, EnvelopeError> {
        self.object.get("params").map(object).transpose()
    }
}

fn method(object: &Object<'_>) -> Result<String, EnvelopeError> {
    object.text("method").ok().flatten().ok_or(EnvelopeError::Method)
}

#[cfg(test)]
mod tests {
    use super::{EnvelopeError, Kind, Message};
    use crate::object::ObjectError;

    fn refusal(body: &str) -> EnvelopeError {
        Message::parse(body.as_bytes()).map(|message| message.kind).unwrap_err()
    }

    #[test]
    fn a_message_is_a_request_a_notification_or_a_response() {
        let parse = |body: &'static str| Message::parse(body.as_bytes()).unwrap().kind;
        let asked = parse(r#"{"jsonrpc":"2.0","id":"a\u00e9","method":"ping"}"#);
        assert!(matches!(asked, Kind::Request { id, method }
            if id.get() == r#""a\u00e9""# && method == "ping"));
        let told = parse(r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}"#);
        assert!(matches!(told, Kind::Notification { .. }));
        for answer in [r#""result":null"#, r#""result":{}"#, r#""error":{"code":1,"message":""}"#] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":3,{answer}}}"#);
            let kind = Message::parse(body.as_bytes()).unwrap().kind;
            assert!(matches!(kind, Kind::Response), "{body}");
        }
    }

    #[test]
    fn what_two_readers_could_take_for_different_kinds_is_refused() {
        for body in [
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":null,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","error":{}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":null}"#,
            r#"{"jsonrpc":"2.0","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"id":1,"method":"ping"}"#,
        ] {
            assert_eq!(refusal(body), EnvelopeError::Kind, "{body}");
        }
    }

    #[test]
    fn a_server_may_answer_with_an_error_to_what_it_could_not_read() {
        for body in [
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#,
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":""}}"#,
        ] {
            let message = Message::of_server(body.as_bytes()).unwrap();
            assert!(matches!(message.kind, Kind::Response), "{body}");
            assert_eq!(refusal(body), EnvelopeError::Kind, "{body}");
        }
        for body in [
            r#"{"jsonrpc":"2.0","error":{},"result":{}}"#,
            r#"{"jsonrpc":"2.0","error":{},"method":"ping"}"#,
            r#"{"error":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
        ] {
            assert!(Message::of_server(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn batches_doubled_members_and_odd_ids_are_refused() {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;
        assert_eq!(refusal(&format!("[{call}]")), EnvelopeError::Batch);
        assert_eq!(refusal("[]"), EnvelopeError::Batch);
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}"#,
        ] {
            assert_eq!(refusal(body), EnvelopeError::Object(ObjectError::Doubled), "{body}");
        }
        for id in ["true", "{}", "[1]"] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(refusal(&body), EnvelopeError::Id, "{id}");
        }
    }
}
