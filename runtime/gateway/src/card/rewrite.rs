//! The card that a local agent is shown: every URL leads through the gateway, or is gone.

use serde_json::value::{RawValue, to_raw_value};

use super::{CardError, carried, listed};
use crate::object::{Object, ObjectError};

/// Fields of version 0.3 that name URLs or speak about that version. They are not covered by a
/// card's signature, and what is left in place would lead a caller past the gateway.
pub(super) const EARLIER_FIELDS: [&str; 5] = [
    "url",
    "preferredTransport",
    "additionalInterfaces",
    "protocolVersion",
    "supportsAuthenticatedExtendedCard",
];

/// A received card with the URLs of its carried interfaces beneath `base`, which has no slash at
/// its end. Interfaces that are not carried, the fields of version 0.3 and the signatures, which
/// the change of URLs has made invalid, are removed. Everything else keeps its received bytes.
///
/// # Errors
/// [`CardError`] for what is no card, has two readings, or offers nothing that is carried.
pub fn rewritten(card: &[u8], base: &str) -> Result<Box<RawValue>, CardError> {
    let mut card = Object::parse(card)?;
    let interfaces = through(&card, base)?;
    card.replace("supportedInterfaces", interfaces);
    for field in EARLIER_FIELDS.into_iter().chain(["signatures"]) {
        card.remove(field);
    }
    card.to_raw().map_err(|_| CardError::Object(ObjectError::NotJson))
}

/// The carried interfaces with their URLs beneath `base`.
fn through(card: &Object<'_>, base: &str) -> Result<Box<RawValue>, CardError> {
    let mut interfaces = Vec::new();
    for mut object in listed(card)? {
        if let Some(found) = carried(&object) {
            object.replace("url", raw(&format!("{base}{}", found.suffix))?);
            interfaces.push(object);
        }
    }
    if interfaces.is_empty() { Err(CardError::NoInterface) } else { raw(&interfaces) }
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, CardError> {
    to_raw_value(value).map_err(|_| CardError::Object(ObjectError::NotJson))
}
