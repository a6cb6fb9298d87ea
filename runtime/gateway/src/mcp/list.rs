//! Lists of what a server has, without what the caller may not use.
//!
//! SPEC: MCP 2026-07-28, server/tools, server/prompts, server/resources and "Caching".

use cloister_policy::OperationName;
use serde_json::value::{RawValue, to_raw_value};

use super::error::McpError;
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

/// Every kind. A result is read for all of them, whatever was asked for: an answer may come on
/// another stream than it is expected on.
const LISTS: [ListKind; 4] = [
    list("tools", "name", OperationName::ToolsCall),
    list("prompts", "name", OperationName::PromptsGet),
    list("resources", "uri", OperationName::ResourcesRead),
    list("resourceTemplates", "uriTemplate", OperationName::ResourcesRead),
];

const fn list(member: &'static str, key: &'static str, uses: OperationName) -> ListKind {
    ListKind { member, key, uses }
}

impl ListKind {
    /// Whether its items are tools.
    pub(crate) fn is_of_tools(self) -> bool {
        self.uses == OperationName::ToolsCall
    }

    /// Using the item of this name, as the operation that it would be.
    pub(crate) fn using(self, asked: &Operation, item: &str) -> Operation {
        let (tool, resource) = (None, None);
        let mut operation = Operation { name: self.uses, tool, resource, ..asked.clone() };
        let named = Some(item.to_owned());
        if self.uses == OperationName::ResourcesRead {
            operation.resource = named;
        } else {
            operation.tool = named;
        }
        operation
    }

    /// The items that are kept; `None` if that is all of them.
    fn kept(
        self,
        listed: &RawValue,
        mut keep: impl FnMut(Self, &str, &RawValue) -> bool,
    ) -> Result<Option<Box<RawValue>>, McpError> {
        let items: Vec<&RawValue> = serde_json::from_str(listed.get()).map_err(|_| UNREADABLE)?;
        let count = items.len();
        // SECURITY: an item without one name is nobody's to use.
        let name = |item: &RawValue| Object::read(item).ok()?.text(self.key).ok()?;
        let keeps = |item: &&RawValue| name(item).is_some_and(|name| keep(self, &name, item));
        let kept: Vec<_> = items.into_iter().filter(keeps).collect();
        if kept.len() == count {
            return Ok(None);
        }
        to_raw_value(&kept).map(Some).map_err(|_| UNREADABLE)
    }
}

const UNREADABLE: McpError = McpError::Answer("it has a list with more than one reading");

/// What a result's lists came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filtered {
    /// There is one.
    pub(crate) has_lists: bool,
    /// Something of it was taken out.
    pub(crate) changed: bool,
}

/// Takes everything out of a result's lists that is not to be kept.
pub(crate) fn filter(
    result: &mut Object<'_>,
    mut keep: impl FnMut(ListKind, &str, &RawValue) -> bool,
) -> Result<Filtered, McpError> {
    let mut filtered = Filtered::default();
    for list in LISTS {
        let Some(listed) = result.get(list.member) else { continue };
        filtered.has_lists = true;
        if let Some(kept) = list.kept(listed, &mut keep)? {
            filtered.changed = true;
            result.replace(list.member, kept);
        }
    }
    Ok(filtered)
}

/// What was made for one caller is for no shared cache, and soon out of date.
pub(crate) fn confine(result: &mut Object<'_>) -> Result<(), McpError> {
    let ttl = result.get("ttlMs").and_then(|ttl| serde_json::from_str::<u64>(ttl.get()).ok());
    let ttl = to_raw_value(&ttl.unwrap_or(0).min(LIST_TTL_MS_MAX));
    result.set("ttlMs", ttl.map_err(|_| UNREADABLE)?);
    result.set("cacheScope", to_raw_value("private").map_err(|_| UNREADABLE)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Filtered, McpError, confine, filter};
    use crate::object::Object;

    fn filtered(result: &str) -> Result<(String, Filtered), McpError> {
        let mut result = Object::parse(result.as_bytes()).unwrap();
        let filtered = filter(&mut result, |_, name, _| name != "secret")?;
        Ok((result.to_raw().unwrap().get().to_owned(), filtered))
    }

    #[test]
    fn what_is_kept_keeps_its_bytes() {
        let all = r#"{"tools":[{ "name":"a" , "x":1.50e1},{"name":"secret"}],"nextCursor":"c"}"#;
        let left = r#"{"tools":[{ "name":"a" , "x":1.50e1}],"nextCursor":"c"}"#;
        let (shown, of) = filtered(all).unwrap();
        assert_eq!((shown.as_str(), of), (left, Filtered { has_lists: true, changed: true }));
        let (shown, of) = filtered(left).unwrap();
        assert_eq!((shown.as_str(), of), (left, Filtered { has_lists: true, changed: false }));
        assert!(!filtered(r#"{"content":[]}"#).unwrap().1.has_lists);
    }

    #[test]
    fn a_list_of_one_caller_is_private_and_short_lived() {
        for (before, after) in [
            (
                r#"{"ttlMs":86400000,"cacheScope":"public"}"#,
                r#"{"ttlMs":30000,"cacheScope":"private"}"#,
            ),
            (r#"{"ttlMs":7}"#, r#"{"ttlMs":7,"cacheScope":"private"}"#),
            (r#"{"ttlMs":"x"}"#, r#"{"ttlMs":0,"cacheScope":"private"}"#),
            ("{}", r#"{"ttlMs":0,"cacheScope":"private"}"#),
        ] {
            let mut result = Object::parse(before.as_bytes()).unwrap();
            confine(&mut result).unwrap();
            assert_eq!(result.to_raw().unwrap().get(), after);
        }
    }

    #[test]
    fn items_and_lists_with_two_readings_are_not_passed_on() {
        for item in
            [r#"{"name":"a","name":"secret"}"#, r#"{"name":"a","Name":"secret"}"#, "7", "{}"]
        {
            let (left, _) = filtered(&format!(r#"{{"tools":[{item}]}}"#)).unwrap();
            assert_eq!(left, r#"{"tools":[]}"#);
        }
        assert!(filtered(r#"{"tools":{"name":"secret"}}"#).is_err());
        assert!(filtered(r#"{"tools":"secret"}"#).is_err());
    }

    proptest! {
        #[test]
        fn no_list_leaks_what_is_not_permitted(
            names in proptest::collection::vec("[a-z]{1,3}|secret", 0..8),
            member in proptest::sample::select(vec!["tools", "Tools", "prompts"]),
        ) {
            let items: Vec<_> = names.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
            let (left, _) = filtered(&format!(r#"{{"{member}":[{}]}}"#, items.join(","))).unwrap();
            prop_assert!(!left.contains("secret"));
            let kept = names.iter().filter(|name| *name != "secret").count();
            prop_assert_eq!(left.matches("\"name\"").count(), kept);
        }
    }
}
