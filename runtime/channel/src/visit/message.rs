//! The two messages, in deterministic CBOR:
//! `{1: "cloister/visit/1", 2: "visitor", 3: nonce, 4: intended agent}` and
//! `{1: "cloister/visit/1", 2: "host", 3: lease, 4: COSE_Sign1, 5: SPKI of IK}`.

use cloister_attestation::bytes::Nonce;
use cloister_attestation::cbor::Writer;
use minicbor::{Decoder, decode};

use crate::cbor::{array, deterministic, entry};
use crate::name::AgentName;
use crate::session::SessionError;

/// First entry of both messages, and first element of the statement.
pub(super) const LABEL: &str = "cloister/visit/1";

/// Whoever dialled.
const VISITOR: &str = "visitor";

/// Whoever accepted, and proves itself.
pub(super) const HOST: &str = "host";

/// What a visitor says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// Makes the answer fresh, beside the exporter.
    pub(super) nonce: Nonce,
    /// The agent that is meant.
    pub(super) intended: AgentName,
}

impl Greeting {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(160);
        e.map(4);
        e.unsigned(1).text(LABEL);
        e.unsigned(2).text(VISITOR);
        e.unsigned(3).bytes(self.nonce.as_bytes());
        e.unsigned(4).text(self.intended.as_str());
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SessionError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        head(d, 4, VISITOR)?;
        Ok(Self { nonce: Nonce::new(array(entry(d, 3)?)?), intended: agent(entry(d, 4)?)? })
    }
}

/// What a host answers. Nothing in it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// The host's lease.
    pub(super) lease: Vec<u8>,
    /// COSE_Sign1 by the host's identity key over its statement.
    pub(super) statement: Vec<u8>,
    /// DER of the identity key's SubjectPublicKeyInfo.
    pub(super) identity_key: Vec<u8>,
}

impl Proof {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(2048);
        e.map(5);
        e.unsigned(1).text(LABEL);
        e.unsigned(2).text(HOST);
        e.unsigned(3).bytes(&self.lease);
        e.unsigned(4).bytes(&self.statement);
        e.unsigned(5).bytes(&self.identity_key);
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SessionError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        head(d, 5, HOST)?;
        let [lease, statement, identity_key] =
            [entry(d, 3)?.bytes()?, entry(d, 4)?.bytes()?, entry(d, 5)?.bytes()?]
                .map(<[u8]>::to_vec);
        Ok(Self { lease, statement, identity_key })
    }
}

/// An agent's name.
pub(super) fn agent(d: &mut Decoder<'_>) -> Result<AgentName, decode::Error> {
    d.str()?.parse().map_err(|_| decode::Error::message("agent name breaks its rules"))
}

fn head(d: &mut Decoder<'_>, entries: u64, role: &str) -> Result<(), decode::Error> {
    if d.map()? != Some(entries) || entry(d, 1)?.str()? != LABEL {
        return Err(decode::Error::message("of another protocol or version"));
    }
    if entry(d, 2)?.str()? == role {
        Ok(())
    } else {
        Err(decode::Error::message("of another role"))
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::Nonce;

    use super::{Greeting, Proof};
    use crate::limits::GREETING_BYTES_MAX;
    use crate::name::AgentName;

    fn greeting(agent: &str) -> Greeting {
        Greeting { nonce: Nonce::new([7; 32]), intended: AgentName::new(agent).unwrap() }
    }

    fn proof() -> Proof {
        Proof { lease: vec![1; 300], statement: vec![2; 90], identity_key: vec![3; 91] }
    }

    #[test]
    fn both_messages_round_trip_and_neither_passes_for_the_other() {
        let (asked, answered) = (greeting("translator").encode(), proof().encode());
        assert_eq!(Greeting::decode(&asked).unwrap(), greeting("translator"));
        assert_eq!(Proof::decode(&answered).unwrap(), proof());
        assert!(Greeting::decode(&answered).is_err() && Proof::decode(&asked).is_err());
    }

    #[test]
    fn refuses_truncation_trailing_bytes_and_other_encodings() {
        let (asked, answered) = (greeting("translator").encode(), proof().encode());
        for len in 0..asked.len() {
            assert!(Greeting::decode(&asked[..len]).is_err(), "{len}");
        }
        for len in 0..answered.len() {
            assert!(Proof::decode(&answered[..len]).is_err(), "{len}");
        }
        assert!(Greeting::decode(&[asked.as_slice(), &[0]].concat()).is_err());
        assert!(Proof::decode(&[answered.as_slice(), &[0]].concat()).is_err());
        assert!(Greeting::decode(&[&[0xbf], &asked[1..], &[0xff]].concat()).is_err());
    }

    #[test]
    fn the_longest_greeting_is_within_the_limit() {
        assert!(greeting(&"a".repeat(63)).encode().len() <= GREETING_BYTES_MAX);
    }
}
