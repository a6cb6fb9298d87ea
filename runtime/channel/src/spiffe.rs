//! SPIFFE IDs of agents: `spiffe://TRUST-DOMAIN/agent/NAME/INSTANCE`.

use core::fmt;
use core::str::FromStr;

use crate::name::{AgentName, InstanceId, NameError, TrustDomain};

/// The SPIFFE ID of one agent's runtime instance.
///
/// SPEC: SPIFFE-ID section 2: scheme and trust domain lower-case, no query, no fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    /// The trust domain.
    pub trust_domain: TrustDomain,
    /// The agent.
    pub agent: AgentName,
    /// The boot of the runtime.
    pub instance: InstanceId,
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/agent/{}/{}", self.trust_domain, self.agent, self.instance)
    }
}

impl FromStr for SpiffeId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let rest = text.strip_prefix("spiffe://").ok_or(NameError::SpiffeId)?;
        let mut parts = rest.split('/');
        let mut next = || parts.next().ok_or(NameError::SpiffeId);
        let (trust_domain, kind, agent, instance) = (next()?, next()?, next()?, next()?);
        if kind != "agent" || parts.next().is_some() {
            return Err(NameError::SpiffeId);
        }
        Ok(Self {
            trust_domain: trust_domain.parse()?,
            agent: agent.parse()?,
            instance: instance.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SpiffeId;

    const ID: &str = "spiffe://example.org/agent/translator/00112233445566778899aabbccddeeff";

    #[test]
    fn round_trips() {
        assert_eq!(ID.parse::<SpiffeId>().unwrap().to_string(), ID);
    }

    #[test]
    fn refuses_every_other_form() {
        let bad = [
            "",
            "spiffe://example.org",
            "SPIFFE://example.org/agent/translator/00112233445566778899aabbccddeeff",
            "spiffe://example.org/agent/translator",
            "spiffe://example.org/workload/translator/00112233445566778899aabbccddeeff",
            "spiffe:///agent/translator/00112233445566778899aabbccddeeff",
            "spiffe://example.org/agent//00112233445566778899aabbccddeeff",
        ];
        for id in bad {
            assert!(id.parse::<SpiffeId>().is_err(), "{id}");
        }
        for suffix in ["/", "?a", "#a", "/x"] {
            assert!(format!("{ID}{suffix}").parse::<SpiffeId>().is_err(), "{suffix}");
        }
    }
}
