//! Names: trust domain, agent, and the instance of an agent's runtime.

use core::fmt;
use core::str::FromStr;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::manifest::is_agent_name;

use crate::limits::TRUST_DOMAIN_BYTES_MAX;

cloister_attestation::codes! {
    /// A trust domain's name breaks SPIFFE's rules.
    TRUST_DOMAIN = "name.trust_domain", Caller, "SPIFFE-ID section 2.1",
        "Use 1 to 255 lower-case letters, digits, dots, hyphens and underscores.",
        "A trust domain is written with lower-case letters, digits, dots, hyphens and underscores, and nothing else, so that it stands in a SPIFFE ID without escaping.";
    /// An agent's name is not a DNS label.
    AGENT = "name.agent", Caller, "",
        "Use 1 to 63 lower-case letters, digits and inner hyphens.",
        "An agent's name is a DNS label, so that it fits SPIFFE IDs, paths and host names alike.";
    /// An instance id is not 32 lower-case hexadecimal digits.
    INSTANCE = "name.instance", Caller, "",
        "Copy the instance id from `cloister agents show`.",
        "An instance names one boot of one runtime: the first 16 bytes of its identity key's digest, as 32 lower-case hexadecimal digits.";
    /// A SPIFFE ID does not name an agent's instance.
    SPIFFE_ID = "name.spiffe_id", Peer, "SPIFFE-ID section 2",
        "Use a certificate that a Cloister Verifier issued.",
        "An agent's SPIFFE ID is spiffe://TRUST-DOMAIN/agent/NAME/INSTANCE. This one has another form.";
}

/// A name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not a trust domain.
    #[error("not a trust domain name")]
    TrustDomain,
    /// Not an agent's name.
    #[error("not an agent name")]
    Agent,
    /// Not an instance id.
    #[error("not an instance id")]
    Instance,
    /// Not the SPIFFE ID of an agent's instance.
    #[error("not the SPIFFE ID of an agent instance")]
    SpiffeId,
}

impl Diagnostic for NameError {
    fn code(&self) -> &'static Code {
        match self {
            Self::TrustDomain => &TRUST_DOMAIN,
            Self::Agent => &AGENT,
            Self::Instance => &INSTANCE,
            Self::SpiffeId => &SPIFFE_ID,
        }
    }
}

/// A SPIFFE trust domain: everything that one Verifier's issuing keys vouch for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrustDomain(String);

impl TrustDomain {
    /// Checks `name` against SPIFFE's rules.
    ///
    /// # Errors
    /// [`NameError::TrustDomain`].
    pub fn new(name: &str) -> Result<Self, NameError> {
        let permitted =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
        let fits = (1..=TRUST_DOMAIN_BYTES_MAX).contains(&name.len());
        if fits && name.bytes().all(permitted) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError::TrustDomain)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SPIFFE ID of the trust domain itself: what leases name as their issuer.
    #[must_use]
    pub fn spiffe_id(&self) -> String {
        format!("spiffe://{self}")
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TrustDomain {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

/// An agent's name within its trust domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentName(String);

impl AgentName {
    /// Checks that `name` is a DNS label.
    ///
    /// # Errors
    /// [`NameError::Agent`].
    pub fn new(name: &str) -> Result<Self, NameError> {
        if is_agent_name(name) { Ok(Self(name.to_owned())) } else { Err(NameError::Agent) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AgentName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

/// One boot of one runtime: the first 16 bytes of SHA-384 over its identity key's SPKI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId([u8; 16]);

impl InstanceId {
    /// The instance that holds the identity key with this thumbprint.
    #[must_use]
    pub fn of(identity_key: &Digest48) -> Self {
        let mut id = [0; 16];
        id.iter_mut().zip(identity_key.as_bytes()).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// The instance with these bytes for its id.
    #[must_use]
    pub const fn from_bytes(id: [u8; 16]) -> Self {
        Self(id)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for InstanceId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).map_err(|_| NameError::Instance)?;
        let id = Self(id);
        // Upper-case digits would be a second spelling of the same id.
        if id.to_string() == text { Ok(id) } else { Err(NameError::Instance) }
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentName, InstanceId, NameError, TrustDomain};

    #[test]
    fn trust_domains_have_one_spelling() {
        for good in ["example.org", "a", "a_b-c.d", &"x".repeat(255)] {
            assert!(TrustDomain::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Example.org", "a/b", "a b", "a:1", "ä", &"x".repeat(256)] {
            assert_eq!(TrustDomain::new(bad), Err(NameError::TrustDomain), "{bad}");
        }
    }

    #[test]
    fn instance_ids_have_one_spelling() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(text.parse::<InstanceId>().unwrap().to_string(), text);
        for bad in ["", "00", &text.to_uppercase(), &format!("{text}00")] {
            assert_eq!(bad.parse::<InstanceId>(), Err(NameError::Instance), "{bad}");
        }
    }

    #[test]
    fn agent_names_are_dns_labels() {
        assert!(AgentName::new("translator-2").is_ok());
        assert_eq!(AgentName::new("a/b"), Err(NameError::Agent));
    }
}
