//! Cards in protobuf on their way from who has them to who asks: what is not replaced keeps its
//! bytes, known or not.
//!
//! SPEC: A2A 1.0.1 and 0.3.0, `a2a.proto`, message AgentCard.

use super::CardError;
use super::decode::{SIGNATURES, encoded};
use super::interface::{Carried, Front};
use crate::wire::{Entry, entries, put};
use serde_json::Value;

/// Fields of version 1.0.
const INTERFACES: u32 = 3;
const CAPABILITIES: u32 = 7;
const EXTENSIONS: u32 = 3;

/// A card of version 1.0 with its URLs at `front`, `extension` among its extensions, and unsigned.
pub(super) fn rewritten(
    card: &[u8],
    front: &Front,
    extension: &Value,
) -> Result<Vec<u8>, CardError> {
    let (mut out, mut interfaces, mut capabilities) = (Vec::new(), 0_usize, None);
    for entry in entries(card)? {
        match entry.number {
            INTERFACES => {
                let Some(interface) = current(entry.bytes()?, front)? else { continue };
                interfaces = interfaces.saturating_add(1);
                put(&mut out, INTERFACES, &interface);
            }
            CAPABILITIES if capabilities.is_none() => capabilities = Some(entry.bytes()?),
            CAPABILITIES => return Err(CardError::Protobuf),
            SIGNATURES => {}
            _ => out.extend_from_slice(entry.whole),
        }
    }
    if interfaces == 0 {
        return Err(CardError::NoInterface);
    }
    put(&mut out, CAPABILITIES, &with_extension(capabilities.unwrap_or_default(), extension)?);
    Ok(out)
}

fn current(interface: &[u8], front: &Front) -> Result<Option<Vec<u8>>, CardError> {
    let fields = entries(interface)?;
    let carried = Carried::of(text(&fields, 1)?, text(&fields, 2)?, text(&fields, 4)?);
    Ok(carried.and_then(|carried| carried.url(front)).map(|url| with_url(&fields, 1, &url)))
}

/// The fields with the one text replaced.
fn with_url(fields: &[Entry<'_>], number: u32, url: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in fields {
        if entry.number == number {
            put(&mut out, number, url.as_bytes());
        } else {
            out.extend_from_slice(entry.whole);
        }
    }
    out
}

/// The only value of a text field, empty where there is none.
fn text<'a>(fields: &[Entry<'a>], number: u32) -> Result<&'a str, CardError> {
    let mut values = fields.iter().filter(|entry| entry.number == number);
    let value = values.next().map_or(Ok(""), Entry::text)?;
    if values.next().is_some() { Err(CardError::Protobuf) } else { Ok(value) }
}

fn with_extension(capabilities: &[u8], extension: &Value) -> Result<Vec<u8>, CardError> {
    let mut out = Vec::new();
    for field in entries(capabilities)? {
        if field.number != EXTENSIONS || !is_ours(field.bytes()?)? {
            out.extend_from_slice(field.whole);
        }
    }
    let mut ours = Vec::new();
    let part = |name: &str| extension.get(name).and_then(Value::as_str).unwrap_or_default();
    put(&mut ours, 1, part("uri").as_bytes());
    put(&mut ours, 2, part("description").as_bytes());
    if let Some(params) = extension.get("params").and_then(Value::as_object) {
        put(&mut ours, 4, &encoded(params));
    }
    put(&mut out, EXTENSIONS, &ours);
    Ok(out)
}

fn is_ours(extension: &[u8]) -> Result<bool, CardError> {
    let uri = text(&entries(extension)?, 1)?;
    Ok([super::EXTENSION, super::SIMULATED_EXTENSION].contains(&uri))
}

/// A card of version 0.3 with its URLs at `front`, and unsigned: that version does not say what a
/// signature in protobuf would be over.
pub(super) fn earlier(card: &[u8], front: &Front) -> Result<Vec<u8>, CardError> {
    const URL: u32 = 3;
    const PREFERRED: u32 = 14;
    const ADDITIONAL: u32 = 15;
    const VERSION: u32 = 16;
    const EARLIER_SIGNATURES: u32 = 17;
    let fields = entries(card)?;
    let version = text(&fields, VERSION)?;
    let preferred = text(&fields, PREFERRED)?;
    let transport = if preferred.is_empty() { "JSONRPC" } else { preferred };
    let main = Carried::of(text(&fields, URL)?, transport, version);
    let mut shown = main.and_then(|main| Some((main.url(front)?, main.transport())));
    let mut out = Vec::new();
    for field in &fields {
        match field.number {
            URL | PREFERRED | EARLIER_SIGNATURES => {}
            ADDITIONAL => {
                let inner = entries(field.bytes()?)?;
                let found = Carried::of(text(&inner, 1)?, text(&inner, 2)?, version);
                let Some(found) = found else { continue };
                let Some(url) = found.url(front) else { continue };
                put(&mut out, ADDITIONAL, &with_url(&inner, 1, &url));
                shown.get_or_insert_with(|| (url, found.transport()));
            }
            _ => out.extend_from_slice(field.whole),
        }
    }
    let (url, transport) = shown.ok_or(CardError::NoInterface)?;
    put(&mut out, URL, url.as_bytes());
    put(&mut out, PREFERRED, transport.as_bytes());
    Ok(out)
}

/// Whether a card of version 0.3 has signatures.
pub(super) fn is_signed_earlier(card: &[u8]) -> Result<bool, CardError> {
    Ok(entries(card)?.iter().any(|field| field.number == 17))
}

#[cfg(test)]
mod tests;
