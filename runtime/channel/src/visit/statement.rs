//! What a host's identity key signs about one visit.

use core::fmt;

use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::cbor::Writer;
use minicbor::{Decoder, decode};
use zeroize::Zeroizing;

use super::message::{HOST, LABEL, agent};
use crate::cbor::{array, deterministic};
use crate::name::AgentName;
use crate::session::SessionError;
use crate::tls::Exporter;

const ELEMENTS: usize = 8;

/// `["cloister/visit/1", "host", sha384(own CK), exporter, sha384(own lease), nonce, intended
/// agent, own policy epoch]` in deterministic CBOR. Label and role keep it apart from whatever
/// else the key signs, the channel key ties it to the certificate, exporter and nonce stop relay
/// and replay, the agent stops diversion.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) own_key: Digest48,
    pub(super) exporter: Exporter,
    pub(super) lease: Digest48,
    pub(super) nonce: Nonce,
    pub(super) intended: AgentName,
    pub(super) policy_epoch: u64,
}

impl Statement {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(320);
        e.array(ELEMENTS).text(LABEL).text(HOST);
        e.bytes(self.own_key.as_bytes()).bytes(&*self.exporter);
        e.bytes(self.lease.as_bytes()).bytes(self.nonce.as_bytes());
        e.text(self.intended.as_str()).unsigned(self.policy_epoch);
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SessionError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        if d.array()? != u64::try_from(ELEMENTS).ok() || d.str()? != LABEL || d.str()? != HOST {
            return Err(decode::Error::message("statement of another protocol, version or role"));
        }
        Ok(Self {
            own_key: Digest48::new(array(d)?),
            exporter: Zeroizing::new(array(d)?),
            lease: Digest48::new(array(d)?),
            nonce: Nonce::new(array(d)?),
            intended: agent(d)?,
            policy_epoch: d.u64()?,
        })
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement")
            .field("own_key", &self.own_key)
            .field("lease", &self.lease)
            .field("intended", &self.intended)
            .field("policy_epoch", &self.policy_epoch)
            .finish_non_exhaustive()
    }
}
