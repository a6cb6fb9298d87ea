//! Logs written byte by byte, so that a test can write what no firmware would.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::event_log::{EventLog, LogKind};

pub(super) const SEPARATOR: u32 = 4;
pub(super) const ACTION: u32 = 5;
pub(super) const NO_ACTION: u32 = 3;
pub(super) const IPL: u32 = 0x0d;
pub(super) const SHA256: u16 = 0x0b;
pub(super) const SHA384: u16 = 0x0c;

/// `TCG_EfiSpecIDEvent`, field by field.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) index: u32,
    pub(super) event_type: u32,
    pub(super) digest: [u8; 20],
    pub(super) signature: [u8; 16],
    pub(super) platform_class: u32,
    /// Minor, major, errata.
    pub(super) version: [u8; 3],
    pub(super) uintn_size: u8,
    pub(super) algorithms: Vec<(u16, u16)>,
    pub(super) vendor_info: Vec<u8>,
    /// Behind the vendor's information, inside the event.
    pub(super) trailing: Vec<u8>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            index: 0,
            event_type: NO_ACTION,
            digest: [0; 20],
            signature: *b"Spec ID Event03\0",
            platform_class: 0,
            version: [0, 2, 0],
            uintn_size: 2,
            algorithms: vec![(SHA256, 32)],
            vendor_info: Vec::new(),
            trailing: Vec::new(),
        }
    }
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = self.signature.to_vec();
        body.extend(self.platform_class.to_le_bytes());
        body.extend(self.version);
        body.push(self.uintn_size);
        body.extend(u32::try_from(self.algorithms.len()).unwrap().to_le_bytes());
        for (id, size) in &self.algorithms {
            body.extend(id.to_le_bytes());
            body.extend(size.to_le_bytes());
        }
        body.push(u8::try_from(self.vendor_info.len()).unwrap());
        body.extend(&self.vendor_info);
        body.extend(&self.trailing);
        let start = [self.index.to_le_bytes(), self.event_type.to_le_bytes()].concat();
        [start.as_slice(), &self.digest, &length(&body), &body].concat()
    }
}

/// `TCG_PCR_EVENT2` with these digests, whatever they are.
pub(super) fn raw(
    index: u32,
    event_type: u32,
    digests: &[(u16, &[u8])],
    payload: &[u8],
) -> Vec<u8> {
    let mut event = [index.to_le_bytes(), event_type.to_le_bytes()].concat();
    event.extend(u32::try_from(digests.len()).unwrap().to_le_bytes());
    for (id, digest) in digests {
        event.extend(id.to_le_bytes());
        event.extend(*digest);
    }
    event.extend(length(payload));
    event.extend(payload);
    event
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    cloister_attestation::event_log::HashAlgorithm::Sha256
        .digest(&[bytes])
        .unwrap()
        .as_bytes()
        .to_vec()
}

/// An event whose SHA-256 digest is the hash of its payload.
pub(super) fn measured(index: u32, event_type: u32, payload: &[u8]) -> Vec<u8> {
    raw(index, event_type, &[(SHA256, &sha256(payload))], payload)
}

/// A TPM log with the usual header.
pub(super) fn tpm(events: &[Vec<u8>]) -> Vec<u8> {
    [Header::default().encode(), events.concat()].concat()
}

pub(super) fn parse(bytes: &[u8]) -> Result<EventLog, &'static str> {
    EventLog::parse(LogKind::Tpm, bytes).map_err(|error| error.code().id)
}

/// Parses a log of nothing but this header.
pub(super) fn header(change: impl FnOnce(&mut Header)) -> Result<EventLog, &'static str> {
    let mut header = Header::default();
    change(&mut header);
    parse(&header.encode())
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap().to_le_bytes()
}
