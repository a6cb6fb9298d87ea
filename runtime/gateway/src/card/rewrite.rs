//! The card that somebody else is shown: every URL leads through the gateway, or is gone.

use serde_json::value::{RawValue, to_raw_value};

use super::interface::{Carried, Front};
use super::{CardError, earlier_version, listed};
use crate::object::{Object, ObjectError};

/// Fields of version 0.3 that name interfaces.
///
/// SECURITY: no signature of version 1.0 covers them, so that whoever carries a signed card could
/// lead callers of that version elsewhere. They are rewritten from what is carried, or removed.
pub(super) const EARLIER_FIELDS: [&str; 4] =
    ["url", "preferredTransport", "additionalInterfaces", "protocolVersion"];

/// A received card with the URLs of its carried interfaces at `front`, in the fields of both
/// versions of the protocol. Interfaces that are not carried are removed, and so are the
/// signatures, which the change of URLs has made invalid. Everything else keeps its received bytes.
///
/// # Errors
/// [`CardError`] for what is no card, has two readings, or offers nothing that is carried.
pub fn rewritten(card: &[u8], front: &Front) -> Result<Box<RawValue>, CardError> {
    let mut card = Object::parse(card)?;
    rewrite(&mut card, front)?;
    raw(&card)
}

/// The same, in place.
pub(super) fn rewrite(card: &mut Object<'_>, front: &Front) -> Result<(), CardError> {
    let interfaces = kept(card, "supportedInterfaces", front, Carried::current)?;
    let earlier = earlier(card, front)?;
    if interfaces.is_empty() && earlier.is_none() {
        return Err(CardError::NoInterface);
    }
    match objects(&interfaces)? {
        Some(interfaces) => card.replace("supportedInterfaces", interfaces),
        None => card.remove("supportedInterfaces"),
    }
    match earlier {
        Some(earlier) => earlier.write(card)?,
        None => EARLIER_FIELDS.iter().for_each(|field| card.remove(field)),
    }
    card.remove("signatures");
    Ok(())
}

/// One interface as it is shown.
struct Kept {
    url: String,
    transport: &'static str,
    object: Box<RawValue>,
}

/// The interfaces in one list of a card that can be reached at `front`.
fn kept(
    card: &Object<'_>,
    list: &str,
    front: &Front,
    read: impl Fn(&Object<'_>) -> Option<Carried>,
) -> Result<Vec<Kept>, CardError> {
    let mut kept = Vec::new();
    for mut object in listed(card, list)? {
        let Some(found) = read(&object) else { continue };
        let Some(url) = found.url(front) else { continue };
        object.replace("url", raw(&url)?);
        kept.push(Kept { url, transport: found.transport(), object: raw(&object)? });
    }
    Ok(kept)
}

/// The interfaces in the fields of version 0.3 as they are shown.
struct Earlier {
    url: String,
    transport: &'static str,
    additional: Vec<Kept>,
}

/// Where the preferred interface cannot be offered, the first of the others takes its place.
fn earlier(card: &Object<'_>, front: &Front) -> Result<Option<Earlier>, CardError> {
    let version = earlier_version(card);
    let additional =
        kept(card, "additionalInterfaces", front, |object| Carried::additional(object, &version))?;
    let preferred = Carried::preferred(card, &version)
        .and_then(|found| Some((found.url(front)?, found.transport())));
    let first = || additional.first().map(|first| (first.url.clone(), first.transport));
    let shown = preferred.or_else(first);
    Ok(shown.map(|(url, transport)| Earlier { url, transport, additional }))
}

impl Earlier {
    fn write(&self, card: &mut Object<'_>) -> Result<(), CardError> {
        card.set("url", raw(&self.url)?);
        card.set("preferredTransport", raw(&self.transport)?);
        match objects(&self.additional)? {
            Some(additional) => card.replace("additionalInterfaces", additional),
            None => card.remove("additionalInterfaces"),
        }
        Ok(())
    }
}

/// As a JSON list; `None` for an empty one.
fn objects(kept: &[Kept]) -> Result<Option<Box<RawValue>>, CardError> {
    let objects = kept.iter().map(|kept| &kept.object).collect::<Vec<_>>();
    if objects.is_empty() { Ok(None) } else { raw(&objects).map(Some) }
}

pub(super) fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, CardError> {
    to_raw_value(value).map_err(|_| CardError::Object(ObjectError::NotJson))
}
