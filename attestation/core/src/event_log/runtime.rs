//! Logs that a runtime inside the guest keeps.

use serde::Deserialize;

use crate::bytes::{Digest48, hex};
use crate::event_log::algorithm::{HashAlgorithm, TaggedDigest};
use crate::event_log::error::ParseError;
use crate::event_log::event::{Encoding, Event};
use crate::event_log::event_type::EventType;
use crate::event_log::log::EventLog;
use crate::event_log::payload::runtime_digest;
use crate::event_log::registers::Register;
use crate::limits::{EVENT_LOG_BYTES_MAX, EVENT_LOG_EVENTS_MAX};

/// One event as the JSON form has it.
// SPEC: dstack, `cc-eventlog`: the firmware's events and the runtime's own in one list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    imr: u8,
    event_type: u32,
    digest: String,
    event: String,
    event_payload: String,
}

impl EventLog {
    /// Reads a runtime log: a JSON list of events for `RTMR0` to `RTMR3`.
    ///
    /// The digest of a runtime's own event follows from its name and payload; where the list
    /// leaves it out it is computed. Firmware events whose payload the list leaves out keep their
    /// digest and nothing else.
    ///
    /// # Errors
    /// [`ParseError`] with the event and the reason.
    pub fn parse_runtime_json(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > EVENT_LOG_BYTES_MAX {
            return Err(ParseError::TooLong { observed: bytes.len(), max: EVENT_LOG_BYTES_MAX });
        }
        let entries: Vec<Entry> =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if entries.len() > EVENT_LOG_EVENTS_MAX {
            return Err(ParseError::TooMany { max: EVENT_LOG_EVENTS_MAX });
        }
        let events = (1..).zip(entries).map(|(number, entry)| entry.event(number));
        Ok(Self::of_runtime(events.collect::<Result<_, _>>()?))
    }

    const fn of_runtime_parts(banks: Vec<HashAlgorithm>, events: Vec<Event>) -> Self {
        Self { spec_id: None, banks, startup_locality: 0, events, padding: 0 }
    }

    fn of_runtime(events: Vec<Event>) -> Self {
        Self::of_runtime_parts(vec![HashAlgorithm::Sha384], events)
    }

    /// Reads an attestation agent's log: one line for each event, measured into `RTMR3`.
    ///
    /// Its first line says what the register held before; only a log that starts from zero can
    /// be replayed, and any other is refused.
    ///
    /// # Errors
    /// [`ParseError`] with the line and the reason.
    // SPEC: Confidential Containers, "Specification for Attestation Agent Event Log": INIT entry,
    // then `<Domain> <Operation> <Content>`, each line hashed as it stands without its LF.
    pub fn parse_agent_lines(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > EVENT_LOG_BYTES_MAX {
            return Err(ParseError::TooLong { observed: bytes.len(), max: EVENT_LOG_BYTES_MAX });
        }
        let text = str::from_utf8(bytes).map_err(|_| malformed("not UTF-8".to_owned()))?;
        let text = text
            .strip_suffix('\n')
            .ok_or_else(|| malformed("no line feed at its end".to_owned()))?;
        let mut lines = text.split('\n');
        init(lines.next().unwrap_or_default())?;
        let mut events = Vec::new();
        for (number, line) in (1..).zip(lines) {
            if events.len() == EVENT_LOG_EVENTS_MAX {
                return Err(ParseError::TooMany { max: EVENT_LOG_EVENTS_MAX });
            }
            events.push(agent_event(number, line)?);
        }
        Ok(Self::of_runtime(events))
    }
}

impl Entry {
    fn event(self, number: usize) -> Result<Event, ParseError> {
        let refused = |what: &str| malformed(format!("event {number}: {what}"));
        if self.imr > 3 {
            return Err(ParseError::Register { event: number, observed: self.imr.into() });
        }
        let event_type = EventType::new(self.event_type);
        if event_type == EventType::NO_ACTION {
            return Err(refused("EV_NO_ACTION is never extended"));
        }
        let payload = hex::decode(&self.event_payload)
            .ok_or_else(|| refused("event_payload is not hexadecimal"))?;
        let is_runtime = event_type == EventType::RUNTIME;
        let digest = match (is_runtime, self.digest.as_str()) {
            (true, "") => runtime_digest(event_type, &self.event, &payload)
                .ok_or_else(|| refused("digest cannot be computed"))?,
            (_, text) => {
                let digest: Digest48 =
                    text.parse().map_err(|_| refused("digest is not 96 hexadecimal digits"))?;
                TaggedDigest::new(HashAlgorithm::Sha384, digest.as_ref())
                    .ok_or_else(|| refused("digest has another length"))?
            }
        };
        let encoding = match (is_runtime, payload.is_empty()) {
            (true, _) => Encoding::Runtime,
            (false, true) => Encoding::Stripped,
            (false, false) => Encoding::Tcg,
        };
        let name = (is_runtime || !self.event.is_empty()).then_some(self.event);
        let register = Some(Register::Rtmr(self.imr));
        Ok(Event { number, register, event_type, digests: vec![digest], payload, encoding, name })
    }
}

fn init(line: &str) -> Result<(), ParseError> {
    let (algorithm, value) = line
        .strip_prefix("INIT/")
        .and_then(|rest| rest.split_once(' '))
        .ok_or_else(|| malformed("does not begin with an INIT entry".to_owned()))?;
    let start: Option<Digest48> = value.parse().ok();
    match (algorithm, start) {
        ("sha384", Some(start)) if start.is_zero() => Ok(()),
        ("sha384", Some(start)) => Err(malformed(format!(
            "it starts at {start}: what was measured before is not in the log"
        ))),
        _ => Err(malformed("INIT is not a SHA-384 value".to_owned())),
    }
}

fn agent_event(number: usize, line: &str) -> Result<Event, ParseError> {
    let mut words = line.splitn(3, ' ');
    let whole = (words.next(), words.next(), words.next());
    let printable = |word: &str| word.chars().all(|c| !c.is_control());
    let well_formed = matches!(whole, (Some(domain), Some(operation), Some(content))
        if !domain.is_empty() && !operation.is_empty()
            && printable(domain) && printable(operation) && printable(content));
    if !well_formed {
        return Err(malformed(format!("event {number} is not `domain operation content`")));
    }
    let digest = HashAlgorithm::Sha384.digest(&[line.as_bytes()]);
    let digest = digest.ok_or_else(|| malformed("no SHA-384".to_owned()))?;
    Ok(Event {
        number,
        register: Some(Register::Rtmr(3)),
        event_type: EventType::EVENT_TAG,
        digests: vec![digest],
        payload: line.as_bytes().to_vec(),
        encoding: Encoding::Tcg,
        name: None,
    })
}

const fn malformed(reason: String) -> ParseError {
    ParseError::Runtime { reason }
}
