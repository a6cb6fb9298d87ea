//! The local agent's own webhook: where it may be, and how a notification is put to it.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri};

use super::config::Config;
use super::error::PushError;
use crate::agent::AgentAddress;
use crate::body::{Body, full};
use crate::client::AgentClient;
use crate::error::Cause;
use crate::limits::PUSH_WEBHOOK_MAX;

/// Why a URL is no webhook that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebhookError {
    /// Not a URL, not http, or with more than a host and a port before its path.
    #[error("its URL is not http://, a loopback address with a port, and a path")]
    Url,
    /// Its host could be another machine.
    #[error("its host is not a loopback address")]
    Host,
    /// Nothing of the agent's is known to listen there.
    #[error("port {0} is not one of those that agent.toml permits")]
    Port(u16),
    /// Token or credentials cannot stand in a header.
    #[error("its token or authentication cannot be sent in a header")]
    Secret,
}

/// The ports of this machine that notifications may be posted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookPorts(BTreeSet<u16>);

impl WebhookPorts {
    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.iter().copied()
    }
}

impl FromIterator<u16> for WebhookPorts {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        Self(ports.into_iter().collect())
    }
}

/// A webhook of the local agent, as it gave it.
pub(crate) struct Webhook {
    given: Config,
    address: AgentAddress,
    path: PathAndQuery,
    /// What it wants to see: token and credentials.
    secrets: HeaderMap,
}

impl Webhook {
    /// Checks that a webhook may be called.
    ///
    /// SECURITY: no name is looked up and no redirect is followed, so that what is checked here is
    /// what is called.
    pub(super) fn new(given: Config, permitted: &WebhookPorts) -> Result<Self, WebhookError> {
        let uri: Uri = given.url.parse().map_err(|_| WebhookError::Url)?;
        let authority = uri.authority().ok_or(WebhookError::Url)?;
        if uri.scheme() != Some(&Scheme::HTTP) || authority.as_str().contains('@') {
            return Err(WebhookError::Url);
        }
        let port = authority.port_u16().unwrap_or(HTTP_PORT);
        let address = SocketAddr::new(host(authority)?, port);
        let address = AgentAddress::try_from(address).map_err(|_| WebhookError::Host)?;
        if !permitted.0.contains(&port) {
            return Err(WebhookError::Port(port));
        }
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Self { secrets: secrets(&given)?, given, address, path })
    }

    /// The configuration as its agent gave it.
    pub(super) const fn given(&self) -> &Config {
        &self.given
    }

    /// Posts a notification; success says that the webhook took it.
    pub(super) async fn post(
        &self,
        client: &AgentClient,
        about: HeaderMap,
        body: Bytes,
    ) -> Result<(), Cause> {
        let mut request = Request::new(full(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from(self.path.clone());
        *request.headers_mut() = about;
        // SECURITY: whatever the peer said in these places gives way to what the agent gave.
        for name in [AUTHORIZATION, TOKEN, EARLIER_TOKEN] {
            request.headers_mut().remove(name);
        }
        request.headers_mut().extend(self.secrets.clone());
        let posted = client.post_to(self.address, request);
        let answer: Response<Body> = tokio::time::timeout(PUSH_WEBHOOK_MAX, posted)
            .await
            .map_err(|_| undelivered(format_args!("no answer within {}", secs(PUSH_WEBHOOK_MAX))))?
            .map_err(undelivered)?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(undelivered(status)) }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("address", &self.address).finish_non_exhaustive()
    }
}

const HTTP_PORT: u16 = 80;

/// What official SDKs call the header with the token: the Python, JavaScript and Java ones the
/// former, the Rust and Go ones the latter. A webhook is made for one of them, so it gets both.
const TOKEN: HeaderName = HeaderName::from_static("x-a2a-notification-token");
const EARLIER_TOKEN: HeaderName = HeaderName::from_static("a2a-notification-token");

/// The address that a host names by itself.
fn host(authority: &Authority) -> Result<IpAddr, WebhookError> {
    let host = authority.host();
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().map_err(|_| WebhookError::Host)
}

/// SPEC: A2A 1.0.1 section 4.3.3: the scheme and the credentials are an `Authorization`. Of several
/// schemes, which version 0.3 may have, the first one is used.
fn secrets(given: &Config) -> Result<HeaderMap, WebhookError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = given.token.as_deref().filter(|token| !token.is_empty()) {
        let token = sensitive(token)?;
        headers.insert(TOKEN, token.clone());
        headers.insert(EARLIER_TOKEN, token);
    }
    let named = given.authentication.as_ref();
    let named = named.and_then(|it| Some((it.schemes.first()?, it.credentials.as_ref()?)));
    if let Some((scheme, credentials)) = named {
        headers.insert(AUTHORIZATION, sensitive(&format!("{scheme} {credentials}"))?);
    }
    Ok(headers)
}

fn sensitive(text: &str) -> Result<HeaderValue, WebhookError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| WebhookError::Secret)?;
    value.set_sensitive(true);
    Ok(value)
}

fn undelivered(why: impl fmt::Display) -> Cause {
    Cause::Push(PushError::Undelivered(why.to_string()))
}

fn secs(duration: Duration) -> String {
    format!("{} seconds", duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{AUTHORIZATION, TOKEN, Webhook, WebhookError, WebhookPorts};
    use crate::push::config::{Authentication, Config};

    fn webhook(url: &str) -> Result<Webhook, WebhookError> {
        Webhook::new(Config::of_url(url.to_owned()), &WebhookPorts::from_iter([80, 9000]))
    }

    #[test]
    fn webhooks_are_on_loopback_and_at_permitted_ports() {
        for url in [
            "http://127.0.0.1:9000/hook?x=1",
            "http://127.8.9.1:9000",
            "http://localhost:9000/",
            "http://LOCALHOST/",
            "http://[::1]:9000/hook",
        ] {
            assert!(webhook(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_could_leave_the_machine_or_reach_another_program_is_refused() {
        for (url, why) in [
            ("http://169.254.169.254/latest", WebhookError::Host),
            ("http://10.0.0.1:9000/", WebhookError::Host),
            ("http://0.0.0.0:9000/", WebhookError::Host),
            ("http://[::]:9000/", WebhookError::Host),
            ("http://[::ffff:127.0.0.1]:9000/", WebhookError::Host),
            ("http://2130706433:9000/", WebhookError::Host),
            ("http://127.1:9000/", WebhookError::Host),
            ("http://evil.example:9000/", WebhookError::Host),
            ("http://127.0.0.1.evil.example:9000/", WebhookError::Host),
            ("http://localhost.evil.example:9000/", WebhookError::Host),
            ("http://127.0.0.1:9000@evil.example/", WebhookError::Url),
            ("http://evil@127.0.0.1:9000/", WebhookError::Url),
            ("https://127.0.0.1:9000/", WebhookError::Url),
            ("file:///etc/passwd", WebhookError::Url),
            ("/hook", WebhookError::Url),
            ("127.0.0.1:9000", WebhookError::Url),
            ("", WebhookError::Url),
            ("http://127.0.0.1:4601/", WebhookError::Port(4601)),
        ] {
            assert_eq!(webhook(url).err(), Some(why), "{url}");
        }
    }

    #[test]
    fn secrets_become_headers_that_no_log_shows_or_are_refused() {
        let with = |token: &str, credentials: &str| {
            let authentication = Authentication {
                schemes: vec!["Bearer".to_owned(), "Basic".to_owned()],
                credentials: Some(credentials.to_owned()),
            };
            let mut given = Config::of_url("http://127.0.0.1:9000/".to_owned());
            given.token = Some(token.to_owned());
            given.authentication = Some(authentication);
            Webhook::new(given, &WebhookPorts::from_iter([9000]))
        };
        let webhook = with("t0ken", "cr3dentials").unwrap();
        assert_eq!(webhook.secrets[TOKEN], "t0ken");
        assert_eq!(webhook.secrets[AUTHORIZATION], "Bearer cr3dentials");
        let shown = format!("{webhook:?} {:?}", webhook.secrets);
        assert!(!shown.contains("t0ken") && !shown.contains("cr3dentials"), "{shown}");
        for (token, credentials) in [("a\r\nx: y", "c"), ("t", "c\nx")] {
            assert_eq!(with(token, credentials).err(), Some(WebhookError::Secret));
        }
    }
}
