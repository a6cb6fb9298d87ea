//! The envelope of a JSON-RPC request: what it asks for, and nothing of what it says.

use cloister_policy::Binding;
use serde_json::value::RawValue;

use crate::limits::REQUEST_ID_BYTES_MAX;
use crate::object::{Object, ObjectError};
use crate::operation::{Contradiction, Member, Operation, Row, Said, Take, Within, rpc};
use crate::parts::media_types;

/// Why a body is no request with one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The body, or an object in it that has to be read, is unsuitable.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Several requests in one body.
    #[error("batches are not part of the protocol")]
    Batch,
    /// Neither a request nor anything else that is sent, or two of them at once.
    #[error("it is neither request nor notification nor response of JSON-RPC 2.0")]
    Kind,
    /// `method` is absent or no text.
    #[error("it has no method")]
    Method,
    /// `id` is no text, number or null, or is too long.
    #[error("its id is not a short text or number")]
    Id,
    /// The parameters, or an id among them, are of the wrong type.
    #[error("its parameters are not what the method takes")]
    Params,
}

/// A JSON-RPC request as far as it has to be understood.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    method: String,
    id: Option<Box<RawValue>>,
    object: Object<'a>,
}

impl<'a> Envelope<'a> {
    /// Reads a received body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let object = parse_object(body)?;
        let id = object.get("id").map(request_id).transpose()?;
        let method = object.text("method").map_err(|_| EnvelopeError::Method)?;
        Ok(Self { method: method.ok_or(EnvelopeError::Method)?, id, object })
    }

    /// The id to answer under: what can be found of it, even in a body that is refused.
    pub(crate) fn id_of(body: &[u8]) -> Option<Box<RawValue>> {
        let object = Object::parse(body).ok()?;
        object.get("id").and_then(|id| request_id(id).ok())
    }

    pub(crate) fn id(&self) -> Option<&RawValue> {
        self.id.as_deref()
    }

    /// The row of the operation table; `None` if the method is not in it.
    pub(crate) fn row(&self) -> Option<&'static Row> {
        rpc(&self.method)
    }

    /// The operation, with what its parameters name.
    pub(crate) fn operation(&self, row: &Row) -> Result<Operation, EnvelopeError> {
        let mut said = Said::default();
        if let Some(params) = self.object.get("params") {
            take(&object(params)?, row.params, &mut said)?;
        }
        if row.sends() && !said.message {
            return Err(EnvelopeError::Params);
        }
        Ok(Operation::of_row(row, Binding::JsonRpc, said))
    }
}

/// Takes the members that are read, and those of the objects among them.
fn take(from: &Object<'_>, members: &[Member], said: &mut Said) -> Result<(), EnvelopeError> {
    for Member(name, what) in members {
        match what {
            Take::Text(slot) => {
                let text = from.text(name).map_err(|_| EnvelopeError::Params)?;
                said.take(*slot, &text.unwrap_or_default())?;
            }
            Take::Texts(slot) => {
                for text in from.texts(name).map_err(|_| EnvelopeError::Params)? {
                    said.take(*slot, &text)?;
                }
            }
            Take::Enter(place, members) => {
                let Some(inner) = from.get(name).map(object).transpose()? else { continue };
                said.push |= *place == Within::Push;
                if *place == Within::Message {
                    said.message = true;
                    said.media_types = Some(media_types(&inner).map_err(within)?);
                }
                take(&inner, members, said)?;
            }
        }
    }
    Ok(())
}

impl From<Contradiction> for EnvelopeError {
    fn from(_: Contradiction) -> Self {
        Self::Params
    }
}

/// The object of a received body.
pub(crate) fn parse_object(body: &[u8]) -> Result<Object<'_>, EnvelopeError> {
    Object::parse(body).map_err(|error| batch_or(error, body))
}

/// A batch is told from other bodies that are no object.
fn batch_or(error: ObjectError, body: &[u8]) -> EnvelopeError {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match (error, first) {
        (ObjectError::NotObject, Some(b'[')) => EnvelopeError::Batch,
        _ => EnvelopeError::Object(error),
    }
}

/// An id as it may be: a short text or number.
pub(crate) fn request_id(id: &RawValue) -> Result<Box<RawValue>, EnvelopeError> {
    let first = id.get().bytes().next();
    let is_scalar = matches!(first, Some(b'"' | b'-' | b'0'..=b'9'));
    if is_scalar && id.get().len() <= REQUEST_ID_BYTES_MAX {
        Ok(id.to_owned())
    } else {
        Err(EnvelopeError::Id)
    }
}

/// An object among the parameters. A doubled field keeps its own error.
pub(crate) fn object(value: &RawValue) -> Result<Object<'_>, EnvelopeError> {
    Object::read(value).map_err(within)
}

const fn within(error: ObjectError) -> EnvelopeError {
    match error {
        ObjectError::Doubled | ObjectError::TooDeep => EnvelopeError::Object(error),
        ObjectError::NotJson | ObjectError::NotObject => EnvelopeError::Params,
    }
}

/// A text among the parameters.
pub(crate) fn text(object: &Object<'_>, name: &str) -> Result<Option<String>, EnvelopeError> {
    object.text(name).map_err(|_| EnvelopeError::Params)
}

#[cfg(test)]
mod tests {
    use cloister_policy::OperationName;

    use super::{Envelope, EnvelopeError, ObjectError};
    use crate::operation::Operation;

    fn operation(body: &str) -> Operation {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        envelope.operation(envelope.row().unwrap()).unwrap()
    }

    fn refusal(body: &str) -> EnvelopeError {
        match Envelope::parse(body.as_bytes()) {
            Err(error) => error,
            Ok(envelope) => envelope.operation(envelope.row().unwrap()).unwrap_err(),
        }
    }

    #[test]
    fn ids_are_found_where_each_method_has_them() {
        let sent = operation(
            r#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"tenant":"acme",
                "message":{"messageId":"m","taskId":"t","contextId":"c","parts":[{"text":"x"}]}}}"#,
        );
        assert_eq!(sent.name, OperationName::Send);
        assert_eq!(
            (sent.tenant.as_deref(), sent.task.as_deref(), sent.context.as_deref()),
            (Some("acme"), Some("t"), Some("c"))
        );
        // ProtoJSON readers take snake case too, and the conformance kit sends it.
        let sent = operation(
            r#"{"id":1,"method":"SendMessage","params":{"message":{"task_id":"t","context_id":"c"}}}"#,
        );
        assert_eq!((sent.task.as_deref(), sent.context.as_deref()), (Some("t"), Some("c")));
        let got = operation(r#"{"id":1,"method":"GetTask","params":{"id":"t","historyLength":3}}"#);
        assert_eq!(got.task.as_deref(), Some("t"));
        let got = operation(
            r#"{"id":1,"method":"GetTaskPushNotificationConfig","params":{"id":"config","taskId":"t"}}"#,
        );
        assert_eq!(got.task.as_deref(), Some("t"));
        let listed = operation(r#"{"id":1,"method":"ListTasks","params":{"contextId":"c"}}"#);
        assert_eq!(listed.context.as_deref(), Some("c"));
        assert!(operation(r#"{"id":1,"method":"GetExtendedAgentCard"}"#).task.is_none());
    }

    #[test]
    fn doubled_fields_are_refused_wherever_they_are_read() {
        for body in [
            r#"{"method":"GetTask","method":"CancelTask","params":{}}"#,
            r#"{"method":"GetTask","Method":"CancelTask","params":{}}"#,
            r#"{"method":"GetTask","params":{"id":"a"},"params":{"id":"b"}}"#,
            r#"{"method":"GetTask","params":{"id":"a","ID":"b"}}"#,
            r#"{"method":"SendMessage","params":{"message":{"taskId":"a","task_id":"b"}}}"#,
            r#"{"method":"SendMessage","params":{"message":{},"message":{}}}"#,
        ] {
            assert_eq!(refusal(body), EnvelopeError::Object(ObjectError::Doubled), "{body}");
        }
    }

    #[test]
    fn bodies_that_are_no_single_request_are_refused() {
        assert_eq!(refusal(r#" [{"method":"GetTask"}]"#), EnvelopeError::Batch);
        assert_eq!(refusal("[]"), EnvelopeError::Batch);
        assert_eq!(refusal(r#"{"id":1}"#), EnvelopeError::Method);
        assert_eq!(refusal(r#"{"id":1,"method":7}"#), EnvelopeError::Method);
        assert_eq!(refusal(r#"{"id":{},"method":"GetTask"}"#), EnvelopeError::Id);
        assert_eq!(refusal(r#"{"id":1,"method":"GetTask","params":["t"]}"#), EnvelopeError::Params);
        assert_eq!(
            refusal(r#"{"id":1,"method":"GetTask","params":{"id":7}}"#),
            EnvelopeError::Params
        );
        assert_eq!(
            refusal(r#"{"id":1,"method":"SendMessage","params":{}}"#),
            EnvelopeError::Params
        );
        assert_eq!(
            refusal(r#"{"id":1,"method":"SendMessage","params":{"message":"x"}}"#),
            EnvelopeError::Params
        );
        assert_eq!(refusal("not json"), EnvelopeError::Object(ObjectError::NotJson));
    }

    #[test]
    fn the_id_survives_as_it_was_written() {
        for id in ["1", "-1.0e3", "\"a\\u00e9\"", "12345678901234567890123"] {
            let body = format!(r#"{{"id":{id},"method":"GetTask"}}"#);
            let envelope = Envelope::parse(body.as_bytes()).unwrap();
            assert_eq!(envelope.id().map(|id| id.get()), Some(id));
            let refused = format!(r#"{{"id":{id},"method":false}}"#);
            assert_eq!(Envelope::id_of(refused.as_bytes()).unwrap().get(), id);
        }
        let long = format!(r#"{{"id":"{}","method":"GetTask"}}"#, "x".repeat(300));
        assert_eq!(refusal(&long), EnvelopeError::Id);
    }
}
