//! The headers that mirror parts of a request's body: each has to say what the body says.
//!
//! SPEC: MCP 2026-07-28, basic/transports/streamable-http, "Request Metadata".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};

use super::error::McpError;

pub(crate) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
pub(crate) const METHOD: &str = "mcp-method";
pub(crate) const NAME: &str = "mcp-name";
pub(crate) const PARAM_PREFIX: &str = "mcp-param-";
pub(crate) const SESSION: &str = "mcp-session-id";
pub(crate) const LAST_EVENT: &str = "last-event-id";

/// The marks around a value that is not plain ASCII.
const SENTINEL: (&str, &str) = ("=?base64?", "?=");

/// The value of a header that is sent once or not at all.
pub(crate) fn single<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<Option<&'h str>, McpError> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    // SECURITY: of two values one server takes the first, and another the last.
    if second.is_some() {
        return Err(McpError::HeaderMismatch(name));
    }
    first.map(|value| value.to_str().map_err(|_| McpError::HeaderMismatch(name))).transpose()
}

/// Checks that `Mcp-Method` says `method`; whether it has to be there is the revision's matter.
pub(crate) fn check_method(
    headers: &HeaderMap,
    method: &str,
    required: bool,
) -> Result<(), McpError> {
    match single(headers, METHOD)? {
        Some(said) if said == method => Ok(()),
        None if !required => Ok(()),
        _ => Err(McpError::HeaderMismatch(METHOD)),
    }
}

/// Checks that `Mcp-Name` says `name`: what the body names, if the method names something.
pub(crate) fn check_name(
    headers: &HeaderMap,
    name: Option<&str>,
    required: bool,
) -> Result<(), McpError> {
    match (single(headers, NAME)?, name) {
        (Some(said), Some(name)) if decoded(said).as_deref() == Some(name) => Ok(()),
        (None, None) => Ok(()),
        (None, Some(_)) if !required => Ok(()),
        _ => Err(McpError::HeaderMismatch(NAME)),
    }
}

/// Checks that every `Mcp-Param-*` is there once and can be decoded.
pub(crate) fn check_params(headers: &HeaderMap) -> Result<(), McpError> {
    let readable = |value: &HeaderValue| value.to_str().is_ok_and(|value| decoded(value).is_some());
    let fits = headers.keys().filter(|name| name.as_str().starts_with(PARAM_PREFIX)).all(|name| {
        let mut values = headers.get_all(name).iter();
        values.next().is_some_and(readable) && values.next().is_none()
    });
    if fits { Ok(()) } else { Err(McpError::HeaderMismatch("mcp-param-*")) }
}

/// Makes the headers those of a request for `method` that names nothing, where they mirror it.
pub(crate) fn of_method(headers: &mut HeaderMap, method: HeaderValue) {
    headers.remove(NAME);
    let params = headers.keys().filter(|name| name.as_str().starts_with(PARAM_PREFIX));
    for name in params.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
    if headers.contains_key(METHOD) {
        headers.insert(METHOD, method);
    }
}

/// What a header's value stands for; `None` if it is marked as Base64 and is not.
pub(crate) fn decoded(value: &str) -> Option<String> {
    let (prefix, suffix) = SENTINEL;
    let inner = value.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    match inner {
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};

    use super::{McpError, check_method, check_name, check_params, decoded, single};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn the_examples_of_the_specification_decode() {
        for (encoded, value) in [
            ("us-west1", "us-west1"),
            ("=?base64?SGVsbG8sIOS4lueVjA==?=", "Hello, 世界"),
            ("=?base64?IHBhZGRlZCA=?=", " padded "),
            ("=?base64?bGluZTEKbGluZTI=?=", "line1\nline2"),
            ("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?="),
            ("=?BASE64?eA==?=", "=?BASE64?eA==?="),
        ] {
            assert_eq!(decoded(encoded).as_deref(), Some(value), "{encoded}");
        }
        for broken in ["=?base64?x?=", "=?base64?/w==?=", "=?base64?eA?=", "=?base64?eB==?="] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_name_is_what_the_body_names_to_the_letter() {
        let said =
            |value: &'static str| check_name(&headers(&[("mcp-name", value)]), Some("add"), true);
        assert!(said("add").is_ok() && said("=?base64?YWRk?=").is_ok());
        for other in ["Add", "add ", "ad", "=?base64?YWRkIA==?=", "=?base64?YWRk", "", "аdd".trim()]
        {
            // The last one begins with a Cyrillic letter, which is no header value as text.
            let Ok(value) = HeaderValue::from_str(other) else { continue };
            let mut map = HeaderMap::new();
            map.insert("mcp-name", value);
            assert!(check_name(&map, Some("add"), true).is_err(), "{other:?}");
        }
        assert!(check_name(&HeaderMap::new(), Some("add"), true).is_err());
        assert!(check_name(&HeaderMap::new(), Some("add"), false).is_ok());
        assert!(check_name(&headers(&[("mcp-name", "add")]), None, false).is_err());
    }

    #[test]
    fn a_header_that_is_there_twice_is_refused_even_if_it_says_the_same() {
        let twice =
            headers(&[("mcp-method", "ping"), ("mcp-method", "ping"), ("mcp-param-x", "1")]);
        assert_eq!(check_method(&twice, "ping", true), Err(McpError::HeaderMismatch("mcp-method")));
        assert!(check_params(&twice).is_ok());
        let twice = headers(&[("mcp-param-x", "1"), ("mcp-param-x", "1")]);
        assert!(check_params(&twice).is_err());
        assert!(check_params(&headers(&[("mcp-param-x", "=?base64?x?=")])).is_err());
        assert!(single(&headers(&[("mcp-session-id", "a")]), "mcp-session-id").is_ok());
    }
}
