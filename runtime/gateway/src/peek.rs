//! Reading a body, within bounds.

mod watch;

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::body::{Body, full};
use crate::error::Cause;
use crate::limits::{PEEK_BYTES_MAX, PEEK_IDLE_MAX};
use crate::operation::Said;
use crate::scan::Scan;

pub(crate) use watch::Watch;

/// Why a body could not be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectError {
    /// It is larger than it may be.
    TooLarge,
    /// It paused for too long, or broke off.
    Stalled,
}

/// The bytes of a JSON-RPC request.
pub(crate) async fn peek(body: Body) -> Result<Bytes, Cause> {
    collect(body, PEEK_BYTES_MAX).await.map_err(|error| match error {
        CollectError::TooLarge => Cause::TooLarge { max: PEEK_BYTES_MAX },
        CollectError::Stalled => Cause::Stalled,
    })
}

/// A body of at most `max` bytes, which does not pause for long.
pub(crate) async fn collect(body: Body, max: usize) -> Result<Bytes, CollectError> {
    collect_within(body, max, PEEK_IDLE_MAX).await
}

/// A body of at most `max` bytes, however long it takes.
pub(crate) async fn collect_patiently(body: Body, max: usize) -> Result<Bytes, CollectError> {
    collect_within(body, max, Duration::MAX).await
}

async fn collect_within(mut body: Body, max: usize, idle: Duration) -> Result<Bytes, CollectError> {
    if usize::try_from(body.size_hint().lower()).is_ok_and(|declared| declared > max) {
        return Err(CollectError::TooLarge);
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = next_frame(&mut body, idle).await? {
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > max {
            return Err(CollectError::TooLarge);
        }
        // Most bodies come in one piece, which need not be copied.
        if bytes.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// A body of which has been read what decides over the request.
pub(crate) struct Settled {
    pub(crate) said: Said,
    /// The same bytes, those that were read among them.
    pub(crate) body: Body,
    /// All of it, where the message was read to its end.
    pub(crate) whole: Option<Bytes>,
    pub(crate) watch: Watch,
}

/// Reads as much of a body as it takes to know its ids: all of it, or its first
/// [`PEEK_BYTES_MAX`] bytes. What is left is read on while it is forwarded, see [`Watch`].
pub(crate) async fn settle(mut body: Body, mut scan: Scan) -> Result<Settled, Cause> {
    let mut head = BytesMut::new();
    while let Some(frame) =
        next_frame(&mut body, PEEK_IDLE_MAX).await.map_err(|_| Cause::Stalled)?
    {
        // No operation has trailers in its request, and what is not classified does not travel.
        let Ok(mut data) = frame.into_data() else { continue };
        let room = PEEK_BYTES_MAX.saturating_sub(head.len());
        let read = data.split_to(room.min(data.len()));
        scan.feed(&read)?;
        head.extend_from_slice(&read);
        let ends = data.is_empty() && body.is_end_stream();
        if !ends && (head.len() >= PEEK_BYTES_MAX || scan.is_complete()) {
            return Ok(Watch::begin(head.freeze(), data, body, scan));
        }
    }
    scan.end()?;
    let whole = head.freeze();
    let body = full(whole.clone());
    Ok(Settled { said: scan.settle(), body, whole: Some(whole), watch: Watch::default() })
}

async fn next_frame(body: &mut Body, idle: Duration) -> Result<Option<Frame<Bytes>>, CollectError> {
    let next = timeout(idle, body.frame()).await.map_err(|_| CollectError::Stalled)?;
    next.transpose().map_err(|_| CollectError::Stalled)
}

/// Whether the head says that the body is JSON in UTF-8 and nothing around it.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    // SECURITY: of two content types a server takes one, and another server the other.
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let only = only.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = only.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let media_fits = media == "application/json"
        || media.strip_prefix("application/").is_some_and(|rest| rest.ends_with("+json"));
    let charset_fits = parts.all(|part| {
        part.strip_prefix("charset=")
            .is_none_or(|set| matches!(set.trim_matches('"'), "utf-8" | "utf8"))
    });
    media_fits && charset_fits && !is_encoded(headers)
}

/// The media type of an answer, without its parameters.
pub(crate) fn media(headers: &HeaderMap) -> &str {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

/// Whether the body is compressed or otherwise wrapped.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};

    use super::is_json;

    fn with(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))])
    }

    #[test]
    fn only_plain_json_in_utf_8_is_json() {
        for kind in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/a2a+json",
        ] {
            assert!(is_json(&with(kind)), "{kind}");
        }
        for kind in [
            "",
            "text/plain",
            "application/json; charset=utf-16",
            "application/json, text/plain",
            "multipart/form-data",
            "text/json+json",
        ] {
            assert!(!is_json(&with(kind)), "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
        let mut zipped = with("application/json");
        zipped.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!is_json(&zipped));
        let mut two = with("application/json");
        two.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert!(!is_json(&two));
    }
}
