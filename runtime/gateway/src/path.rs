//! Paths that every server reads alike.

use core::fmt;

/// What runtimes say to each other on a channel is at paths beneath this one. The gateway carries
/// none of them, in either direction, whatever an agent's card says.
pub const RESERVED_PATH: &str = "/cloister/channel";

/// Beneath this path of a channel, a runtime delivers the push notifications of its agent. No agent
/// has such a path: the gateway answers for it.
pub(crate) const PUSH_PATH: &str = "/cloister/push";

/// Why a path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    /// `//`, or a path that does not begin with a slash.
    #[error("it has an empty segment")]
    EmptySegment,
    /// `.` or `..`.
    #[error("it has a dot segment")]
    DotSegment,
    /// A backslash, a semicolon, or a control character: separators to some servers.
    #[error("it has a character that some servers take for a separator")]
    Separator,
    /// A percent sign that is not followed by two hexadecimal digits, or encodes no UTF-8.
    #[error("its percent-encoding is broken")]
    Encoding,
    /// An encoded slash, backslash, dot, semicolon, percent sign or control character.
    #[error("it encodes a character that may be decoded into structure")]
    EncodedStructure,
}

/// A request path without anything that one server decodes and another does not.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PlainPath<'a> {
    raw: &'a str,
}

impl<'a> PlainPath<'a> {
    /// Checks a received path.
    pub(crate) fn parse(raw: &'a str) -> Result<Self, PathError> {
        let inner = raw.strip_prefix('/').ok_or(PathError::EmptySegment)?;
        let mut segments = inner.split('/').peekable();
        while let Some(segment) = segments.next() {
            // The last one may be empty: a trailing slash is part of some interfaces' URLs.
            if segment.is_empty() && segments.peek().is_some() {
                return Err(PathError::EmptySegment);
            }
            check_segment(segment)?;
        }
        Ok(Self { raw })
    }

    /// Whether it is the runtimes' own, or a tool server's: no agent has it, and none is asked for
    /// it.
    pub(crate) fn is_reserved(&self) -> bool {
        self.raw == RESERVED_PATH
            || self.beneath(RESERVED_PATH).is_some()
            || self.raw == PUSH_PATH
            || self.beneath(PUSH_PATH).is_some()
            || tool_server(self.raw).is_some()
    }

    /// The path as received.
    pub(crate) const fn as_str(&self) -> &'a str {
        self.raw
    }

    /// What follows `base` and a slash; `base` has no slash at its end.
    pub(crate) fn beneath(&self, base: &str) -> Option<&'a str> {
        self.raw.strip_prefix(base)?.strip_prefix('/')
    }
}

impl fmt::Debug for PlainPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw)
    }
}

/// The name in the path of a tool server's endpoint, `/tools/NAME/mcp`.
pub(crate) fn tool_server(path: &str) -> Option<&str> {
    path.strip_prefix("/tools/")?.strip_suffix("/mcp").filter(|name| !name.contains('/'))
}

/// A segment of a checked path with its percent-encoding undone.
pub(crate) fn decoded(segment: &str) -> Result<String, PathError> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2).ok_or(PathError::Encoding)?;
        bytes.push(hex_byte(digits)?);
        rest = tail;
    }
    String::from_utf8(bytes).map_err(|_| PathError::Encoding)
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    if matches!(segment, "." | "..") {
        return Err(PathError::DotSegment);
    }
    if segment.bytes().any(|byte| matches!(byte, b'\\' | b';') || byte.is_ascii_control()) {
        return Err(PathError::Separator);
    }
    let encoded = segment.split('%').skip(1).map(|rest| rest.as_bytes().get(..2));
    for digits in encoded {
        let byte = hex_byte(digits.ok_or(PathError::Encoding)?)?;
        if matches!(byte, b'/' | b'\\' | b'.' | b';' | b'%') || byte.is_ascii_control() {
            return Err(PathError::EncodedStructure);
        }
    }
    decoded(segment).map(drop)
}

fn hex_byte(digits: &[u8]) -> Result<u8, PathError> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(PathError::Encoding);
    }
    let digits = core::str::from_utf8(digits).map_err(|_| PathError::Encoding)?;
    u8::from_str_radix(digits, 16).map_err(|_| PathError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::{PathError, PlainPath, decoded};

    #[test]
    fn paths_with_two_readings_are_refused() {
        for (path, why) in [
            ("", PathError::EmptySegment),
            ("tasks", PathError::EmptySegment),
            ("//", PathError::EmptySegment),
            ("//tasks", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("/a//", PathError::EmptySegment),
            ("/.", PathError::DotSegment),
            ("/a/../b", PathError::DotSegment),
            ("/a/./b", PathError::DotSegment),
            ("/a/..", PathError::DotSegment),
            ("/a/%2e%2e/b", PathError::EncodedStructure),
            ("/a/.%2E/b", PathError::EncodedStructure),
            ("/a%2fb", PathError::EncodedStructure),
            ("/a%2Fb", PathError::EncodedStructure),
            ("/a%5cb", PathError::EncodedStructure),
            ("/a%252fb", PathError::EncodedStructure),
            ("/a%3bb", PathError::EncodedStructure),
            ("/a%00b", PathError::EncodedStructure),
            ("/a%0ab", PathError::EncodedStructure),
            ("/a\\b", PathError::Separator),
            ("/a;b=c", PathError::Separator),
            ("/a%", PathError::Encoding),
            ("/a%4", PathError::Encoding),
            ("/a%zz", PathError::Encoding),
            ("/a%+1", PathError::Encoding),
            ("/a%ff", PathError::Encoding),
            ("/a%c0%af", PathError::Encoding),
        ] {
            assert_eq!(PlainPath::parse(path), Err(why), "{path}");
        }
    }

    #[test]
    fn ordinary_paths_pass_unchanged() {
        for path in
            ["/", "/a", "/a/", "/tasks/urn:uuid:1", "/a/%C3%A9", "/message:send", "/...", "/a..b"]
        {
            assert_eq!(PlainPath::parse(path).unwrap().as_str(), path);
        }
        assert_eq!(decoded("%C3%A9%3ax").unwrap(), "é:x");
    }
}
