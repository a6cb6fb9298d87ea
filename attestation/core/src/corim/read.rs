//! Anybody's CoRIM, as far as Reference Values need it.

use super::{Comid, Corim, CorimError, Environment, Link, Measurement, Reference, TagId, Validity};
use crate::bytes::hex;
use crate::item::{Fields, Item, ItemError};
use crate::limits::CORIM_BYTES_MAX;
use crate::time::UnixTime;

// SPEC: draft-ietf-rats-corim section 4.1 and section 9.2, CBOR tags.
pub(super) const CORIM_TAG: u64 = 501;
pub(super) const COMID_TAG: u64 = 506;
pub(super) const SIGNED_TAG: u64 = 18;
pub(super) const URI_TAG: u64 = 32;
pub(super) const TIME_TAG: u64 = 1;
const OID_TAG: u64 = 111;
const UUID_TAG: u64 = 37;
const BYTES_TAG: u64 = super::measurement::BYTES_TAG;
const EVIDENCE_TAG: u64 = 571;

impl Corim {
    /// Reads an unsigned CoRIM.
    ///
    /// # Errors
    /// [`CorimError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CorimError> {
        match tree(bytes)?.strip(&[CORIM_TAG]) {
            Ok(corim) => Ok(corim_map(corim)?),
            Err(other) => Err(CorimError::Kind { found: kind(&other) }),
        }
    }
}

impl Comid {
    /// Reads a CoMID that stands by itself.
    ///
    /// # Errors
    /// [`CorimError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CorimError> {
        match tree(bytes)?.strip(&[COMID_TAG]) {
            Ok(comid) => Ok(tagged_comid(comid)?),
            Err(comid @ Item::Map(_)) => Ok(comid_map(comid)?),
            Err(other) => Err(CorimError::Kind { found: kind(&other) }),
        }
    }
}

pub(super) fn tree(bytes: &[u8]) -> Result<Item, CorimError> {
    if bytes.len() > CORIM_BYTES_MAX {
        return Err(ItemError::new("longer than 256 KiB").into());
    }
    Ok(Item::from_cbor(bytes)?)
}

pub(super) fn kind(item: &Item) -> String {
    let Item::Tagged(tag, _) = item else { return "CBOR without a tag".to_owned() };
    match *tag {
        SIGNED_TAG => "one that is signed".to_owned(),
        EVIDENCE_TAG => "concise evidence".to_owned(),
        tag => format!("CBOR tag {tag}"),
    }
}

fn corim_map(item: Item) -> Result<Corim, ItemError> {
    let mut fields = Fields::of(item)?;
    let mut not_read = Vec::new();
    let mut comids = Vec::new();
    let id = fields.required(0, tag_id)?;
    for tag in fields.required(1, Item::into_array)? {
        match tag.strip(&[COMID_TAG]) {
            Ok(comid) => comids.push(tagged_comid(comid)?),
            Err(other) => not_read.push(kind(&other)),
        }
    }
    let profile = fields.optional(3, profile)?;
    let validity = fields.optional(4, validity)?;
    not_read.extend(fields.rest().into_keys().map(|key| format!("corim {key}")));
    Ok(Corim { id, profile, validity, comids, not_read })
}

fn tagged_comid(bytes: Item) -> Result<Comid, ItemError> {
    Item::from_cbor(&bytes.into_bytes()?).and_then(comid_map).map_err(|error| error.within("comid"))
}

fn comid_map(item: Item) -> Result<Comid, ItemError> {
    let mut fields = Fields::of(item)?;
    let mut identity = Fields::of(fields.required(1, Ok)?)?;
    let id = identity.required(0, tag_id)?;
    let version = identity.optional(1, Item::into_integer)?.unwrap_or_default();
    identity.finish()?;
    let links = fields.optional(3, |item| list(item, link))?.unwrap_or_default();
    let mut triples = Fields::of(fields.required(4, Ok)?)?;
    let references = triples.optional(0, |item| list(item, reference))?.unwrap_or_default();
    let rest = fields.rest().into_keys().map(|key| format!("comid {key}"));
    let others = triples.rest().into_keys().map(|key| format!("triples {key}"));
    Ok(Comid { id, version, links, references, not_read: rest.chain(others).collect() })
}

fn link(item: Item) -> Result<Link, ItemError> {
    let mut fields = Fields::of(item)?;
    let tag = fields.required(0, tag_id)?;
    let replaces = match fields.required(1, Item::into_integer::<u8>)? {
        0 => false,
        1 => true,
        other => return Err(ItemError::new(format!("the relation {other} is unknown"))),
    };
    fields.finish().map(|()| Link { tag, replaces })
}

fn reference(item: Item) -> Result<Reference, ItemError> {
    let [environment, measurements] = <[Item; 2]>::try_from(item.into_array()?)
        .map_err(|_| ItemError::new("a triple is an environment and its measurements"))?;
    Ok(Reference {
        environment: environment_map(environment)?,
        measurements: list(measurements, Measurement::read)?,
    })
}

fn environment_map(item: Item) -> Result<Environment, ItemError> {
    let mut fields = Fields::of(item)?;
    let mut environment = match fields.optional(0, Fields::of)? {
        Some(class) => class_map(class)?,
        None => Environment::default(),
    };
    environment.not_read.extend(fields.rest().into_keys().map(|key| format!("environment {key}")));
    Ok(environment)
}

fn class_map(mut class: Fields) -> Result<Environment, ItemError> {
    let environment = Environment {
        class_id: class.optional(0, class_id)?,
        vendor: class.optional(1, Item::into_text)?,
        model: class.optional(2, Item::into_text)?,
        layer: class.optional(3, Item::into_integer)?,
        index: class.optional(4, Item::into_integer)?,
        not_read: Vec::new(),
    };
    let not_read = class.rest().into_keys().map(|key| format!("class {key}")).collect();
    Ok(Environment { not_read, ..environment })
}

fn class_id(item: Item) -> Result<Vec<u8>, ItemError> {
    item.tagged(&[OID_TAG, UUID_TAG, BYTES_TAG], "a class id")?.into_bytes()
}

fn profile(item: Item) -> Result<String, ItemError> {
    match item.strip(&[URI_TAG]) {
        Ok(uri) => uri.into_text(),
        Err(other) => other.tagged(&[OID_TAG], "a profile")?.into_bytes().map(hex::encode),
    }
}

pub(super) fn validity(item: Item) -> Result<Validity, ItemError> {
    let mut fields = Fields::of(item)?;
    let validity =
        Validity { not_before: fields.optional(0, time)?, not_after: fields.required(1, time)? };
    fields.finish().map(|()| validity)
}

fn time(item: Item) -> Result<UnixTime, ItemError> {
    item.tagged(&[TIME_TAG], "a time")?.into_integer().map(UnixTime::from_secs)
}

fn tag_id(item: Item) -> Result<TagId, ItemError> {
    let uuid = |bytes: Vec<u8>| {
        bytes.try_into().map(TagId::Uuid).map_err(|_| ItemError::new("a UUID has 16 bytes"))
    };
    if let Item::Text(text) = item {
        return Ok(TagId::Text(text));
    }
    let (Ok(bytes) | Err(bytes)) = item.strip(&[UUID_TAG]);
    bytes.into_bytes().and_then(uuid)
}

fn list<T>(item: Item, read: impl Fn(Item) -> Result<T, ItemError>) -> Result<Vec<T>, ItemError> {
    item.into_array()?.into_iter().map(read).collect()
}
