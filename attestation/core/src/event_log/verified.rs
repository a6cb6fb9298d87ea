//! A log whose replay gives the registers that a quote vouches for.

use crate::bytes::hex;
use crate::check::Check;
use crate::event_log::algorithm::HashAlgorithm;
use crate::event_log::assertion::Assertion;
use crate::event_log::codes;
use crate::event_log::event::{Encoding, Event};
use crate::event_log::event_type::EventType;
use crate::event_log::log::EventLog;
use crate::event_log::mismatch::LogRefused;
use crate::event_log::payload;
use crate::event_log::registers::{Register, VerifiedRegisters};

/// One event and what the registers vouch for about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEvent {
    event: Event,
    assertion: Assertion,
}

impl VerifiedEvent {
    /// The event as the log has it.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// What of it is vouched for.
    #[must_use]
    pub const fn assertion(&self) -> &Assertion {
        &self.assertion
    }

    /// The bytes of the payload that were measured; `None` where none of it was.
    #[must_use]
    pub fn measured(&self) -> Option<&[u8]> {
        match &self.assertion {
            Assertion::Payload(bytes) => self.event.payload.get(bytes.clone()),
            Assertion::DigestOnly | Assertion::NotExtended | Assertion::Unquoted => None,
        }
    }
}

/// A log that explains verified registers. Only [`EventLog::verify`] makes one.
///
/// It asserts: the digests, in this order and no others, were extended into every register that
/// firmware extends and into every other one that the log has events for; and each payload is
/// vouched for as its event's [`Assertion`] says. It does not assert that an event is of the type
/// that the log gives it, or that what was measured is good: that is for Reference Values.
#[derive(Clone, Debug)]
pub struct VerifiedLog {
    events: Vec<VerifiedEvent>,
    repeated_separators: Vec<Register>,
    checks: Vec<Check>,
}

impl VerifiedLog {
    /// The events in order.
    #[must_use]
    pub fn events(&self) -> &[VerifiedEvent] {
        &self.events
    }

    /// Registers that have more than one separator.
    #[must_use]
    pub fn repeated_separators(&self) -> &[Register] {
        &self.repeated_separators
    }

    /// Every check of replay and payloads. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}

impl EventLog {
    /// Compares the log with registers that a verified quote vouches for.
    ///
    /// Every register that firmware extends has to be explained, and every other one that the log
    /// has events for; each payload that the specification says was measured has to be what was.
    ///
    /// # Errors
    /// [`LogRefused`] with every check, if any of this does not hold.
    pub fn verify(self, registers: &VerifiedRegisters) -> Result<VerifiedLog, LogRefused> {
        let bank = registers.values().bank();
        let mut checks = self.registers(registers);
        checks.extend(self.payloads(bank));
        checks.push(self.separator_values());
        checks.push(self.remarks());
        if checks.iter().any(Check::failed) {
            return Err(LogRefused { checks });
        }
        let repeated_separators = self.repeated_separators();
        let events = self.events.into_iter().map(|event| judged(event, registers)).collect();
        Ok(VerifiedLog { events, repeated_separators, checks })
    }

    /// The checks that need no registers: payloads, separators, remarks. What a reader of a log
    /// alone can know; it says nothing about any machine.
    #[must_use]
    pub fn self_checks(&self, bank: HashAlgorithm) -> Vec<Check> {
        let mut checks = self.payloads(bank);
        checks.push(self.separator_values());
        checks.push(self.separators());
        checks.push(self.remarks());
        checks
    }

    fn registers(&self, verified: &VerifiedRegisters) -> Vec<Check> {
        let values = verified.values();
        let bank = values.bank();
        let Some(replayed) = self.replay(bank) else {
            let banks: Vec<String> = self.banks.iter().map(ToString::to_string).collect();
            let expected = format!("digests of {bank}");
            return vec![Check::decided(&codes::REPLAY, false, expected, banks.join(", "))];
        };
        let mut checks = Vec::new();
        for (register, quoted) in values.iter() {
            let own = replayed.value(register);
            let initial = self.initial(register, bank);
            let silent = own.is_none() && !register.is_extended_by_firmware();
            checks.push(match own.or(initial.as_ref()) {
                Some(value) if !silent || value == quoted => {
                    let expected = format!("{register} {quoted}");
                    let observed = format!("{register} {value}");
                    Check::decided(&codes::REPLAY, value == quoted, expected, observed)
                }
                _ => Check::not_asserted(
                    &codes::UNEXPLAINED,
                    format!("{register} is {quoted}, and the log has no event for it"),
                ),
            });
        }
        let unquoted = replayed.iter().map(|(register, _)| register);
        let unquoted = unquoted.filter(|register| !vouched(*register, verified));
        checks.extend(unquoted.map(|r| Check::not_asserted(&codes::UNQUOTED, r)));
        checks
    }

    fn payloads(&self, bank: HashAlgorithm) -> Vec<Check> {
        let (mut checks, mut measured, mut unmeasured) = (Vec::new(), 0_usize, 0_usize);
        for event in &self.events {
            match payload::assertion(event, bank) {
                Ok(Assertion::Payload(_)) => measured = measured.saturating_add(1),
                Ok(Assertion::DigestOnly) => unmeasured = unmeasured.saturating_add(1),
                Ok(Assertion::NotExtended | Assertion::Unquoted) => {}
                Err(payload::NotMeasured) => checks.push(forged(event, bank)),
            }
        }
        if checks.is_empty() {
            let observed = format!("{measured} payloads are what was measured");
            checks.push(Check::decided(&codes::PAYLOAD, true, "measured payloads", observed));
        }
        if unmeasured > 0 {
            let observed = format!("{unmeasured} events have a digest of something else");
            checks.push(Check::not_asserted(&codes::UNMEASURED, observed));
        }
        checks
    }

    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, EV_SEPARATOR.
    fn separator_values(&self) -> Check {
        let mut separators = self.events.iter().filter(|event| {
            event.event_type == EventType::SEPARATOR && event.encoding != Encoding::Stripped
        });
        let odd =
            separators.find(|event| !matches!(*event.payload, [0, 0, 0, 0] | [255, 255, 255, 255]));
        let observed = odd.map_or_else(
            || "as expected".to_owned(),
            |event| format!("event {} holds {}", event.number, excerpt(&event.payload)),
        );
        Check::decided(&codes::SEPARATOR_VALUE, odd.is_none(), "0 or 0xffffffff", observed)
    }

    fn separators(&self) -> Check {
        let repeated = self.repeated_separators();
        let names: Vec<String> = repeated.iter().map(ToString::to_string).collect();
        let observed = if names.is_empty() {
            "at most one".to_owned()
        } else {
            format!("more than one for {}", names.join(", "))
        };
        let expected = "at most one for each register";
        Check::decided(&codes::SEPARATORS, repeated.is_empty(), expected, observed)
    }

    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.5: the digests are zero.
    fn remarks(&self) -> Check {
        let mut remarks = self.events.iter().filter(|event| event.register.is_none());
        let odd = remarks.find(|event| !event.digests.iter().all(|digest| digest.is_zero()));
        let observed = odd.map_or_else(
            || "as expected".to_owned(),
            |event| format!("event {} has a digest", event.number),
        );
        Check::decided(&codes::NO_ACTION, odd.is_none(), "digests of zero", observed)
    }
}

fn judged(event: Event, registers: &VerifiedRegisters) -> VerifiedEvent {
    let bank = registers.values().bank();
    let assertion = match event.register {
        Some(register) if !vouched(register, registers) => Assertion::Unquoted,
        // A payload that is not what was measured has been refused already.
        _ => payload::assertion(&event, bank).unwrap_or(Assertion::Unquoted),
    };
    VerifiedEvent { event, assertion }
}

fn vouched(register: Register, registers: &VerifiedRegisters) -> bool {
    registers.values().value(register).is_some() && !register.is_resettable()
}

fn forged(event: &Event, bank: HashAlgorithm) -> Check {
    let digest = event.digest(bank).map(ToString::to_string).unwrap_or_default();
    let expected = format!("event {}: a payload whose hash is {digest}", event.number);
    let observed = format!("{} with {}", event.event_type, excerpt(&event.payload));
    Check::decided(&codes::PAYLOAD, false, expected, observed)
}

/// The first bytes, in hex: enough to find the place.
fn excerpt(payload: &[u8]) -> String {
    let shown = payload.get(..32).unwrap_or(payload);
    let more = if payload.len() > shown.len() { "…" } else { "" };
    format!("{} bytes {}{more}", payload.len(), hex::encode(shown))
}
