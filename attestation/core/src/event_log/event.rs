//! One event of a log.

use crate::bytes::Reader;
use crate::event_log::algorithm::{HashAlgorithm, TaggedDigest};
use crate::event_log::assertion::Assertion;
use crate::event_log::error::ParseError;
use crate::event_log::event_type::EventType;
use crate::event_log::header::SpecId;
use crate::event_log::payload;
use crate::event_log::registers::Register;

/// How the digest of a measured payload is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Over the payload, in one of the forms that [`EventType`] allows.
    Tcg,
    /// Over type, name and payload of a runtime event.
    Runtime,
    /// Over the payload, which the log leaves out.
    Stripped,
}

/// One event, as received. Nothing of it is vouched for until the log is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub(super) number: usize,
    pub(super) register: Option<Register>,
    pub(super) event_type: EventType,
    pub(super) digests: Vec<TaggedDigest>,
    pub(super) payload: Vec<u8>,
    pub(super) encoding: Encoding,
    /// What a runtime log calls it: measured for the runtime's own events, a remark otherwise.
    pub(super) name: Option<String>,
}

impl Event {
    /// Position in the log; the first event after the header is 1.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// The register that it was extended into; `None` if into none.
    #[must_use]
    pub const fn register(&self) -> Option<Register> {
        self.register
    }

    /// The type: the log's own word, never measured.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        self.event_type
    }

    /// One digest for each bank.
    #[must_use]
    pub fn digests(&self) -> &[TaggedDigest] {
        &self.digests
    }

    /// The digest for `bank`.
    #[must_use]
    pub fn digest(&self, bank: HashAlgorithm) -> Option<&TaggedDigest> {
        self.digests.iter().find(|digest| digest.algorithm() == bank)
    }

    /// The payload. See [`crate::event_log::Assertion`] for what of it is measured.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What the digest of `bank` would vouch for, were a register to hold it; `None` if the
    /// payload is not the one that was hashed, though the type says that it is.
    ///
    /// # Security
    /// Only [`crate::event_log::VerifiedLog`] says what a register does vouch for.
    #[must_use]
    pub fn assertion(&self, bank: HashAlgorithm) -> Option<Assertion> {
        payload::assertion(self, bank).ok()
    }

    /// The name that a runtime log gives it; measured for the runtime's own events, which have
    /// the type [`EventType::RUNTIME`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.2, TCG_PCR_EVENT2.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        number: usize,
        spec_id: &SpecId,
        register: impl FnOnce(u32) -> Option<Register>,
    ) -> Result<Self, ParseError> {
        let short = |what| ParseError::Truncated { event: number, what };
        let index = reader.u32().ok_or_else(|| short("pcrIndex"))?;
        let event_type = EventType::new(reader.u32().ok_or_else(|| short("eventType"))?);
        let digests = digests(reader, number, spec_id)?;
        let size = reader.u32().ok_or_else(|| short("eventSize"))?;
        let size = usize::try_from(size).map_err(|_| short("event"))?;
        let payload = reader.take(size).ok_or_else(|| short("event"))?.to_vec();
        let register = if event_type == EventType::NO_ACTION {
            None
        } else {
            let known = register(index);
            Some(known.ok_or(ParseError::Register { event: number, observed: index })?)
        };
        Ok(Self {
            number,
            register,
            event_type,
            digests,
            payload,
            encoding: Encoding::Tcg,
            name: None,
        })
    }
}

// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.2, TPML_DIGEST_VALUES: one
// digest for each algorithm of the header, whose sizes only the header gives.
fn digests(
    reader: &mut Reader<'_>,
    number: usize,
    spec_id: &SpecId,
) -> Result<Vec<TaggedDigest>, ParseError> {
    let short = |what| ParseError::Truncated { event: number, what };
    let expected = spec_id.algorithms().len();
    let count = reader.u32().ok_or_else(|| short("digests.count"))?;
    if usize::try_from(count) != Ok(expected) {
        return Err(ParseError::DigestCount { event: number, expected, observed: count });
    }
    let mut digests: Vec<TaggedDigest> = Vec::with_capacity(expected);
    for _ in 0..expected {
        let id = reader.u16().ok_or_else(|| short("digests.hashAlg"))?;
        let algorithm = HashAlgorithm::from_id(id);
        let unexpected = ParseError::DigestAlgorithm { event: number, observed: id };
        let repeated = digests.iter().any(|digest| digest.algorithm() == algorithm);
        let Some(size) = spec_id.digest_size(algorithm).filter(|_| !repeated) else {
            return Err(unexpected);
        };
        let bytes = reader.take(size).ok_or_else(|| short("digests.digest"))?;
        digests.push(TaggedDigest::new(algorithm, bytes).ok_or(unexpected)?);
    }
    Ok(digests)
}
