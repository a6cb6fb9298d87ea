//! What an identity key signs about one connection.

use core::fmt;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cbor::Writer;
use minicbor::data::Type;
use minicbor::{Decoder, decode};
use zeroize::Zeroizing;

use crate::cbor::{array, deterministic};
use crate::name::AgentName;
use crate::session::message::LABEL;
use crate::session::{Role, SessionError};
use crate::tls::Exporter;

const ELEMENTS: usize = 8;

/// The signed statement. See the table in [`super`].
#[derive(Clone, PartialEq, Eq)]
pub(in crate::session) struct Statement {
    /// The signer's end.
    pub(in crate::session) role: Role,
    /// Digest of the signer's channel key.
    pub(in crate::session) own_key: Digest48,
    /// Digest of the other end's channel key.
    pub(in crate::session) peer_key: Digest48,
    /// The exporter value of the signer's role.
    pub(in crate::session) exporter: Exporter,
    /// Digest of the signer's lease.
    pub(in crate::session) lease: Digest48,
    /// The agent that the dialling end means to reach.
    pub(in crate::session) intended: Option<AgentName>,
    /// The policy epoch that the signer acts under.
    pub(in crate::session) policy_epoch: u64,
}

impl Statement {
    /// The deterministic CBOR form.
    pub(in crate::session) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(320);
        e.array(ELEMENTS).text(LABEL).text(self.role.name());
        e.bytes(self.own_key.as_bytes()).bytes(self.peer_key.as_bytes());
        e.bytes(&*self.exporter).bytes(self.lease.as_bytes());
        match &self.intended {
            Some(agent) => e.text(agent.as_str()),
            None => e.null(),
        };
        e.unsigned(self.policy_epoch);
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(in crate::session) fn decode(bytes: &[u8]) -> Result<Self, SessionError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        if d.array()? != u64::try_from(ELEMENTS).ok() || d.str()? != LABEL {
            return Err(decode::Error::message("statement of another protocol or version"));
        }
        Ok(Self {
            role: Role::named(d.str()?)
                .ok_or_else(|| decode::Error::message("role of an unknown name"))?,
            own_key: Digest48::new(array(d)?),
            peer_key: Digest48::new(array(d)?),
            exporter: Zeroizing::new(array(d)?),
            lease: Digest48::new(array(d)?),
            intended: intended(d)?,
            policy_epoch: d.u64()?,
        })
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement")
            .field("role", &self.role)
            .field("own_key", &self.own_key)
            .field("peer_key", &self.peer_key)
            .field("lease", &self.lease)
            .field("intended", &self.intended)
            .field("policy_epoch", &self.policy_epoch)
            .finish_non_exhaustive()
    }
}

fn intended(d: &mut Decoder<'_>) -> Result<Option<AgentName>, decode::Error> {
    if d.datatype()? == Type::Null {
        return d.null().map(|()| None);
    }
    d.str()?.parse().map(Some).map_err(|_| decode::Error::message("agent name breaks its rules"))
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::Digest48;
    use zeroize::Zeroizing;

    use super::Statement;
    use crate::name::AgentName;
    use crate::session::Role;

    fn statement(intended: Option<AgentName>) -> Statement {
        Statement {
            role: Role::Responder,
            own_key: Digest48::sha384(b"own"),
            peer_key: Digest48::sha384(b"peer"),
            exporter: Zeroizing::new([9; 32]),
            lease: Digest48::sha384(b"lease"),
            intended,
            policy_epoch: 300,
        }
    }

    #[test]
    fn round_trips_in_every_shape() {
        for intended in [None, Some(AgentName::new("translator").unwrap())] {
            let statement = statement(intended);
            assert_eq!(Statement::decode(&statement.encode()).unwrap(), statement);
        }
    }

    #[test]
    fn refuses_truncation_trailing_bytes_and_other_encodings() {
        let bytes = statement(None).encode();
        for len in 0..bytes.len() {
            assert!(Statement::decode(&bytes[..len]).is_err(), "{len}");
        }
        assert!(Statement::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
        let indefinite = [&[0x9f], &bytes[1..], &[0xff]].concat();
        assert!(Statement::decode(&indefinite).is_err());
        // 300 as a four-byte integer instead of a two-byte one.
        let wide = [&bytes[..bytes.len() - 3], &[0x1a, 0, 0, 1, 0x2c]].concat();
        assert!(Statement::decode(&wide).is_err());
    }
}
