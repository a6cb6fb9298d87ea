//! What a server says that it can do, without what the caller may not ask it for.
//!
//! SPEC: MCP 2026-07-28, server/discover; MCP 2025-11-25, basic/lifecycle, "Capability
//! Negotiation".

use cloister_policy::OperationName;
use serde_json::value::{RawValue, to_raw_value};

use super::error::McpError;
use super::revision::{Era, Revision};
use crate::object::Object;

/// Each capability, and the operations that its use begins with: a caller that may do none of them
/// does not see it.
const CAPABILITIES: [(&str, &[OperationName]); 6] = [
    ("tools", &[OperationName::ToolsList, OperationName::ToolsCall]),
    ("prompts", &[OperationName::PromptsList, OperationName::PromptsGet]),
    (
        "resources",
        &[
            OperationName::ResourcesList,
            OperationName::ResourceTemplatesList,
            OperationName::ResourcesRead,
        ],
    ),
    ("completions", &[OperationName::Complete]),
    ("logging", &[OperationName::SetLogLevel]),
    ("tasks", &[OperationName::TaskGet, OperationName::TaskList]),
];

const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

const UNREADABLE: McpError = McpError::Answer("its capabilities have more than one reading");

/// Takes out of a result what the caller may not ask for, and the revisions that are not carried.
/// True if that changed something.
pub(crate) fn filter(
    result: &mut Object<'_>,
    era: Era,
    permits: impl Fn(OperationName) -> bool,
) -> Result<bool, McpError> {
    let mut changed = false;
    if let Some(versions) = result.get("supportedVersions") {
        let versions: Vec<String> = serde_json::from_str(versions.get()).map_err(|_| UNREADABLE)?;
        let carried: Vec<_> =
            versions.iter().filter(|name| Revision::named(name).is_some()).collect();
        if carried.len() != versions.len() {
            let carried = to_raw_value(&carried).map_err(|_| UNREADABLE)?;
            result.replace("supportedVersions", carried);
            changed = true;
        }
    }
    if let Some(capabilities) = result.get("capabilities")
        && let Some(left) = left(capabilities, era, permits)?
    {
        result.replace("capabilities", left);
        changed = true;
    }
    Ok(changed)
}

/// The capabilities that are left; `None` if that is all of them.
fn left(
    capabilities: &RawValue,
    era: Era,
    permits: impl Fn(OperationName) -> bool,
) -> Result<Option<Box<RawValue>>, McpError> {
    let mut capabilities = Object::read(capabilities).map_err(|_| UNREADABLE)?;
    let hidden = |(name, uses): &(&'static str, &[OperationName])| {
        // Without sessions the level is part of each request.
        let is_asked_for = *name != "logging" || era == Era::Legacy;
        is_asked_for && !uses.iter().any(|uses| permits(*uses))
    };
    let mut changed = false;
    for (name, _) in CAPABILITIES.iter().filter(|row| hidden(row)) {
        changed |= capabilities.has(name);
        capabilities.remove(name);
    }
    if !permits(OperationName::TaskGet)
        && let Some(extensions) = capabilities.get("extensions")
        && let Some(extensions) = without_tasks(extensions)?
    {
        capabilities.replace("extensions", extensions);
        changed = true;
    }
    let left = changed.then(|| capabilities.to_raw().map_err(|_| UNREADABLE));
    left.transpose()
}

fn without_tasks(extensions: &RawValue) -> Result<Option<Box<RawValue>>, McpError> {
    let mut extensions = Object::read(extensions).map_err(|_| UNREADABLE)?;
    if !extensions.has(TASKS_EXTENSION) {
        return Ok(None);
    }
    extensions.remove(TASKS_EXTENSION);
    extensions.to_raw().map(Some).map_err(|_| UNREADABLE)
}

#[cfg(test)]
mod tests {
    use cloister_policy::OperationName;

    use super::{Era, filter};
    use crate::object::Object;

    fn shown(result: &str, era: Era, permitted: &[OperationName]) -> (String, bool) {
        let mut result = Object::parse(result.as_bytes()).unwrap();
        let changed = filter(&mut result, era, |name| permitted.contains(&name)).unwrap();
        (result.to_raw().unwrap().get().to_owned(), changed)
    }

    const ALL: &str = r#"{"capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{},"completions":{},"logging":{},"tasks":{},"extensions":{"io.modelcontextprotocol/tasks":{},"x/y":{}},"experimental":{}}}"#;

    #[test]
    fn what_may_not_be_asked_for_is_not_offered() {
        let (left, changed) = shown(ALL, Era::Legacy, &[OperationName::ToolsList]);
        let expected = r#"{"capabilities":{"tools":{"listChanged":true},"extensions":{"x/y":{}},"experimental":{}}}"#;
        assert_eq!((left.as_str(), changed), (expected, true));
        let (left, _) = shown(ALL, Era::Modern, &[OperationName::Complete]);
        let expected = r#"{"capabilities":{"completions":{},"logging":{},"extensions":{"x/y":{}},"experimental":{}}}"#;
        assert_eq!(left, expected);
        let (left, changed) = shown(ALL, Era::Legacy, &OperationName::ALL);
        assert_eq!((left.as_str(), changed), (ALL, false));
    }

    #[test]
    fn revisions_that_are_not_carried_are_not_offered() {
        let offered = r#"{"supportedVersions":["2027-01-01","2026-07-28","2024-11-05"]}"#;
        let (left, changed) = shown(offered, Era::Modern, &[]);
        assert_eq!((left.as_str(), changed), (r#"{"supportedVersions":["2026-07-28"]}"#, true));
    }

    #[test]
    fn what_has_two_readings_is_not_passed_on() {
        for odd in [
            r#"{"capabilities":{"tools":{},"Tools":{}}}"#,
            r#"{"capabilities":[]}"#,
            r#"{"supportedVersions":"2026-07-28"}"#,
            r#"{"capabilities":{"extensions":7}}"#,
        ] {
            let mut result = Object::parse(odd.as_bytes()).unwrap();
            assert!(filter(&mut result, Era::Modern, |_| false).is_err(), "{odd}");
        }
    }
}
