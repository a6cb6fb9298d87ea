//! Which bytes of a payload a digest covers.

mod boot_loader;
mod image;
mod tagged;
mod variable;

pub use tagged::TaggedEvent;
pub use variable::UefiVariable;

pub(super) use boot_loader::{file_name, measured_prefix};
pub(super) use image::Image;
pub(super) use variable::utf16;

use core::ops::Range;

use crate::event_log::algorithm::{HashAlgorithm, TaggedDigest};
use crate::event_log::assertion::Assertion;
use crate::event_log::event::{Encoding, Event};
use crate::event_log::event_type::EventType;

/// The payload of an event whose type demands it is not what was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotMeasured;

/// What the digest of `bank` says about the event's payload, were the register to hold it.
pub(super) fn assertion(event: &Event, bank: HashAlgorithm) -> Result<Assertion, NotMeasured> {
    if event.register.is_none() {
        return Ok(Assertion::NotExtended);
    }
    let Some(digest) = event.digest(bank) else { return Ok(Assertion::Unquoted) };
    let covered = match &event.encoding {
        Encoding::Stripped => return Ok(Assertion::DigestOnly),
        Encoding::Runtime => runtime(event, digest),
        Encoding::Tcg => forms(event).into_iter().find(|form| covers(event, form, digest)),
    };
    match covered {
        Some(bytes) => Ok(Assertion::Payload(bytes)),
        None if is_measured(event) => Err(NotMeasured),
        None => Ok(Assertion::DigestOnly),
    }
}

/// The digest of a runtime event, which its payload and name determine.
// SPEC: dstack runtime events: the type (little-endian), the name and the payload, with colons.
pub(super) fn runtime_digest(
    event_type: EventType,
    name: &str,
    payload: &[u8],
) -> Option<TaggedDigest> {
    let event_type = event_type.value().to_le_bytes();
    HashAlgorithm::Sha384.digest(&[&event_type, b":", name.as_bytes(), b":", payload])
}

fn runtime(event: &Event, digest: &TaggedDigest) -> Option<Range<usize>> {
    let expected = runtime_digest(event.event_type, event.name()?, &event.payload);
    (expected.as_ref() == Some(digest)).then_some(0..event.payload.len())
}

fn covers(event: &Event, form: &Range<usize>, digest: &TaggedDigest) -> bool {
    let Some(bytes) = event.payload.get(form.clone()) else { return false };
    digest.algorithm().digest(&[bytes]).as_ref() == Some(digest)
}

/// Whether an event of this type has a digest that is the hash of its payload, so that another
/// payload is a forgery. For the types left out the digest is often that of something else.
// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, table 27.
fn is_measured(event: &Event) -> bool {
    match event.event_type {
        EventType::SEPARATOR
        | EventType::ACTION
        | EventType::S_CRTM_VERSION
        | EventType::NONHOST_INFO
        | EventType::OMIT_BOOT_DEVICE_EVENTS
        | EventType::EFI_VARIABLE_DRIVER_CONFIG
        | EventType::EFI_VARIABLE_BOOT
        | EventType::EFI_VARIABLE_BOOT2
        | EventType::EFI_VARIABLE_AUTHORITY
        | EventType::EFI_GPT_EVENT
        | EventType::EFI_ACTION
        | EventType::RUNTIME => true,
        EventType::IPL => measured_prefix(&event.payload).is_some(),
        _ => false,
    }
}

/// The forms in which the digest may cover the payload, the most complete first.
fn forms(event: &Event) -> Vec<Range<usize>> {
    let len = event.payload.len();
    // Strings are logged with their terminator and hashed without; some boot loaders log one byte
    // more than they hash. The last byte is then vouched for by nobody.
    let mut forms = vec![0..len, 0..len.saturating_sub(1)];
    match event.event_type {
        // SPEC: as above: EV_EFI_VARIABLE_BOOT is the hash of the variable's data alone; firmware
        // before revision 1.05 hashed the whole.
        EventType::EFI_VARIABLE_BOOT => {
            forms.extend(UefiVariable::read(&event.payload).map(|variable| variable.data));
        }
        // SPEC: GRUB manual, "Measured Boot": the digest is of the command without the prefix.
        EventType::IPL => {
            if let Some(prefix) = measured_prefix(&event.payload) {
                forms.extend([prefix..len, prefix..len.saturating_sub(1).max(prefix)]);
            }
        }
        // SPEC: as above, EV_EVENT_TAG: the hash of taggedEventData.
        EventType::EVENT_TAG => {
            forms.extend(TaggedEvent::read(&event.payload).map(|tagged| tagged.data));
        }
        _ => {}
    }
    forms
}
