//! A log as received.

use crate::bytes::Reader;
use crate::event_log::algorithm::HashAlgorithm;
use crate::event_log::error::ParseError;
use crate::event_log::event::Event;
use crate::event_log::event_type::EventType;
use crate::event_log::header::SpecId;
use crate::event_log::registers::Register;
use crate::limits::{EVENT_LOG_BYTES_MAX, EVENT_LOG_EVENTS_MAX};

/// Which registers the indexes of a binary log mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogKind {
    /// A confidential guest's log (ACPI `CCEL`) on TDX.
    Ccel,
    /// A TPM's log.
    Tpm,
}

impl LogKind {
    /// The register of an extended event.
    // SPEC: UEFI 2.10 section 38.4.1: MR index 0 is MRTD, 1 to 4 are RTMR0 to RTMR3.
    // SPEC: TCG PC Client Platform TPM Profile 1.06, section 4.6: PCR 17 to 22 are for a dynamic
    // launch.
    fn register(self, index: u32) -> Option<Register> {
        let index = u8::try_from(index).ok()?;
        match (self, index) {
            (Self::Ccel, 1..=4) => index.checked_sub(1).map(Register::Rtmr),
            (Self::Tpm, 0..=16 | 23) => Some(Register::Pcr(index)),
            (Self::Ccel | Self::Tpm, _) => None,
        }
    }

    /// Indexes that the header may carry: 0, and 1 as OVMF writes it for a CCEL.
    const fn header_indexes(self) -> &'static [u32] {
        match self {
            Self::Ccel => &[0, 1],
            Self::Tpm => &[0],
        }
    }
}

/// A parsed log. Nothing in it is believed until [`EventLog::verify`] has compared it with
/// registers that a verified quote vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog {
    pub(super) spec_id: Option<SpecId>,
    pub(super) banks: Vec<HashAlgorithm>,
    pub(super) startup_locality: u8,
    pub(super) events: Vec<Event>,
    pub(super) padding: usize,
}

impl EventLog {
    /// Reads a log in any of the forms that are known, which their first byte tells apart: a
    /// binary log of `kind`, a runtime's JSON list, or an attestation agent's lines.
    ///
    /// # Errors
    /// [`ParseError`] with the event and the reason.
    pub fn read(kind: LogKind, bytes: &[u8]) -> Result<Self, ParseError> {
        match bytes.first() {
            Some(b'[') => Self::parse_runtime_json(bytes),
            Some(b'I') => Self::parse_agent_lines(bytes),
            _ => Self::parse(kind, bytes),
        }
    }

    /// Reads a binary log to its last byte. Behind the last event there may be padding of one
    /// repeated byte, 0x00 or 0xff, and nothing else.
    ///
    /// # Errors
    /// [`ParseError`] with the event and the field.
    pub fn parse(kind: LogKind, bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > EVENT_LOG_BYTES_MAX {
            return Err(ParseError::TooLong { observed: bytes.len(), max: EVENT_LOG_BYTES_MAX });
        }
        let mut reader = Reader::new(bytes);
        let spec_id = SpecId::read_event(&mut reader, kind.header_indexes())?;
        let mut events: Vec<Event> = Vec::new();
        while !reader.is_empty() && !is_padding(reader.rest()) {
            if events.len() == EVENT_LOG_EVENTS_MAX {
                return Err(ParseError::TooMany { max: EVENT_LOG_EVENTS_MAX });
            }
            let number = events.len().saturating_add(1);
            let register = |index| kind.register(index);
            events.push(Event::read(&mut reader, number, &spec_id, register)?);
        }
        let startup_locality = startup_locality(kind, &events)?;
        let banks = spec_id.algorithms().iter().map(|(algorithm, _)| *algorithm).collect();
        let padding = reader.rest().len();
        Ok(Self { spec_id: Some(spec_id), banks, startup_locality, events, padding })
    }

    /// The header; a runtime log has none.
    #[must_use]
    pub const fn spec_id(&self) -> Option<&SpecId> {
        self.spec_id.as_ref()
    }

    /// The banks that every event has a digest for.
    #[must_use]
    pub fn banks(&self) -> &[HashAlgorithm] {
        &self.banks
    }

    /// The locality that PCR 0 starts with.
    #[must_use]
    pub const fn startup_locality(&self) -> u8 {
        self.startup_locality
    }

    /// The events in order, without the header.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Bytes of padding behind the last event.
    #[must_use]
    pub const fn padding(&self) -> usize {
        self.padding
    }

    /// Continues this log with one that was kept by somebody else, such as a runtime. The events
    /// of `next` come behind those of this one; only banks that both have remain.
    #[must_use]
    pub fn continued_by(mut self, next: Self) -> Self {
        self.banks.retain(|bank| next.banks.contains(bank));
        let first = self.events.len();
        for (at, mut event) in next.events.into_iter().enumerate() {
            event.number = first.saturating_add(at).saturating_add(1);
            self.events.push(event);
        }
        self
    }

    /// Registers that have more than one separator.
    #[must_use]
    pub fn repeated_separators(&self) -> Vec<Register> {
        let mut seen = Vec::new();
        let mut repeated = Vec::new();
        for event in &self.events {
            if let (EventType::SEPARATOR, Some(register)) = (event.event_type, event.register) {
                let into = if seen.contains(&register) { &mut repeated } else { &mut seen };
                if !into.contains(&register) {
                    into.push(register);
                }
            }
        }
        repeated
    }
}

fn is_padding(rest: &[u8]) -> bool {
    [0x00, 0xff].into_iter().any(|filler| rest.iter().all(|byte| *byte == filler))
}

const STARTUP_LOCALITY: &[u8] = b"StartupLocality\0";

/// The locality of the event that names one, or 0.
// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.5.3.
fn startup_locality(kind: LogKind, events: &[Event]) -> Result<u8, ParseError> {
    let mut found = None;
    let mut started = false;
    for event in events {
        started |= event.register == Some(Register::Pcr(0));
        let named = event.payload.strip_prefix(STARTUP_LOCALITY);
        let (EventType::NO_ACTION, Some(named)) = (event.event_type, named) else { continue };
        let refused = |reason| ParseError::StartupLocality { event: event.number, reason };
        match (named, kind) {
            (_, LogKind::Ccel) => return Err(refused("a TD has no startup locality")),
            _ if found.is_some() => return Err(refused("startup locality is there twice")),
            _ if started => return Err(refused("PCR 0 was extended before its start is named")),
            (&[locality @ (0 | 3 | 4)], LogKind::Tpm) => found = Some(locality),
            _ => return Err(refused("startup locality is not one byte of 0, 3 or 4")),
        }
    }
    Ok(found.unwrap_or(0))
}
