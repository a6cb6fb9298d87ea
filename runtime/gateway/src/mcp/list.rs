//! Lists of what a server has, without what the caller may not use.
//!
//! SPEC: MCP 2026-07-28, server/tools, server/prompts, server/resources and "Caching"; WHATWG HTML,
//! "Server-sent events".

use bytes::Bytes;
use cloister_policy::OperationName;
use serde_json::value::{RawValue, to_raw_value};

use super::error::McpError;
use super::revision::{Era, Revision};
use crate::envelope::parse_object;
use crate::limits::LIST_TTL_MS_MAX;
use crate::object::Object;
use crate::operation::Operation;

/// A kind of list: where its items are, what they are known by, and what using one is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListKind {
    member: &'static str,
    key: &'static str,
    uses: OperationName,
}

const LISTS: [(OperationName, ListKind); 4] = [
    (OperationName::ToolsList, list("tools", "name", OperationName::ToolsCall)),
    (OperationName::PromptsList, list("prompts", "name", OperationName::PromptsGet)),
    (OperationName::ResourcesList, list("resources", "uri", OperationName::ResourcesRead)),
    (
        OperationName::ResourceTemplatesList,
        list("resourceTemplates", "uriTemplate", OperationName::ResourcesRead),
    ),
];

const fn list(member: &'static str, key: &'static str, uses: OperationName) -> ListKind {
    ListKind { member, key, uses }
}

impl ListKind {
    /// The list that an operation asks for, if it asks for one.
    pub(crate) fn of(name: OperationName) -> Option<Self> {
        LISTS.iter().find(|(asked, _)| *asked == name).map(|(_, kind)| *kind)
    }

    /// Using the item of this name, as the operation that it would be.
    pub(crate) fn using(self, asked: &Operation, item: &str) -> Operation {
        let mut operation = Operation { name: self.uses, ..asked.clone() };
        let named = Some(item.to_owned());
        if self.uses == OperationName::ResourcesRead {
            operation.resource = named;
        } else {
            operation.tool = named;
        }
        operation
    }

    /// One JSON-RPC message without the items that are not to be kept. One that carries no result
    /// stays as it is.
    pub(crate) fn filtered(
        self,
        message: &[u8],
        revision: Revision,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Bytes, McpError> {
        let mut message_object =
            parse_object(message).map_err(|_| McpError::List("it is not one JSON-RPC message"))?;
        let Some(result) = message_object.get("result") else {
            return Ok(Bytes::copy_from_slice(message));
        };
        let result = self.kept(result, revision, keep)?;
        message_object.replace("result", result);
        raw_bytes(&message_object)
    }

    fn kept(
        self,
        result: &RawValue,
        revision: Revision,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Box<RawValue>, McpError> {
        let unreadable = || McpError::List("its result has more than one reading");
        let mut result = Object::read(result).map_err(|_| unreadable())?;
        if let Some(listed) = result.get(self.member) {
            let items: Vec<&RawValue> =
                serde_json::from_str(listed.get()).map_err(|_| unreadable())?;
            // SECURITY: an item without one name is nobody's to use.
            let kept: Vec<_> = items
                .into_iter()
                .filter(|item| {
                    let name = Object::read(item).ok().and_then(|item| item.text(self.key).ok());
                    name.flatten().is_some_and(|name| keep(&name))
                })
                .collect();
            let kept = to_raw_value(&kept).map_err(|_| unreadable())?;
            result.replace(self.member, kept);
        }
        if revision.era() == Era::Modern {
            confine(&mut result).map_err(|_| unreadable())?;
        }
        result.to_raw().map_err(|_| unreadable())
    }

    /// A whole event stream with each message in it filtered; other lines stay as they are.
    pub(crate) fn filtered_events(
        self,
        stream: &[u8],
        revision: Revision,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Bytes, McpError> {
        let text = core::str::from_utf8(stream).map_err(|_| McpError::List("it is not text"))?;
        let text = text.replace("\r\n", "\n");
        // SECURITY: to the specification a lone carriage return ends a line, and a byte order mark
        // is no part of the first one; not every reader knows either.
        if text.contains(['\r', '\u{feff}']) {
            return Err(McpError::List("its lines have more than one reading"));
        }
        let mut out = String::with_capacity(text.len());
        let mut events = text.split("\n\n").peekable();
        while let Some(event) = events.next() {
            // What follows the last empty line is no whole event, and nobody acts on it.
            if events.peek().is_none() {
                break;
            }
            self.event(event, revision, &keep, &mut out)?;
        }
        Ok(Bytes::from(out))
    }

    fn event(
        self,
        event: &str,
        revision: Revision,
        keep: impl Fn(&str) -> bool,
        out: &mut String,
    ) -> Result<(), McpError> {
        let mut data = Vec::new();
        for line in event.split('\n') {
            match line.strip_prefix("data") {
                Some("") => data.push(""),
                Some(rest) if rest.starts_with(':') => {
                    let value = rest.strip_prefix(':').unwrap_or_default();
                    data.push(value.strip_prefix(' ').unwrap_or(value));
                }
                _ => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        let data = data.join("\n");
        if data.is_empty() {
            out.push_str("data:\n\n");
            return Ok(());
        }
        let message = self.filtered(data.as_bytes(), revision, keep)?;
        let message =
            core::str::from_utf8(&message).map_err(|_| McpError::List("it is not text"))?;
        for line in message.split('\n') {
            out.push_str("data: ");
            out.push_str(line);
            out.push('\n');
        }
        out.push('\n');
        Ok(())
    }
}

/// A list that was made for one caller is for no shared cache, and soon out of date.
fn confine(result: &mut Object<'_>) -> Result<(), serde_json::Error> {
    let ttl = result.get("ttlMs").and_then(|ttl| serde_json::from_str::<u64>(ttl.get()).ok());
    result.set("ttlMs", to_raw_value(&ttl.unwrap_or(0).min(LIST_TTL_MS_MAX))?);
    result.set("cacheScope", to_raw_value("private")?);
    Ok(())
}

fn raw_bytes(object: &Object<'_>) -> Result<Bytes, McpError> {
    let raw = object.to_raw().map_err(|_| McpError::List("it cannot be written again"))?;
    Ok(Bytes::from(Box::<str>::from(raw).into_boxed_bytes()))
}

#[cfg(test)]
mod tests {
    use cloister_policy::OperationName;
    use proptest::prelude::*;

    use super::{ListKind, McpError, Revision};

    fn kind() -> ListKind {
        ListKind::of(OperationName::ToolsList).unwrap()
    }

    fn filtered(message: &str, revision: Revision) -> Result<String, McpError> {
        let kept = kind().filtered(message.as_bytes(), revision, |name| name != "secret");
        kept.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn what_is_kept_keeps_its_bytes() {
        let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{ "name":"a" , "x":1.50e1},{"name":"secret"}],"nextCursor":"c"}}"#;
        let left = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{ "name":"a" , "x":1.50e1}],"nextCursor":"c"}}"#;
        assert_eq!(filtered(list, Revision::November2025).unwrap(), left);
        let modern = filtered(list, Revision::July2026).unwrap();
        assert!(modern.ends_with(r#""ttlMs":0,"cacheScope":"private"}}"#), "{modern}");
    }

    #[test]
    fn items_and_messages_with_two_readings_are_not_passed_on() {
        for item in
            [r#"{"name":"a","name":"secret"}"#, r#"{"name":"a","Name":"secret"}"#, "7", "{}"]
        {
            let list = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{item}]}}}}"#);
            let left = filtered(&list, Revision::June2025).unwrap();
            assert!(left.contains(r#""tools":[]"#), "{left}");
        }
        for list in [
            r#"[{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}]"#,
            r#"{"result":{"tools":[],"tools":[{"name":"secret"}]}}"#,
            r#"{"result":{"tools":{"name":"secret"}}}"#,
            "not json",
        ] {
            assert!(filtered(list, Revision::June2025).is_err(), "{list}");
        }
    }

    proptest! {
        #[test]
        fn no_list_leaks_what_is_not_permitted(
            names in proptest::collection::vec("[a-z]{1,3}|secret", 0..8),
            breaks in proptest::sample::select(vec!["\n", "\r\n"]),
        ) {
            let items: Vec<_> = names.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
            let message = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#, items.join(","));
            let kept = names.iter().filter(|name| *name != "secret").count();
            let left = filtered(&message, Revision::July2026).unwrap();
            prop_assert!(!left.contains("secret"));
            prop_assert_eq!(left.matches("\"name\"").count(), kept);
            let (one, two) = message.split_at(message.find(',').unwrap() + 1);
            let stream = format!(": ping{breaks}{breaks}id: 7{breaks}data: {one}{breaks}data:{two}{breaks}{breaks}data: secret");
            let events = kind().filtered_events(stream.as_bytes(), Revision::July2026, |name| name != "secret").unwrap();
            let events = String::from_utf8(events.to_vec()).unwrap();
            prop_assert!(!events.contains("secret"), "{}", events);
            prop_assert_eq!(events.matches("\"name\"").count(), kept);
        }
    }
}
