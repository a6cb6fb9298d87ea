//! The CBOR that is signed.
//!
//! ```text
//!  { 1: 1, 2: created, 3: expires,
//!    4: [ [key, [index of content, ...]], ... ]    in order of the encoded keys
//!    5: [ content, ... ] }                         in order of SHA-384
//! ```

use std::collections::BTreeMap;

use minicbor::Decoder;
use minicbor::decode::Error;

use super::error::BundleError;
use super::key::Key;
use super::{Bundle, Entry, content};
use crate::bytes::Digest48;
use crate::cbor::Writer;
use crate::limits::{BUNDLE_BYTES_MAX, BUNDLE_ENTRIES_MAX};
use crate::time::UnixTime;

const VERSION: u8 = 1;

/// More contents than the entries could refer to: three each.
const CONTENTS_MAX: usize = BUNDLE_ENTRIES_MAX * 3;

pub(super) fn encode(bundle: &Bundle) -> Result<Vec<u8>, BundleError> {
    let parts = bundle.entries.iter().flat_map(|entry| &entry.parts);
    let contents: BTreeMap<Digest48, &[u8]> =
        parts.map(|part| (Digest48::sha384(part), part.as_slice())).collect();
    let places: BTreeMap<&Digest48, u64> = contents.keys().zip(0..).collect();
    let mut e = Writer::default();
    write(&mut e, bundle, &contents, &places)?;
    Ok(e.into_bytes())
}

fn write(
    e: &mut Writer,
    bundle: &Bundle,
    contents: &BTreeMap<Digest48, &[u8]>,
    places: &BTreeMap<&Digest48, u64>,
) -> Result<(), BundleError> {
    e.map(5).unsigned(1).unsigned(VERSION.into());
    e.unsigned(2).unsigned(bundle.created.as_secs());
    e.unsigned(3).unsigned(bundle.expires.as_secs());
    e.unsigned(4).array(bundle.entries.len());
    for entry in &bundle.entries {
        e.array(2).raw(&entry.key.encode()).array(entry.parts.len());
        for digest in entry.digests() {
            let place = places.get(&digest).copied();
            e.unsigned(place.ok_or_else(|| BundleError::malformed("a content is missing"))?);
        }
    }
    e.unsigned(5).array(contents.len());
    for content in contents.values() {
        e.bytes(content);
    }
    Ok(())
}

/// Reads the payload; refuses anything that would not encode back to the same bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let mut d = Decoder::new(bytes);
    let read = Payload::read(&mut d).map_err(|e| BundleError::malformed(e.to_string()))?;
    let (created, stated) = (read.created, read.expires);
    let bundle = content::assembled(created, read.entries()?)?;
    if bundle.expires != stated {
        return Err(BundleError::malformed(format!(
            "it says that it ends at {stated}, and what is inside ends at {}",
            bundle.expires
        )));
    }
    if encode(&bundle)? != bytes {
        return Err(BundleError::malformed(
            "not in deterministic form, or with contents that no entry refers to",
        ));
    }
    Ok(bundle)
}

/// An entry before its contents are read.
pub(super) type Contents = (Key, Vec<Vec<u8>>);

struct Payload<'b> {
    created: UnixTime,
    expires: UnixTime,
    index: Vec<(Key, Vec<usize>)>,
    contents: Vec<&'b [u8]>,
}

impl<'b> Payload<'b> {
    fn read(d: &mut Decoder<'b>) -> Result<Self, Error> {
        if d.map()? != Some(5) {
            return Err(Error::message("not a map of five"));
        }
        label(d, 1)?;
        if d.u8()? != VERSION {
            return Err(Error::message("a version that is not known"));
        }
        label(d, 2)?;
        let created = UnixTime::from_secs(d.u64()?);
        label(d, 3)?;
        let expires = UnixTime::from_secs(d.u64()?);
        label(d, 4)?;
        let entries = length(d, BUNDLE_ENTRIES_MAX)?;
        let index = (0..entries).map(|_| entry(d)).collect::<Result<_, _>>()?;
        label(d, 5)?;
        let contents = length(d, CONTENTS_MAX)?;
        let contents = (0..contents).map(|_| d.bytes()).collect::<Result<_, _>>()?;
        Ok(Self { created, expires, index, contents })
    }

    fn entries(self) -> Result<Vec<Contents>, BundleError> {
        let mut copied = 0_usize;
        let mut entries = Vec::with_capacity(self.index.len());
        for (key, places) in self.index {
            let parts = places
                .iter()
                .map(|place| self.contents.get(*place).map(|part| part.to_vec()))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| BundleError::malformed("an entry refers to nothing"))?;
            // Contents may be shared; a small file must not become a large one in memory.
            copied = parts.iter().map(Vec::len).fold(copied, usize::saturating_add);
            if copied > BUNDLE_BYTES_MAX {
                return Err(BundleError::malformed("its entries hold more than a bundle may"));
            }
            entries.push((key, parts));
        }
        Ok(entries)
    }
}

fn entry(d: &mut Decoder<'_>) -> Result<(Key, Vec<usize>), Error> {
    if d.array()? != Some(2) {
        return Err(Error::message("an entry is not a pair"));
    }
    let key = Key::read(d)?;
    if length(d, key.parts())? != key.parts() {
        return Err(Error::message("an entry has another number of contents"));
    }
    let place = |d: &mut Decoder<'_>| {
        usize::try_from(d.u64()?).map_err(|_| Error::message("an entry refers to nothing"))
    };
    let places = (0..key.parts()).map(|_| place(d)).collect::<Result<_, _>>()?;
    Ok((key, places))
}

fn label(d: &mut Decoder<'_>, expected: u8) -> Result<(), Error> {
    if d.u8()? == expected { Ok(()) } else { Err(Error::message("fields are out of order")) }
}

/// The length of an array, which has to be given and at most `max`.
fn length(d: &mut Decoder<'_>, max: usize) -> Result<usize, Error> {
    let len = d.array()?.and_then(|len| usize::try_from(len).ok());
    len.filter(|len| *len <= max).ok_or_else(|| Error::message("a list is too long"))
}

/// The order in which entries stand, and the one in which each key is there once.
pub(super) fn ordered(entries: impl IntoIterator<Item = Entry>) -> Result<Vec<Entry>, BundleError> {
    let mut by_key = BTreeMap::new();
    for entry in entries {
        let key = entry.key.clone();
        if by_key.insert(key.encode(), entry).is_some() {
            return Err(BundleError::malformed(format!("{key} is there twice")));
        }
    }
    if by_key.len() > BUNDLE_ENTRIES_MAX {
        return Err(BundleError::malformed(format!("more than {BUNDLE_ENTRIES_MAX} entries")));
    }
    Ok(by_key.into_values().collect())
}
