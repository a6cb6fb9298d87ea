//! How long a card that was shown may be kept, and whether the one that was kept is still good.
//!
//! SPEC: RFC 9110 sections 8.8.3 and 13.1.2, RFC 9111 section 5.2.

use core::time::Duration;

use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, EXPIRES, HeaderMap, HeaderValue,
    IF_NONE_MATCH,
};
use http::{Method, Response, StatusCode};

use crate::body::{Body, empty, full};
use crate::headers::forget_representation;
use crate::limits::CARD_CACHE_MAX;

/// What a request for a card asks for beside the card.
#[derive(Debug)]
pub(crate) struct Asked {
    method: Method,
    known: Vec<String>,
}

impl Asked {
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let known = values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned());
        Self { method: method.clone(), known: known.collect() }
    }

    /// The answer, with what the agent's own headers may say about it. `remaining` is what the
    /// lease lives on.
    ///
    /// The tag is a weak one: two answers with the same content have different signatures.
    pub(crate) fn answer(
        &self,
        headers: &HeaderMap,
        card: String,
        tag: &str,
        remaining: Duration,
    ) -> Response<Body> {
        let mut headers = headers.clone();
        let cache_control = cache_control(&headers, remaining);
        forget_representation(&mut headers);
        [AGE, EXPIRES].iter().for_each(|name| drop(headers.remove(name)));
        let mut is_known = false;
        if self.method != Method::POST {
            let tag = format!("W/\"{tag}\"");
            is_known = self.known.iter().any(|known| is_same(known, &tag));
            set(&mut headers, ETAG, &tag);
            set(&mut headers, CACHE_CONTROL, &cache_control);
        }
        let mut response = Response::new(empty());
        if is_known {
            headers.remove(CONTENT_TYPE);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(card.len()));
            if self.method != Method::HEAD {
                *response.body_mut() = full(card);
            }
        }
        *response.headers_mut() = headers;
        response
    }
}

fn set(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    // INVARIANT: digits, letters and punctuation only, so every value is a header value.
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// SPEC: RFC 9110 section 8.8.3.2, weak comparison.
fn is_same(known: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    known == "*" || opaque(known) == opaque(tag)
}

/// Never for others than who asked, never beyond the lease, never longer than the agent says.
fn cache_control(headers: &HeaderMap, remaining: Duration) -> String {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let said: Vec<_> = values
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    if said.iter().any(|directive| directive == "no-store") {
        return "private, no-store".to_owned();
    }
    if said.iter().any(|directive| directive.split('=').next() == Some("no-cache")) {
        return "private, no-cache".to_owned();
    }
    let ages = said.iter().filter_map(|directive| directive.strip_prefix("max-age="));
    // SPEC: RFC 9111 section 4.2.1: an age that does not read counts as none.
    let wanted = ages.map(|age| age.trim_matches('"').parse().unwrap_or(0)).min();
    let most = CARD_CACHE_MAX.min(remaining).as_secs();
    format!("private, max-age={}", wanted.unwrap_or(most).min(most))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, IF_NONE_MATCH};
    use http::{Method, StatusCode};

    use super::{Asked, cache_control};

    const LONG: Duration = Duration::from_secs(600);

    fn with(name: http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_card_is_kept_no_longer_than_the_agent_the_lease_and_the_gateway_let_it() {
        for (said, remaining, expected) in [
            ("public, max-age=86400", LONG, "private, max-age=30"),
            ("max-age=7", LONG, "private, max-age=7"),
            ("max-age=7", Duration::from_secs(3), "private, max-age=3"),
            ("", Duration::ZERO, "private, max-age=0"),
            ("max-age=x", LONG, "private, max-age=0"),
            ("Max-Age=5, max-age=9", LONG, "private, max-age=5"),
            ("no-store, max-age=9", LONG, "private, no-store"),
            ("no-cache=\"x\", max-age=9", LONG, "private, no-cache"),
        ] {
            assert_eq!(cache_control(&with(CACHE_CONTROL, said), remaining), expected, "{said}");
        }
    }

    #[test]
    fn a_card_that_is_known_is_not_sent_again() {
        for (known, expected) in [
            ("W/\"ab\"", StatusCode::NOT_MODIFIED),
            ("\"ab\"", StatusCode::NOT_MODIFIED),
            ("\"x\", W/\"ab\"", StatusCode::NOT_MODIFIED),
            ("*", StatusCode::NOT_MODIFIED),
            ("\"x\"", StatusCode::OK),
            ("ab", StatusCode::OK),
        ] {
            let asked = Asked::of(&Method::GET, &with(IF_NONE_MATCH, known));
            let answer = asked.answer(&HeaderMap::new(), "{}".to_owned(), "ab", LONG);
            assert_eq!(answer.status(), expected, "{known}");
        }
    }

    #[test]
    fn what_is_asked_for_by_post_is_not_kept() {
        let asked = Asked::of(&Method::POST, &with(IF_NONE_MATCH, "*"));
        let answer = asked.answer(&HeaderMap::new(), "{}".to_owned(), "ab", LONG);
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(!answer.headers().contains_key("etag"));
    }
}
