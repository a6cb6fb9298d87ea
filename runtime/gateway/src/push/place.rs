//! Where requests and answers have push notification configurations, as data, and how they are
//! replaced there. What is not replaced keeps its bytes.
//!
//! SPEC: A2A 1.0.1 and 0.3.0, the definitions of `SendMessageConfiguration` and of the operations on
//! push notification configurations, in each binding.

use bytes::Bytes;
use cloister_policy::{Binding, OperationName};
use serde_json::value::{RawValue, to_raw_value};

use super::config::Config;
use super::error::PushError;
use crate::frame;
use crate::object::{Object, into_bytes};
use crate::operation::{Operation, V0_3};
use crate::wire::{Entries, Wire, put};

/// Gives the configuration that goes in the place of one; `None` takes it away where that is
/// possible.
pub(super) type Replace<'a> = &'a mut dyn FnMut(&Config) -> Result<Option<Config>, PushError>;

/// The names that a configuration may have in that of a message, in every version and binding.
const IN_MESSAGE: [&str; 3] =
    ["taskPushNotificationConfig", "pushNotificationConfig", "pushNotification"];
/// What version 0.3 has around a configuration.
const WRAPPED: &str = "pushNotificationConfig";

/// The body of a request with its configuration replaced. There has to be exactly one.
pub(super) fn in_request(
    operation: &Operation,
    body: &[u8],
    replace: Replace<'_>,
) -> Result<Bytes, PushError> {
    let Operation { binding, version, name, .. } = operation;
    let mut found = 0_usize;
    let mut counted = |config: &Config| {
        found = found.saturating_add(1);
        replace(config)
    };
    let replaced = if *binding == Binding::Grpc {
        let message = frame::message(body).ok_or(PushError::Config("is not in one frame"))?;
        let path = request_fields(*name, version);
        let message = message_at(message, path, version, &mut counted)?;
        frame::framed(&message).ok_or(PushError::Config("is too large"))?
    } else {
        let value = parsed(body)?;
        let within: &[&str] = if *binding == Binding::JsonRpc { &["params"] } else { &[] };
        let mut edit = |body: &RawValue| in_body(body, (*name, version), &mut counted);
        into_bytes(value_at(value, within, &mut edit)?)
    };
    if found == 1 { Ok(replaced) } else { Err(PushError::Config("does not come exactly once")) }
}

/// The body of a successful answer with every configuration in it replaced, or taken away.
pub(super) fn in_answer(
    operation: &Operation,
    body: &[u8],
    replace: Replace<'_>,
) -> Result<Bytes, PushError> {
    let Operation { binding, version, name, .. } = operation;
    let lists = *name == OperationName::PushList;
    if *binding == Binding::Grpc {
        let message = frame::message(body).ok_or(PushError::Answer("is not in one frame"))?;
        let shown = if lists {
            listed_messages(message, version, replace)?
        } else {
            message_at(message, leaf_fields(version), version, replace)?
        };
        return frame::framed(&shown).ok_or(PushError::Answer("is too large"));
    }
    let value = parsed(body).map_err(|_| PushError::Answer("is not JSON"))?;
    let within: &[&str] = if *binding == Binding::JsonRpc { &["result"] } else { &[] };
    let mut edit = |value: &RawValue| {
        if lists { listed(value, version, replace) } else { one(value, version, replace) }
    };
    Ok(into_bytes(value_at(value, within, &mut edit)?))
}

type Edit<'a> = &'a mut dyn FnMut(&RawValue) -> Result<Box<RawValue>, PushError>;

/// A value with what is at `path` edited; as it is, where there is nothing.
fn value_at(value: &RawValue, path: &[&str], edit: Edit<'_>) -> Result<Box<RawValue>, PushError> {
    let Some((name, rest)) = path.split_first() else { return edit(value) };
    let mut object = read(value)?;
    if let Some(inner) = object.get(name) {
        let edited = value_at(inner, rest, edit)?;
        object.replace(name, edited);
    }
    written(&object)
}

/// The parameters of a request, or its body where these are the same.
fn in_body(
    body: &RawValue,
    (name, version): (OperationName, &str),
    replace: Replace<'_>,
) -> Result<Box<RawValue>, PushError> {
    let mut edit = |config: &RawValue| leaf(config, version, replace);
    if name != OperationName::PushCreate {
        let mut body = body.to_owned();
        for name in IN_MESSAGE {
            body = value_at(&body, &["configuration", name], &mut edit)?;
        }
        return Ok(body);
    }
    if version != V0_3 {
        return edit(body);
    }
    // HTTP+JSON has the whole request, or what is to be created, for its body.
    let body = value_at(body, &["config", WRAPPED], &mut edit)?;
    value_at(&body, &[WRAPPED], &mut edit)
}

/// A configuration of a request.
fn leaf(
    config: &RawValue,
    version: &str,
    replace: Replace<'_>,
) -> Result<Box<RawValue>, PushError> {
    replaced(config, version, replace)?.ok_or(PushError::Config("cannot be left out"))
}

fn replaced(
    config: &RawValue,
    version: &str,
    replace: Replace<'_>,
) -> Result<Option<Box<RawValue>>, PushError> {
    let mut object = read(config)?;
    let Some(new) = replace(&Config::of_json(&object, version)?)? else { return Ok(None) };
    new.put_json(&mut object, version)?;
    written(&object).map(Some)
}

/// The one configuration of an answer.
fn one(value: &RawValue, version: &str, replace: Replace<'_>) -> Result<Box<RawValue>, PushError> {
    wrapped(value, version, replace)?.ok_or(PushError::Unknown)
}

/// A configuration with what its version has around it.
fn wrapped(
    value: &RawValue,
    version: &str,
    replace: Replace<'_>,
) -> Result<Option<Box<RawValue>>, PushError> {
    if version != V0_3 {
        return replaced(value, version, replace);
    }
    let mut object = read(value)?;
    let Some(inner) = object.get(WRAPPED) else { return Ok(None) };
    let Some(inner) = replaced(inner, version, replace)? else { return Ok(None) };
    object.replace(WRAPPED, inner);
    written(&object).map(Some)
}

/// A list, which version 0.3 has bare over JSON-RPC.
fn listed(
    value: &RawValue,
    version: &str,
    replace: Replace<'_>,
) -> Result<Box<RawValue>, PushError> {
    if !value.get().starts_with('[') {
        return value_at(value, &["configs"], &mut |configs| {
            listed_bare(configs, version, replace)
        });
    }
    listed_bare(value, version, replace)
}

fn listed_bare(
    value: &RawValue,
    version: &str,
    replace: Replace<'_>,
) -> Result<Box<RawValue>, PushError> {
    let configs: Vec<&RawValue> =
        serde_json::from_str(value.get()).map_err(|_| PushError::Answer("has no list"))?;
    let mut kept = Vec::with_capacity(configs.len());
    for config in configs {
        kept.extend(wrapped(config, version, replace)?);
    }
    to_raw_value(&kept).map_err(|_| PushError::Answer("cannot be written"))
}

/// Where a request's protobuf has the configuration.
fn request_fields(name: OperationName, version: &str) -> &'static [u32] {
    match (name == OperationName::PushCreate, version == V0_3) {
        (true, true) => &[3, 2],
        (true, false) => &[],
        (false, true) => &[2, 2],
        (false, false) => &[3, 2],
    }
}

/// Where the message that an answer has for a configuration has it.
fn leaf_fields(version: &str) -> &'static [u32] {
    if version == V0_3 { &[2] } else { &[] }
}

/// A message with the configuration at `path` replaced.
fn message_at(
    message: &[u8],
    path: &[u32],
    version: &str,
    replace: Replace<'_>,
) -> Result<Vec<u8>, PushError> {
    let Some((number, rest)) = path.split_first() else {
        let new = replace(&Config::of_protobuf(message, version)?)?.ok_or(PushError::Unknown)?;
        return new.put_protobuf(message, version);
    };
    let mut out = Vec::with_capacity(message.len());
    for entry in Entries::of(message) {
        let entry = entry.map_err(|_| PushError::Config("is not a protobuf message"))?;
        match (entry.number == *number, entry.value) {
            (true, Wire::Bytes(inner)) => {
                put(&mut out, *number, &message_at(inner, rest, version, replace)?);
            }
            _ => out.extend_from_slice(entry.whole),
        }
    }
    Ok(out)
}

const CONFIGS: u32 = 1;

/// A list in protobuf.
fn listed_messages(
    message: &[u8],
    version: &str,
    replace: Replace<'_>,
) -> Result<Vec<u8>, PushError> {
    let mut out = Vec::with_capacity(message.len());
    for entry in Entries::of(message) {
        let entry = entry.map_err(|_| PushError::Answer("is not a protobuf message"))?;
        let (CONFIGS, Wire::Bytes(config)) = (entry.number, entry.value) else {
            out.extend_from_slice(entry.whole);
            continue;
        };
        match message_at(config, leaf_fields(version), version, replace) {
            Ok(config) => put(&mut out, CONFIGS, &config),
            Err(PushError::Unknown) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(out)
}

fn parsed(body: &[u8]) -> Result<&RawValue, PushError> {
    serde_json::from_slice(body).map_err(|_| PushError::Config("is not JSON"))
}

fn read(value: &RawValue) -> Result<Object<'_>, PushError> {
    Object::read(value).map_err(|_| PushError::Config("is not an object with one reading"))
}

fn written(object: &Object<'_>) -> Result<Box<RawValue>, PushError> {
    object.to_raw().map_err(|_| PushError::Config("cannot be written"))
}

#[cfg(test)]
mod tests;
