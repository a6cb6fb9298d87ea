//! Answers only the machine that it runs on, and no web page.

use core::net::IpAddr;

use cloister_channel::AgentName;
use http::header::{HOST, HeaderMap, ORIGIN};
use http::uri::Authority;
use http::{Request, Uri};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Next, Outcome, step};
use crate::body::Body;
use crate::error::Cause;
use crate::reply::{Refused, Shape};

/// A request of the local agent, and the authority that it reached the gateway by.
pub(crate) struct Local {
    pub(crate) authority: Authority,
    pub(crate) request: Request<Body>,
}

/// The step; see the module.
pub(crate) struct Surface<S> {
    reach: Reach,
    next: S,
}

/// Who may speak to a local surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine.
    Loopback,
    /// Whoever reaches the address that was listened on.
    Network,
}

impl<S> Surface<S> {
    pub(crate) fn layer(reach: Reach) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { reach, next })
    }

    async fn run(&self, request: Request<Body>) -> Outcome
    where
        S: Next<Local>,
    {
        match addressed(&request, self.reach) {
            Ok(authority) => self.next.proceed(Local { authority, request }).await,
            Err(cause) => Err(Refused::new(cause, Shape::of_head(request.headers()))),
        }
    }
}

step!(Surface [] Request<Body> => Local);

/// The authority that a request is addressed to: a loopback one, or an address.
///
/// SECURITY: without this, a web page could let its own name resolve to loopback and speak for the
/// agent (DNS rebinding).
fn addressed<B>(request: &Request<B>, reach: Reach) -> Result<Authority, Cause> {
    if !origins_are_local(request.headers()) {
        return Err(Cause::Origin);
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().map(|host| host.to_str().unwrap_or_default().parse::<Authority>());
    let host = host.transpose().map_err(|_| Cause::Host)?;
    let target = request.uri().authority().cloned();
    let agreed = match (target, host, hosts.next()) {
        (Some(target), Some(host), None) if target == host => target,
        (Some(only), None, None) | (None, Some(only), None) => only,
        _ => return Err(Cause::Host),
    };
    // A name in place of an address could be anybody's.
    let is_meant = is_local(&agreed)
        || agent_of(&agreed).is_some()
        || (reach == Reach::Network && is_address(&agreed));
    if is_meant { Ok(agreed) } else { Err(Cause::Host) }
}

/// Whether no web page of another site asks. A page's simple requests have no `Origin`, but say
/// where they come from. SPEC: Fetch Metadata Request Headers.
fn origins_are_local(headers: &HeaderMap) -> bool {
    let said_cross_site = headers.get_all("sec-fetch-site").iter().any(|site| site == "cross-site");
    if said_cross_site && !headers.contains_key(ORIGIN) {
        return false;
    }
    headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().unwrap_or_default().parse::<Uri>().unwrap_or_default();
        matches!(origin.scheme_str(), Some("http" | "https"))
            && origin.authority().is_some_and(is_local)
    })
}

/// Whether an authority can name nothing but this machine.
fn is_local(authority: &Authority) -> bool {
    let is_loopback = ip(authority).is_some_and(|address| address.is_loopback());
    is_loopback || (is_plain(authority) && authority.host().eq_ignore_ascii_case("localhost"))
}

/// Whether an authority names a machine by an address.
fn is_address(authority: &Authority) -> bool {
    ip(authority).is_some()
}

/// The agent that a host of the form `NAME.cloister` names. No resolver knows such a name: it comes
/// from who uses this surface as its HTTP proxy, or sends the host with a request of its own making.
pub(super) fn agent_of(authority: &Authority) -> Option<AgentName> {
    let host = authority.host().to_ascii_lowercase();
    let name = host.strip_suffix(AGENT_HOSTS).filter(|_| is_plain(authority))?;
    AgentName::new(name).ok()
}

const AGENT_HOSTS: &str = ".cloister";

pub(super) fn ip(authority: &Authority) -> Option<IpAddr> {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok().filter(|_| is_plain(authority))
}

fn is_plain(authority: &Authority) -> bool {
    !authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::header::{HOST, ORIGIN};

    use super::{Authority, Cause, Reach};

    fn addressed(request: &Request<()>) -> Result<Authority, Cause> {
        super::addressed(request, Reach::Loopback)
    }

    fn request(uri: &str, host: Option<&str>, origin: Option<&str>) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in [(HOST, host), (ORIGIN, origin)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.body(()).unwrap()
    }

    #[test]
    fn loopback_names_are_answered() {
        for host in ["127.0.0.1:4600", "localhost", "LOCALHOST:1", "[::1]:4600", "127.9.9.9"] {
            assert!(addressed(&request("/x", Some(host), None)).is_ok(), "{host}");
        }
        assert!(addressed(&request("http://127.0.0.1:4600/x", None, None)).is_ok());
        assert!(
            addressed(&request("/x", Some("localhost"), Some("http://localhost:3000"))).is_ok()
        );
    }

    #[test]
    fn other_names_are_refused() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0:4600",
            "10.0.0.1",
            "evil@127.0.0.1",
            "127.0.0.1@evil.example",
            "",
        ] {
            assert!(addressed(&request("/x", Some(host), None)).is_err(), "{host}");
        }
        assert!(addressed(&request("/x", None, None)).is_err());
        assert!(addressed(&request("http://127.0.0.1/x", Some("evil.example"), None)).is_err());
        assert!(addressed(&request("http://evil.example/x", Some("127.0.0.1"), None)).is_err());
    }

    #[test]
    fn an_agents_host_is_answered_and_nothing_like_it() {
        for host in ["translator.cloister", "Translator.CLOISTER:80", "a-1.cloister:4600"] {
            assert!(allowed("/x", Some(host)), "{host}");
            assert!(allowed(&format!("http://{host}/x"), Some(host)), "{host}");
        }
        for host in [
            ".cloister",
            "cloister",
            "translator.cloister.evil.example",
            "evil.translator.cloister",
            "translator.cloister.",
            "x@translator.cloister",
            "translator.cloister@evil.example",
            "tr_anslator.cloister",
        ] {
            assert!(!allowed("/x", Some(host)), "{host}");
        }
        assert!(!allowed("http://translator.cloister/x", Some("127.0.0.1")));
        assert!(!allowed("http://translator.cloister/x", Some("other.cloister")));
    }

    fn allowed(uri: &str, host: Option<&str>) -> bool {
        addressed(&request(uri, host, None)).is_ok()
    }

    #[test]
    fn what_a_page_of_another_site_asks_for_is_refused_without_an_origin_too() {
        let mut page = request("/x", Some("127.0.0.1"), None);
        page.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        assert!(addressed(&page).is_err());
        page.headers_mut().insert("sec-fetch-site", "none".parse().unwrap());
        assert!(addressed(&page).is_ok());
    }

    #[test]
    fn two_hosts_are_refused() {
        let mut two = request("/x", Some("127.0.0.1"), None);
        two.headers_mut().append(HOST, "127.0.0.1".parse().unwrap());
        assert!(addressed(&two).is_err());
    }

    #[test]
    fn foreign_origins_are_refused() {
        for origin in
            ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", "x"]
        {
            assert!(
                addressed(&request("/x", Some("127.0.0.1"), Some(origin))).is_err(),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_surface_on_the_network_is_reached_by_address_and_not_by_name_nor_from_web_pages() {
        let ask = |host, origin| {
            super::addressed(&request("/x", Some(host), origin), Reach::Network).is_ok()
        };
        for host in ["10.0.0.1:8080", "[fd00::1]:80", "127.0.0.1", "localhost:1"] {
            assert!(ask(host, None), "{host}");
        }
        for host in ["evil.example", "10.0.0.1.evil.example", "me@10.0.0.1", ""] {
            assert!(!ask(host, None), "{host}");
        }
        assert!(!ask("10.0.0.1:8080", Some("http://10.0.0.1:8080")));
    }
}
