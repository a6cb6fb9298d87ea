//! The message in which two runtimes show each other their logs:
//! `{1: "cloister/witness/1", 2: [checkpoint, [proof]] or null, 3: cosignature or null}`.

use cloister_attestation::cbor::Writer;
use minicbor::Decoder;

use crate::cosignature::SignedCosignature;
use crate::error::AuditError;
use crate::limits::EXCHANGE_BYTES_MAX;
use crate::offer::Offer;

/// The first entry of every message.
const LABEL: &str = "cloister/witness/1";

/// One message, from either end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The sender's own log.
    pub offer: Option<Offer>,
    /// The sender's word for the receiver's log.
    pub cosignature: Option<SignedCosignature>,
}

impl Exchange {
    /// The deterministic CBOR form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Writer::default();
        e.map(3).unsigned(1).text(LABEL).unsigned(2);
        match &self.offer {
            Some(offer) => offer.write(&mut e),
            None => {
                e.null();
            }
        }
        e.unsigned(3);
        match &self.cosignature {
            Some(cosignature) => e.bytes(cosignature.bytes()),
            None => e.null(),
        };
        e.into_bytes()
    }

    /// Reads received bytes, and verifies the signatures in them; refuses anything that would not
    /// encode back to the same bytes.
    ///
    /// # Errors
    /// [`AuditError::Message`], or what is wrong with a part of it.
    pub fn decode(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > EXCHANGE_BYTES_MAX {
            return Err(AuditError::Message);
        }
        let message = Self::read(&mut Decoder::new(bytes))?;
        if message.encode() == bytes { Ok(message) } else { Err(AuditError::Message) }
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, AuditError> {
        let malformed = |_| AuditError::Message;
        let entry = |d: &mut Decoder<'_>, number: u8| match d.u8() {
            Ok(read) if read == number => Ok(()),
            _ => Err(AuditError::Message),
        };
        if d.map().map_err(malformed)? != Some(3) {
            return Err(AuditError::Message);
        }
        entry(d, 1)?;
        if d.str().map_err(malformed)? != LABEL {
            return Err(AuditError::Message);
        }
        entry(d, 2)?;
        let offer = if is_null(d)? { None } else { Some(Offer::read(d)?) };
        entry(d, 3)?;
        let cosignature = if is_null(d)? {
            None
        } else {
            Some(SignedCosignature::parse(d.bytes().map_err(malformed)?)?)
        };
        Ok(Self { offer, cosignature })
    }
}

/// Whether null comes next; takes it then.
fn is_null(d: &mut Decoder<'_>) -> Result<bool, AuditError> {
    let is_null = d.datatype().map_err(|_| AuditError::Message)? == minicbor::data::Type::Null;
    if is_null {
        d.null().map_err(|_| AuditError::Message)?;
    }
    Ok(is_null)
}
