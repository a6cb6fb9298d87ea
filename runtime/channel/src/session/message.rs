//! The message: `{1: "cloister/session/1", 2: role, 3: lease, 4: Evidence or null, 5: COSE_Sign1,
//! 6: SPKI of IK}` in deterministic CBOR. Entry 4 is the Evidence envelope that was made for this
//! session, where the ends agreed on that. Entry 6 is the key itself, since the lease confirms it by
//! digest.

use cloister_attestation::cbor::Writer;
use minicbor::data::Type;
use minicbor::{Decoder, decode};

use super::{Role, SessionError};
use crate::cbor::{deterministic, entry};

/// First entry of every message, and first element of every statement.
pub(super) const LABEL: &str = "cloister/session/1";

/// One received or outgoing message. Nothing in it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The sender's end.
    pub(super) role: Role,
    /// The sender's lease.
    pub(super) lease: Vec<u8>,
    /// The Evidence envelope made for this session.
    pub(super) evidence: Option<Vec<u8>>,
    /// COSE_Sign1 by the sender's identity key over its statement.
    pub(super) proof: Vec<u8>,
    /// DER of the identity key's SubjectPublicKeyInfo.
    pub(super) identity_key: Vec<u8>,
}

impl Message {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(2048);
        e.map(6);
        e.unsigned(1).text(LABEL);
        e.unsigned(2).text(self.role.name());
        e.unsigned(3).bytes(&self.lease);
        e.unsigned(4);
        match &self.evidence {
            Some(envelope) => e.bytes(envelope),
            None => e.null(),
        };
        e.unsigned(5).bytes(&self.proof);
        e.unsigned(6).bytes(&self.identity_key);
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SessionError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        if d.map()? != Some(6) || entry(d, 1)?.str()? != LABEL {
            return Err(decode::Error::message("of another protocol or version"));
        }
        let role = Role::named(entry(d, 2)?.str()?)
            .ok_or_else(|| decode::Error::message("role of an unknown name"))?;
        let lease = entry(d, 3)?.bytes()?.to_vec();
        let evidence = evidence(entry(d, 4)?)?;
        let proof = entry(d, 5)?.bytes()?.to_vec();
        let identity_key = entry(d, 6)?.bytes()?.to_vec();
        Ok(Self { role, lease, evidence, proof, identity_key })
    }
}

fn evidence(d: &mut Decoder<'_>) -> Result<Option<Vec<u8>>, decode::Error> {
    if d.datatype()? == Type::Null {
        return d.null().map(|()| None);
    }
    d.bytes().map(|envelope| Some(envelope.to_vec()))
}
