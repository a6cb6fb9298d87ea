//! Where a service is: scheme, host, port and the path below which it is mirrored.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;
use rustls::pki_types::ServerName;

use crate::limits::ORIGIN_BYTES_MAX;

/// The address of a service or of its mirror: `https://host[:port][/path]`, or `http://` for a
/// mirror that is not worth a certificate. What is fetched is verified in any case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
    prefix: String,
}

/// An address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected https://host[:port][/path], or http:// for a mirror: {reason}")]
pub struct OriginError {
    reason: &'static str,
}

impl Origin {
    /// AMD's key distribution service.
    #[must_use]
    pub fn amd_kds() -> Self {
        Self::vendor("kdsintf.amd.com")
    }

    /// Intel's provisioning certification service.
    #[must_use]
    pub fn intel_pcs() -> Self {
        Self::vendor("api.trustedservices.intel.com")
    }

    /// Where Intel publishes the CRL of its root.
    #[must_use]
    pub fn intel_root() -> Self {
        Self::vendor("certificates.trustedservices.intel.com")
    }

    fn vendor(host: &str) -> Self {
        Self { secure: true, host: host.to_owned(), port: 443, prefix: String::new() }
    }

    /// Whether requests go over TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Name or address of the host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The value of a request's `Host` field.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// A request's target.
    pub(crate) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let refuse = |reason| OriginError { reason };
        if text.len() > ORIGIN_BYTES_MAX {
            return Err(refuse("it is longer than 512 bytes"));
        }
        let uri: Uri = text.parse().map_err(|_| refuse("it is no URL"))?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(refuse("the scheme is neither https nor http")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("there is no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it carries a user name or a password"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(refuse("it has a query or a fragment"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        ServerName::try_from(host.as_str()).map_err(|_| refuse("the host is not a name"))?;
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { secure, host, port, prefix })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn addresses_read_and_print_the_same() {
        for text in [
            "https://kdsintf.amd.com",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/amd",
            "https://mirror.example.org/a/b",
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
        assert_eq!("https://Host.example/".parse::<Origin>().unwrap().host(), "host.example");
    }

    #[test]
    fn what_is_not_plainly_an_address_is_refused() {
        for text in [
            "",
            "kdsintf.amd.com",
            "file:///etc/passwd",
            "ftp://mirror.example",
            "https://user:password@mirror.example",
            "https://mirror.example/?a=b",
            "https://mirror.example/#a",
            "https://two words.example",
            "https://",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
        assert!(format!("https://{}.example", "a".repeat(600)).parse::<Origin>().is_err());
    }

    #[test]
    fn a_mirror_below_a_path_keeps_the_services_paths() {
        let mirror: Origin = "http://mirror.example/amd/".parse().unwrap();
        assert_eq!(mirror.target("/vcek/v1/Milan/crl"), "/amd/vcek/v1/Milan/crl");
    }
}
