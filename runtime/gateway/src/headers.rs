//! Headers that must not cross, and the ones that the runtime vouches for.

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, ETAG, EXPECT, FORWARDED, HOST, HeaderMap,
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};

use cloister_policy::Subject;

use crate::end::Party;

/// Everything that begins with this is said by a runtime, to the agent beside it. The same from
/// elsewhere is a look-alike.
pub(crate) const RESERVED_PREFIX: &str = "cloister-";

/// Headers about one connection. SPEC: RFC 9110 section 7.6.1.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    // Answered by each server on the way for itself.
    EXPECT,
];

/// The same, without a constant in `http`.
const HOP_BY_HOP_NAMES: [&str; 3] = ["keep-alive", "proxy-connection", "http2-settings"];

/// SECURITY: headers by which a caller could change what the agent's server reads out of the
/// request line after it was classified, or claim to come from elsewhere: servers believe them
/// from a proxy on loopback, which is what the gateway is to them.
const OVERRIDES: [&str; 6] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-real-ip",
];

/// Leaves only the headers that are for the far end.
pub(crate) fn end_to_end(headers: &mut HeaderMap) {
    for name in connection_options(headers) {
        headers.remove(name);
    }
    remove_where(headers, |name| {
        HOP_BY_HOP.contains(name)
            || HOP_BY_HOP_NAMES.contains(&name.as_str())
            || name.as_str().starts_with(RESERVED_PREFIX)
    });
}

fn remove_where(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    // Most messages have none: one look at each name, and nothing is allocated.
    let unwanted: Vec<_> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

/// The names that `Connection` lists.
fn connection_options(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let names =
        values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok());
    names.filter(is_optional).collect()
}

/// SECURITY: a caller cannot have a header removed that decides how the request is read.
fn is_optional(name: &HeaderName) -> bool {
    ![http::header::CONTENT_TYPE, CONTENT_LENGTH, http::header::CONTENT_ENCODING, HOST]
        .contains(name)
}

/// Leaves only the headers of a peer's request that the local agent may see.
pub(crate) fn for_agent(headers: &mut HeaderMap) {
    end_to_end(headers);
    remove_where(headers, |name| {
        name == FORWARDED
            || name == HOST
            || OVERRIDES.contains(&name.as_str())
            || name.as_str().starts_with("x-forwarded-")
    });
}

/// Removes what could make a card arrive as something else than all of its plain bytes.
pub(crate) fn plain_and_whole(headers: &mut HeaderMap) {
    let conditional = [
        ACCEPT_ENCODING,
        IF_MATCH,
        IF_MODIFIED_SINCE,
        IF_NONE_MATCH,
        IF_RANGE,
        IF_UNMODIFIED_SINCE,
        RANGE,
    ];
    conditional.iter().for_each(|name| drop(headers.remove(name)));
}

/// Makes an agent answer without compression, so that the answer can be read.
pub(crate) fn uncompressed(headers: &mut HeaderMap) {
    headers.remove(ACCEPT_ENCODING);
    headers.remove("grpc-accept-encoding");
}

/// Removes what described the bytes of a body that was replaced.
pub(crate) fn forget_representation(headers: &mut HeaderMap) {
    let stale = [CONTENT_LENGTH, ETAG, LAST_MODIFIED];
    stale.iter().for_each(|name| drop(headers.remove(name)));
    for name in
        ["content-md5", "digest", "content-digest", "repr-digest", "signature", "signature-input"]
    {
        headers.remove(name);
    }
}

/// Tells the local agent who its peer is, or that nothing of it is attested: then
/// `cloister-peer-attested` is `false` and there is no other.
pub(crate) fn vouch(headers: &mut HeaderMap, peer: Party<&Subject>) {
    let attested = match peer {
        Party::Attested(peer) => {
            vouch_for(headers, peer);
            "true"
        }
        Party::Visitor => "false",
    };
    headers.insert("cloister-peer-attested", HeaderValue::from_static(attested));
}

/// Values are percent-encoded (RFC 3986) where they are not plain ASCII; `cloister-peer-scope` is a
/// list, separated by commas.
fn vouch_for(headers: &mut HeaderMap, peer: &Subject) {
    let scope = peer.scope.iter().map(|scope| encoded(scope)).collect::<Vec<_>>().join(",");
    let said = [
        ("cloister-peer-agent", encoded(&peer.agent)),
        ("cloister-peer-trust-domain", encoded(&peer.trust_domain)),
        ("cloister-peer-instance", encoded(&peer.instance)),
        ("cloister-peer-principal", encoded(&peer.principal)),
        ("cloister-peer-image", encoded(&peer.image)),
        ("cloister-peer-version", encoded(&peer.version)),
        ("cloister-peer-scope", scope),
        ("cloister-peer-tee", peer.tee.to_string()),
        ("cloister-peer-tier", peer.tier.to_string()),
        ("cloister-peer-simulated", peer.simulated.to_string()),
    ];
    let status = peer.tcb_status.map(|status| ("cloister-peer-tcb-status", status.to_string()));
    let region = peer.region_claim.as_deref();
    let region = region.map(|region| ("cloister-peer-region-claim", encoded(region)));
    for (name, value) in said.into_iter().chain(status).chain(region).chain(origin(peer)) {
        // INVARIANT: `encoded` leaves printable ASCII only, so every value is a header value.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Whom the peer acts for, if it does; its scope is then what that one passed on.
fn origin(peer: &Subject) -> impl Iterator<Item = (&'static str, String)> {
    peer.on_behalf_of.iter().flat_map(|origin| {
        [
            ("cloister-origin-agent", encoded(&origin.agent)),
            ("cloister-origin-trust-domain", encoded(&origin.trust_domain)),
            ("cloister-origin-principal", encoded(&origin.principal)),
        ]
    })
}

/// The protocol extensions that a request asks for, by URI.
///
/// SPEC: A2A 1.0.1 section 3.2.6; 0.3 has the name with `X-` in front.
pub(crate) fn extensions(headers: &HeaderMap) -> Vec<String> {
    let values = ["a2a-extensions", "x-a2a-extensions"].into_iter();
    let values = values.flat_map(|name| headers.get_all(name));
    // What is not text is no URI that a policy could name, and still counts as one.
    let lists = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let uris =
        lists.flat_map(|list| list.split(',').map(|uri| uri.trim().to_owned()).collect::<Vec<_>>());
    uris.filter(|uri| !uri.is_empty()).collect()
}

/// Printable ASCII without the characters that have a meaning here.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'%' | b',') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What [`encoded`] was made from, or printable ASCII as it is.
pub(crate) fn plain(text: &str) -> Option<String> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        out.push(u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};

    use super::{encoded, end_to_end, extensions, for_agent, plain};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn what_belongs_to_the_connection_stays_there() {
        let mut seen = headers(&[
            ("connection", "close, X-Mine,content-type"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("content-type", "application/json"),
            ("a2a-version", "1.0"),
            ("x-other", "2"),
        ]);
        end_to_end(&mut seen);
        let kept = headers(&[
            ("content-type", "application/json"),
            ("a2a-version", "1.0"),
            ("x-other", "2"),
        ]);
        assert_eq!(seen, kept);
    }

    #[test]
    fn look_alikes_and_overrides_do_not_reach_the_agent() {
        let mut seen = headers(&[
            ("cloister-peer-agent", "admin"),
            ("cloister-anything", "x"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-prefix", "/x"),
            ("forwarded", "for=127.0.0.1"),
            ("x-http-method-override", "DELETE"),
            ("x-original-url", "/admin"),
            ("host", "evil.example"),
            ("authorization", "Bearer of-the-agents"),
        ]);
        for_agent(&mut seen);
        assert_eq!(seen, headers(&[("authorization", "Bearer of-the-agents")]));
    }

    #[test]
    fn every_extension_that_is_asked_for_is_seen() {
        let asked = [
            ("a2a-extensions", "https://a.example/x, urn:b ,"),
            ("a2a-extensions", "urn:c"),
            ("x-a2a-extensions", "urn:d"),
        ];
        let mut seen = HeaderMap::new();
        for (name, value) in asked {
            seen.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        assert_eq!(extensions(&seen), ["https://a.example/x", "urn:b", "urn:c", "urn:d"]);
    }

    #[test]
    fn what_was_encoded_is_read_again() {
        for text in ["read", "a, b\r\nx: \u{e9}%", ""] {
            assert_eq!(plain(&encoded(text)).as_deref(), Some(text));
        }
        for bad in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(plain(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_cannot_break_out_of_their_header() {
        assert_eq!(encoded("a, b\r\nx: é%"), "a%2C%20b%0D%0Ax:%20%C3%A9%25");
    }
}
