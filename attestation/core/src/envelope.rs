//! The Evidence envelope: a CMW collection (draft-ietf-rats-msg-wrap, CBOR form) that carries one
//! report or quote with everything needed to judge it.

use minicbor::{Decoder, Encoder};

use crate::evidence::Tee;
use crate::limits;

crate::codes! {
    /// The envelope does not decode.
    MALFORMED = "envelope.malformed", Peer, "draft-ietf-rats-msg-wrap section 3",
        "Use a runtime of a version that this Verifier supports.",
        "The Evidence envelope is not the CMW collection that a runtime of this version writes: an item is missing, unknown, twice there, or larger than its limit.";
}

/// Why an envelope was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence envelope is malformed: {reason}")]
pub struct EnvelopeError {
    reason: String,
}

impl crate::code::Diagnostic for EnvelopeError {
    fn code(&self) -> &'static crate::code::Code {
        &MALFORMED
    }
}

/// One report or quote, with its binding, manifest and what the guest knows of its endorsements.
/// All of it is as received: nothing here has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Which TEE the sender says this is.
    pub tee: Tee,
    /// The report or quote, as the hardware returned it.
    pub hardware: Vec<u8>,
    /// Deterministic CBOR whose SHA-512 is REPORT_DATA; see [`crate::binding::Binding`].
    pub binding: Vec<u8>,
    /// Deterministic CBOR of the [`crate::manifest::Manifest`].
    pub manifest: Vec<u8>,
    /// The host's certificate table (SNP, GHCB 4.1.8.1), if the host offered one. A hint.
    pub certificates: Option<Vec<u8>>,
    /// The firmware's event log, where there is one.
    pub event_log: Option<Vec<u8>>,
}

const COLLECTION_TYPE: (&str, &str) = ("__cmwc_t", "tag:cloister.invalid,2026:evidence");
const SNP_REPORT: &str = "application/vnd.cloister.snp-report";
const TDX_QUOTE: &str = "application/vnd.cloister.tdx-quote";
const BINDING: &str = "application/vnd.cloister.binding+cbor";
const MANIFEST: &str = "application/vnd.cloister.manifest+cbor";
const CERTIFICATES: &str = "application/vnd.cloister.snp-certificates";
const EVENT_LOG: &str = "application/vnd.cloister.event-log";

impl Envelope {
    /// The CBOR form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::with_capacity(self.hardware.len().saturating_add(1024)));
        // Writing into a Vec cannot fail: its error type is uninhabited.
        let Ok(()) = self.write(&mut e) else { return Vec::new() };
        e.into_writer()
    }

    fn write(
        &self,
        e: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        let optional = [(4, CERTIFICATES, &self.certificates), (5, EVENT_LOG, &self.event_log)];
        let present = optional.iter().filter(|(_, _, item)| item.is_some()).count();
        e.map(if present == 0 {
            4
        } else if present == 1 {
            5
        } else {
            6
        })?;
        let hardware_type = match self.tee {
            Tee::Snp => SNP_REPORT,
            Tee::Tdx => TDX_QUOTE,
        };
        item(e, 1, hardware_type, &self.hardware)?;
        item(e, 2, BINDING, &self.binding)?;
        item(e, 3, MANIFEST, &self.manifest)?;
        for (label, media_type, bytes) in optional {
            if let Some(bytes) = bytes {
                item(e, label, media_type, bytes)?;
            }
        }
        e.str(COLLECTION_TYPE.0)?.str(COLLECTION_TYPE.1)?;
        Ok(())
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    ///
    /// # Errors
    /// [`EnvelopeError`] with the reason.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > limits::ENVELOPE_BYTES_MAX {
            return Err(malformed("longer than 512 KiB"));
        }
        let envelope =
            Self::read(&mut Decoder::new(bytes)).map_err(|e| malformed(&e.to_string()))?;
        envelope.check_sizes()?;
        if envelope.encode() != bytes {
            return Err(malformed("not in deterministic form"));
        }
        Ok(envelope)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, minicbor::decode::Error> {
        let optional = match d.map()? {
            Some(items @ 4..=6) => items.saturating_sub(4),
            _ => return Err(minicbor::decode::Error::message("not a collection of 4 to 6 items")),
        };
        let (tee, hardware) = match entry(d, 1)? {
            (SNP_REPORT, bytes) => (Tee::Snp, bytes),
            (TDX_QUOTE, bytes) => (Tee::Tdx, bytes),
            _ => {
                return Err(minicbor::decode::Error::message("item 1 is neither report nor quote"));
            }
        };
        let mut envelope = Self {
            tee,
            hardware: hardware.to_vec(),
            binding: typed(d, 2, BINDING)?,
            manifest: typed(d, 3, MANIFEST)?,
            certificates: None,
            event_log: None,
        };
        for _ in 0..optional {
            match d.u8()? {
                4 => envelope.certificates = Some(record(d, CERTIFICATES)?),
                5 => envelope.event_log = Some(record(d, EVENT_LOG)?),
                _ => return Err(minicbor::decode::Error::message("unknown item")),
            }
        }
        if (d.str()?, d.str()?) != COLLECTION_TYPE {
            return Err(minicbor::decode::Error::message("collection of another type"));
        }
        Ok(envelope)
    }

    fn check_sizes(&self) -> Result<(), EnvelopeError> {
        let empty = Vec::new();
        let bounded = [
            ("report or quote", &self.hardware, limits::HARDWARE_EVIDENCE_BYTES_MAX),
            ("binding", &self.binding, limits::BINDING_BYTES_MAX),
            ("manifest", &self.manifest, limits::MANIFEST_BYTES_MAX),
            (
                "certificates",
                self.certificates.as_ref().unwrap_or(&empty),
                limits::ENDORSEMENT_BYTES_MAX,
            ),
            ("event log", self.event_log.as_ref().unwrap_or(&empty), limits::EVENT_LOG_BYTES_MAX),
        ];
        match bounded.iter().find(|(_, bytes, max)| bytes.len() > *max) {
            Some((what, bytes, max)) => Err(malformed(&format!(
                "{what} has {} bytes, at most {max} are allowed",
                bytes.len()
            ))),
            None => Ok(()),
        }
    }
}

fn item(
    e: &mut Encoder<Vec<u8>>,
    label: u8,
    media_type: &str,
    bytes: &[u8],
) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
    e.u8(label)?.array(2)?.str(media_type)?.bytes(bytes)?.ok()
}

fn entry<'b>(
    d: &mut Decoder<'b>,
    label: u8,
) -> Result<(&'b str, &'b [u8]), minicbor::decode::Error> {
    if d.u8()? != label {
        return Err(minicbor::decode::Error::message("items out of order"));
    }
    pair(d)
}

fn pair<'b>(d: &mut Decoder<'b>) -> Result<(&'b str, &'b [u8]), minicbor::decode::Error> {
    if d.array()? != Some(2) {
        return Err(minicbor::decode::Error::message("item is not a CMW record"));
    }
    Ok((d.str()?, d.bytes()?))
}

fn typed(
    d: &mut Decoder<'_>,
    label: u8,
    media_type: &str,
) -> Result<Vec<u8>, minicbor::decode::Error> {
    let (found, bytes) = entry(d, label)?;
    if found == media_type {
        Ok(bytes.to_vec())
    } else {
        Err(minicbor::decode::Error::message("item of another type"))
    }
}

fn record(d: &mut Decoder<'_>, media_type: &str) -> Result<Vec<u8>, minicbor::decode::Error> {
    let (found, bytes) = pair(d)?;
    if found == media_type {
        Ok(bytes.to_vec())
    } else {
        Err(minicbor::decode::Error::message("item of another type"))
    }
}

fn malformed(reason: &str) -> EnvelopeError {
    EnvelopeError { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Envelope;
    use crate::evidence::Tee;

    #[test]
    fn round_trips_in_every_shape() {
        for tee in [Tee::Snp, Tee::Tdx] {
            for certificates in [None, Some(vec![4; 9])] {
                for event_log in [None, Some(vec![5; 300])] {
                    let envelope = Envelope {
                        tee,
                        hardware: vec![1; 1184],
                        binding: vec![2; 10],
                        manifest: vec![3; 10],
                        certificates: certificates.clone(),
                        event_log,
                    };
                    assert_eq!(Envelope::decode(&envelope.encode()).unwrap(), envelope);
                }
            }
        }
    }

    #[test]
    fn refuses_oversized_items_and_every_truncation() {
        let mut envelope = Envelope {
            tee: Tee::Snp,
            hardware: vec![1; 1184],
            binding: vec![],
            manifest: vec![],
            certificates: Some(vec![]),
            event_log: None,
        };
        let bytes = envelope.encode();
        for len in 0..bytes.len() {
            assert!(Envelope::decode(&bytes[..len]).is_err(), "{len}");
        }
        envelope.binding = vec![0; 1025];
        assert!(Envelope::decode(&envelope.encode()).is_err());
    }
}
