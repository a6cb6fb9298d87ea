//! The header of a crypto-agile log: the algorithms and their digest sizes.

use crate::bytes::{Reader, hex};
use crate::event_log::algorithm::HashAlgorithm;
use crate::event_log::error::ParseError;
use crate::event_log::event_type::EventType;
use crate::limits::EVENT_LOG_ALGORITHMS_MAX;

/// `TCG_EfiSpecIDEvent`: which banks the log has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecId {
    platform_class: u32,
    version: [u8; 3],
    uintn_size: u8,
    algorithms: Vec<(HashAlgorithm, usize)>,
    vendor_info: Vec<u8>,
}

const SIGNATURE: &[u8; 16] = b"Spec ID Event03\0";

/// Longest digest that a log may declare for an algorithm that is not known here.
const DIGEST_BYTES_MAX: usize = 64;

impl SpecId {
    /// Reads the first event of a log: a `TCG_PCClientPCREvent` with the header in it.
    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.1 and 10.4.5.1.
    pub(super) fn read_event(reader: &mut Reader<'_>, indexes: &[u32]) -> Result<Self, ParseError> {
        let index = reader.u32().ok_or(short("pcrIndex"))?;
        if !indexes.contains(&index) {
            return Err(field("pcrIndex", format!("one of {indexes:?}"), index));
        }
        let event_type = EventType::new(reader.u32().ok_or(short("eventType"))?);
        if event_type != EventType::NO_ACTION {
            return Err(field("eventType", EventType::NO_ACTION, event_type));
        }
        let digest: [u8; 20] = reader.array().ok_or(short("digest"))?;
        if digest != [0; 20] {
            return Err(field("digest", "20 zero bytes", hex::encode(digest)));
        }
        let size = reader.u32().ok_or(short("eventDataSize"))?;
        let size = usize::try_from(size).map_err(|_| short("event"))?;
        Self::read(reader.take(size).ok_or(short("event"))?)
    }

    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.5.1, TCG_EfiSpecIDEvent.
    fn read(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let signature: [u8; 16] = reader.array().ok_or(short("signature"))?;
        if signature != *SIGNATURE {
            let observed = String::from_utf8_lossy(&signature).into_owned();
            return Err(field("signature", "Spec ID Event03", observed.trim_end_matches('\0')));
        }
        let platform_class = reader.u32().ok_or(short("platformClass"))?;
        if platform_class > 1 {
            return Err(field("platformClass", "0 (client) or 1 (server)", platform_class));
        }
        let [minor, major, errata]: [u8; 3] = reader.array().ok_or(short("specVersion"))?;
        if (major, minor) != (2, 0) {
            return Err(field("specVersion", "2.0", format!("{major}.{minor}")));
        }
        let uintn_size = reader.u8().ok_or(short("uintnSize"))?;
        if !matches!(uintn_size, 1 | 2) {
            return Err(field("uintnSize", "1 or 2", uintn_size));
        }
        let algorithms = algorithms(&mut reader)?;
        let vendor_size = reader.u8().ok_or(short("vendorInfoSize"))?;
        let vendor_info = reader.take(vendor_size.into()).ok_or(short("vendorInfo"))?.to_vec();
        if !reader.is_empty() {
            let observed = format!("{} more bytes", reader.rest().len());
            return Err(field("vendorInfo", "the end of the header", observed));
        }
        let version = [major, minor, errata];
        Ok(Self { platform_class, version, uintn_size, algorithms, vendor_info })
    }

    /// `platformClass`: 0 for a client, 1 for a server.
    #[must_use]
    pub const fn platform_class(&self) -> u32 {
        self.platform_class
    }

    /// `specVersionMajor`, `specVersionMinor`, `specErrata`.
    #[must_use]
    pub const fn version(&self) -> [u8; 3] {
        self.version
    }

    /// `uintnSize`: 1 for 32 bits, 2 for 64.
    #[must_use]
    pub const fn uintn_size(&self) -> u8 {
        self.uintn_size
    }

    /// `digestSizes`: each bank with the length of its digests in bytes.
    #[must_use]
    pub fn algorithms(&self) -> &[(HashAlgorithm, usize)] {
        &self.algorithms
    }

    /// `vendorInfo`.
    #[must_use]
    pub fn vendor_info(&self) -> &[u8] {
        &self.vendor_info
    }

    pub(super) fn digest_size(&self, algorithm: HashAlgorithm) -> Option<usize> {
        self.algorithms.iter().find(|(known, _)| *known == algorithm).map(|(_, size)| *size)
    }
}

fn algorithms(reader: &mut Reader<'_>) -> Result<Vec<(HashAlgorithm, usize)>, ParseError> {
    let count = reader.u32().ok_or(short("numberOfAlgorithms"))?;
    let limit = EVENT_LOG_ALGORITHMS_MAX;
    if !(1..=limit).contains(&count) {
        return Err(field("numberOfAlgorithms", format!("1 to {limit}"), count));
    }
    let mut found: Vec<(HashAlgorithm, usize)> = Vec::new();
    for _ in 0..count {
        let algorithm = HashAlgorithm::from_id(reader.u16().ok_or(short("algorithmId"))?);
        let size = usize::from(reader.u16().ok_or(short("digestSize"))?);
        if found.iter().any(|(known, _)| *known == algorithm) {
            return Err(field("algorithmId", "each algorithm once", algorithm));
        }
        let (right, expected) = match algorithm.digest_len() {
            Some(len) => (size == len, format!("{len} for {algorithm}")),
            None => {
                let right = (1..=DIGEST_BYTES_MAX).contains(&size);
                (right, format!("1 to {DIGEST_BYTES_MAX} for {algorithm}"))
            }
        };
        if !right {
            return Err(field("digestSize", expected, size));
        }
        found.push((algorithm, size));
    }
    Ok(found)
}

const fn short(what: &'static str) -> ParseError {
    ParseError::Truncated { event: 0, what }
}

fn field(
    name: &'static str,
    expected: impl core::fmt::Display,
    observed: impl core::fmt::Display,
) -> ParseError {
    ParseError::Header { name, expected: expected.to_string(), observed: observed.to_string() }
}
