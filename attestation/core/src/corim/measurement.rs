//! One measurement of a triple.
//!
//! SPEC: draft-ietf-rats-corim section 5.1.4.5.

use std::collections::BTreeMap;

use crate::item::{Fields, Item, ItemError, Key};
use crate::tpm::{self, HashAlgorithm};

/// SPEC: draft-ietf-rats-corim, CBOR tags: raw bytes.
pub(super) const BYTES_TAG: u64 = 560;
const UUID_TAG: u64 = 37;
const OID_TAG: u64 = 111;
const SVN_TAG: u64 = 552;
const MIN_SVN_TAG: u64 = 553;

pub(super) const MKEY: i128 = 0;
pub(super) const MVAL: i128 = 1;
pub(super) const VERSION: i128 = 0;
const SVN: i128 = 1;
pub(super) const DIGESTS: i128 = 2;
pub(super) const RAW_VALUE: i128 = 4;
pub(super) const NAME: i128 = 11;
pub(super) const REGISTERS: i128 = 14;

/// SHA-256 and SHA-384 in IANA's "Named Information Hash Algorithm" registry.
const SHA256: i128 = 1;
const SHA384: i128 = 7;

/// What a measurement is of, within its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeasurementKey {
    /// A name.
    Text(String),
    /// A number.
    Number(u64),
    /// A UUID or an object identifier.
    Bytes(Vec<u8>),
}

/// A digest with the algorithm that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDigest {
    /// The algorithm's number in IANA's registry, in decimal, or its name.
    pub algorithm: String,
    /// The digest.
    pub bytes: Vec<u8>,
}

/// What is expected of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measurement {
    /// What it is of.
    pub key: Option<MeasurementKey>,
    /// `version`.
    pub version: Option<String>,
    /// `svn`, exact or the least.
    pub svn: Option<u64>,
    /// `digests`.
    pub digests: Vec<NamedDigest>,
    /// `raw-value`, without a mask.
    pub raw_value: Option<Vec<u8>>,
    /// `name`.
    pub name: Option<String>,
    /// `integrity-registers`, by index or name.
    pub registers: Vec<(String, Vec<NamedDigest>)>,
    /// What else is in it.
    pub not_read: Vec<String>,
}

impl NamedDigest {
    /// The bytes, if SHA-384 made them.
    #[must_use]
    pub fn sha384(&self) -> Option<&[u8]> {
        (self.algorithm == SHA384.to_string()).then_some(self.bytes.as_slice())
    }

    /// The value of a PCR, if one of the hashes of PCR banks made it.
    pub(super) fn pcr(&self) -> Option<tpm::Digest> {
        let bank = [(SHA256, HashAlgorithm::Sha256), (SHA384, HashAlgorithm::Sha384)]
            .into_iter()
            .find(|(number, _)| self.algorithm == number.to_string());
        tpm::Digest::from_slice(bank?.1, &self.bytes)
    }

    pub(super) fn item(bytes: &[u8]) -> Item {
        Self::of(SHA384, bytes)
    }

    pub(super) fn pcr_item(value: &tpm::Digest) -> Item {
        let algorithm = match value.algorithm() {
            HashAlgorithm::Sha256 => SHA256,
            HashAlgorithm::Sha384 => SHA384,
        };
        Self::of(algorithm, value.as_bytes())
    }

    fn of(algorithm: i128, bytes: &[u8]) -> Item {
        Item::Array(vec![Item::Integer(algorithm), Item::Bytes(bytes.to_vec())])
    }

    fn read(item: Item) -> Result<Self, ItemError> {
        let [algorithm, bytes] = <[Item; 2]>::try_from(item.into_array()?)
            .map_err(|_| ItemError::new("a digest is an algorithm and bytes"))?;
        let algorithm = if let Item::Integer(number) = algorithm {
            number.to_string()
        } else {
            algorithm.into_text()?
        };
        Ok(Self { algorithm, bytes: bytes.into_bytes()? })
    }
}

impl Measurement {
    pub(super) fn read(item: Item) -> Result<Self, ItemError> {
        let mut fields = Fields::of(item)?;
        let key = fields.optional(MKEY, read_key)?;
        let mut values = Fields::of(fields.required(MVAL, Ok)?)?;
        let mut measurement = Self {
            key,
            version: values.optional(VERSION, read_version)?,
            svn: values.optional(SVN, read_svn)?,
            digests: values.optional(DIGESTS, read_digests)?.unwrap_or_default(),
            raw_value: values.optional(RAW_VALUE, read_raw)?,
            name: values.optional(NAME, Item::into_text)?,
            registers: values.optional(REGISTERS, read_registers)?.unwrap_or_default(),
            not_read: Vec::new(),
        };
        let rest = fields.rest().into_keys().chain(values.rest().into_keys());
        measurement.not_read = rest.map(|key| format!("measurement {key}")).collect();
        Ok(measurement)
    }
}

fn read_key(item: Item) -> Result<MeasurementKey, ItemError> {
    if let Item::Text(name) = item {
        return Ok(MeasurementKey::Text(name));
    }
    match item.strip(&[UUID_TAG, OID_TAG]) {
        Ok(bytes) => bytes.into_bytes().map(MeasurementKey::Bytes),
        Err(number) => number.into_integer().map(MeasurementKey::Number),
    }
}

fn read_version(item: Item) -> Result<String, ItemError> {
    let mut fields = Fields::of(item)?;
    let version = fields.required(0, Item::into_text)?;
    // How versions compare: they are compared for being equal here.
    fields.optional(1, Item::into_integer::<i64>)?;
    fields.finish().map(|()| version)
}

fn read_svn(item: Item) -> Result<u64, ItemError> {
    let (Ok(svn) | Err(svn)) = item.strip(&[SVN_TAG, MIN_SVN_TAG]);
    svn.into_integer()
}

fn read_raw(item: Item) -> Result<Vec<u8>, ItemError> {
    item.tagged(&[BYTES_TAG], "tag 560")?.into_bytes()
}

fn read_digests(item: Item) -> Result<Vec<NamedDigest>, ItemError> {
    item.into_array()?.into_iter().map(NamedDigest::read).collect()
}

fn read_registers(item: Item) -> Result<Vec<(String, Vec<NamedDigest>)>, ItemError> {
    let registers: BTreeMap<Key, Item> = item.into_map()?;
    let read = |(key, item): (Key, Item)| Ok((key.to_string(), read_digests(item)?));
    registers.into_iter().map(read).collect()
}
