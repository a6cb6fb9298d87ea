//! The message: `{1: "cloister/renewal/1", 2: role, 3: new lease, 4: null, 5: COSE_Sign1}` in
//! deterministic CBOR. The entries are numbered as in a session proof; the sixth of those, the
//! identity key, is known by now. A lease is new Evidence's conclusion, so entry 4 is empty.

use cloister_attestation::cbor::Writer;
use minicbor::{Decoder, decode};

use super::RenewalError;
use crate::cbor::{deterministic, entry};
use crate::session::Role;

/// First entry of every message, and first element of every statement.
pub(super) const LABEL: &str = "cloister/renewal/1";

/// One received or outgoing message. Nothing in it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The sender's end.
    pub(super) role: Role,
    /// The sender's new lease.
    pub(super) lease: Vec<u8>,
    /// COSE_Sign1 by the sender's identity key over its statement.
    pub(super) proof: Vec<u8>,
}

impl Message {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(2048);
        e.map(5);
        e.unsigned(1).text(LABEL);
        e.unsigned(2).text(self.role.name());
        e.unsigned(3).bytes(&self.lease);
        e.unsigned(4).null();
        e.unsigned(5).bytes(&self.proof);
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RenewalError> {
        Ok(deterministic(bytes, Self::read, Self::encode)?)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        if d.map()? != Some(5) || entry(d, 1)?.str()? != LABEL {
            return Err(decode::Error::message("of another protocol or version"));
        }
        let role = Role::named(entry(d, 2)?.str()?)
            .ok_or_else(|| decode::Error::message("role of an unknown name"))?;
        let lease = entry(d, 3)?.bytes()?.to_vec();
        entry(d, 4)?.null()?;
        let proof = entry(d, 5)?.bytes()?.to_vec();
        Ok(Self { role, lease, proof })
    }
}
