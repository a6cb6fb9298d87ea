//! RTMR0 from the event log of a launch in the same shape.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::event_log::{Event, EventLog, EventType, HashAlgorithm, Register};

use crate::measure::error::MeasureError;
use crate::measure::event::Rtmr;

/// What belongs to the platform and not to an image. Whatever else is in RTMR0 is refused.
const OF_THE_PLATFORM: [EventType; 7] = [
    EventType::EFI_HANDOFF_TABLES2,
    EventType::EFI_PLATFORM_FIRMWARE_BLOB2,
    EventType::EFI_VARIABLE_DRIVER_CONFIG,
    EventType::EFI_VARIABLE_BOOT,
    EventType::EFI_VARIABLE_BOOT2,
    EventType::PLATFORM_CONFIG_FLAGS,
    EventType::SEPARATOR,
];

/// RTMR0 as the events of a recorded log give it, if none of them is an image's.
///
/// # Security
/// A log is not signed. What this returns becomes a Reference Value by the publisher's signature:
/// whoever publishes it says that this is the platform that they mean.
///
/// # Errors
/// [`MeasureError::Log`] with the first event that is not the platform's, or whose payload is not
/// what was hashed.
pub fn rtmr0_of_log(log: &EventLog) -> Result<Rtmr, MeasureError> {
    let mut events = log.events().iter().filter(|it| it.register() == Some(Register::Rtmr(0)));
    let first = events.next().ok_or_else(|| MeasureError::log("it has no event for RTMR0"))?;
    core::iter::once(first)
        .chain(events)
        .try_fold(Rtmr::ZERO, |it, event| Ok(it.extended(&platform_digest(event)?)))
}

fn platform_digest(event: &Event) -> Result<Digest48, MeasureError> {
    let refuse =
        |why| MeasureError::log(format!("event {} ({}) {why}", event.number(), event.label()));
    if !OF_THE_PLATFORM.contains(&event.event_type()) {
        return Err(refuse("is not one of the platform"));
    }
    if event.assertion(HashAlgorithm::Sha384).is_none() {
        return Err(refuse("has a payload that is not what was hashed"));
    }
    let digest = event.digest(HashAlgorithm::Sha384);
    digest
        .and_then(|digest| Digest48::from_slice(digest.as_bytes()))
        .ok_or_else(|| refuse("has no SHA-384 digest"))
}
