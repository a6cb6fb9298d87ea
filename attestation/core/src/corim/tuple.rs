//! One tuple as a reference triple: everything that pins it under one environment, so that it is
//! matched together or not at all.

use super::measurement::{BYTES_TAG, DIGESTS, MKEY, MVAL, NAME, RAW_VALUE, REGISTERS, VERSION};
use super::{CorimError, Environment, Measurement, MeasurementKey, NamedDigest, Reference};
use crate::bytes::{Digest48, HostData};
use crate::evidence::Tee;
use crate::item::Item;
use crate::reference::{LaunchShape, ReferenceTuple};
use crate::tpm::{self, MeasuredPcr, MeasuredPcrs};

const VENDOR: &str = "cloister";
const IMAGE: &str = "image";
const MANIFEST: &str = "manifest";
const MEASUREMENT: &str = "measurement";
const HOST_DATA: &str = "host_data";
const PCR: &str = "pcr";
const MR_TD: &str = "mr_td";
const RTMR: &str = "rtmr";
const MR_CONFIG_ID: &str = "mr_config_id";
const MR_OWNER: &str = "mr_owner";
const MR_OWNER_CONFIG: &str = "mr_owner_config";

/// What stands before the model and the keys of what the hardware measures, where that is Azure's
/// paravisor and not the guest.
const AZURE: &str = "azure-";
const PARAVISOR: &str = "paravisor_";

/// The triple of one tuple.
pub(super) fn write(tuple: &ReferenceTuple) -> Result<Item, CorimError> {
    let version = Item::map([(0, Item::text(&tuple.version))]);
    let image = Item::map([(VERSION, version), (NAME, Item::text(&tuple.image))]);
    let mut measurements = vec![entry(IMAGE, image), digest(MANIFEST, &tuple.manifest)];
    measurements.extend(match &tuple.shape {
        LaunchShape::Azure { paravisor, pcrs: values } => {
            let mut entries = hardware(PARAVISOR, paravisor)?;
            entries.push(pcrs(values));
            entries
        }
        shape @ (LaunchShape::Snp { .. } | LaunchShape::Tdx { .. }) => hardware("", shape)?,
    });
    let class = Item::map([(1, Item::text(VENDOR)), (2, Item::Text(model(&tuple.shape)))]);
    Ok(Item::Array(vec![Item::map([(0, class)]), Item::Array(measurements)]))
}

fn model(shape: &LaunchShape) -> String {
    let route = if matches!(shape, LaunchShape::Azure { .. }) { AZURE } else { "" };
    format!("{route}{}", shape.tee())
}

/// What the hardware measures, each key behind `prefix`.
fn hardware(prefix: &str, shape: &LaunchShape) -> Result<Vec<Item>, CorimError> {
    let digest = |key, it| digest(&format!("{prefix}{key}"), it);
    let raw = |key, it: &[u8]| raw(&format!("{prefix}{key}"), it);
    Ok(match shape {
        LaunchShape::Snp { measurement, host_data } => {
            vec![digest(MEASUREMENT, measurement), raw(HOST_DATA, host_data.as_bytes())]
        }
        LaunchShape::Tdx { mr_td, rtmr, mr_config_id, mr_owner, mr_owner_config } => vec![
            digest(MR_TD, mr_td),
            rtmrs(&format!("{prefix}{RTMR}"), rtmr),
            raw(MR_CONFIG_ID, mr_config_id.as_bytes()),
            raw(MR_OWNER, mr_owner.as_bytes()),
            raw(MR_OWNER_CONFIG, mr_owner_config.as_bytes()),
        ],
        LaunchShape::Azure { .. } => {
            return Err(CorimError::profile("a paravisor behind a paravisor"));
        }
    })
}

fn entry(key: &str, values: Item) -> Item {
    Item::map([(MKEY, Item::text(key)), (MVAL, values)])
}

fn digest(key: &str, digest: &Digest48) -> Item {
    let digests = Item::Array(vec![NamedDigest::item(digest.as_bytes())]);
    entry(key, Item::map([(DIGESTS, digests)]))
}

fn raw(key: &str, bytes: &[u8]) -> Item {
    let value = Item::Tagged(BYTES_TAG, Box::new(Item::Bytes(bytes.to_vec())));
    entry(key, Item::map([(RAW_VALUE, value)]))
}

fn rtmrs(key: &str, rtmr: &[Digest48; 4]) -> Item {
    let register = |(index, it): (i128, &Digest48)| (index, NamedDigest::item(it.as_bytes()));
    registers(key, (0..).zip(rtmr).map(register))
}

fn pcrs(values: &MeasuredPcrs) -> Item {
    let register = |(pcr, value): (MeasuredPcr, &tpm::Digest)| {
        (i128::from(pcr.index()), NamedDigest::pcr_item(value))
    };
    registers(PCR, values.iter().map(register))
}

fn registers(key: &str, digests: impl Iterator<Item = (i128, Item)>) -> Item {
    let registers = digests.map(|(index, digest)| (index, Item::Array(vec![digest])));
    entry(key, Item::map([(REGISTERS, Item::map::<i128>(registers))]))
}

/// The tuple of one triple. What this passes over is found when it is written again.
pub(super) fn read(triple: &Reference) -> Result<ReferenceTuple, CorimError> {
    let Environment { vendor, model, .. } = &triple.environment;
    if vendor.as_deref() != Some(VENDOR) {
        return Err(CorimError::profile("an environment of another vendor"));
    }
    let model = model.as_deref().unwrap_or_default();
    let found = Found { measurements: &triple.measurements, prefix: "" };
    let shape = match model.strip_prefix(AZURE) {
        Some(tee) => LaunchShape::Azure {
            paravisor: Box::new(Found { prefix: PARAVISOR, ..found }.hardware(tee)?),
            pcrs: found.pcrs()?,
        },
        None => found.hardware(model)?,
    };
    let image = found.of(IMAGE)?;
    let (Some(name), Some(version)) = (&image.name, &image.version) else {
        return Err(CorimError::profile("the image has no name or no version"));
    };
    Ok(ReferenceTuple {
        image: name.clone(),
        version: version.clone(),
        manifest: found.digest(MANIFEST)?,
        shape,
    })
}

/// The measurements of a triple, and what stands before the keys that are asked for.
#[derive(Clone, Copy)]
struct Found<'a> {
    measurements: &'a [Measurement],
    prefix: &'static str,
}

impl Found<'_> {
    /// What the hardware of this model measures.
    fn hardware(&self, tee: &str) -> Result<LaunchShape, CorimError> {
        if tee == Tee::Snp.to_string() {
            self.snp()
        } else if tee == Tee::Tdx.to_string() {
            self.tdx()
        } else {
            Err(CorimError::profile("an environment of an unknown model"))
        }
    }

    fn snp(&self) -> Result<LaunchShape, CorimError> {
        let host_data = HostData::from_slice(self.raw(HOST_DATA)?);
        let host_data = host_data.ok_or_else(|| lacking(HOST_DATA))?;
        Ok(LaunchShape::Snp { measurement: self.digest(MEASUREMENT)?, host_data })
    }

    fn tdx(&self) -> Result<LaunchShape, CorimError> {
        let fixed = |key| Digest48::from_slice(self.raw(key)?).ok_or_else(|| lacking(key));
        Ok(LaunchShape::Tdx {
            mr_td: self.digest(MR_TD)?,
            rtmr: self.rtmr()?,
            mr_config_id: fixed(MR_CONFIG_ID)?,
            mr_owner: fixed(MR_OWNER)?,
            mr_owner_config: fixed(MR_OWNER_CONFIG)?,
        })
    }

    fn of(&self, key: &str) -> Result<&Measurement, CorimError> {
        let is_named = |name: &str| name.strip_prefix(self.prefix) == Some(key);
        let named = |measurement: &&Measurement| matches!(&measurement.key, Some(MeasurementKey::Text(name)) if is_named(name));
        self.measurements.iter().find(named).ok_or_else(|| lacking(key))
    }

    fn digest(&self, key: &str) -> Result<Digest48, CorimError> {
        sha384(&self.of(key)?.digests).ok_or_else(|| lacking(key))
    }

    fn raw(&self, key: &str) -> Result<&[u8], CorimError> {
        self.of(key)?.raw_value.as_deref().ok_or_else(|| lacking(key))
    }

    fn rtmr(&self) -> Result<[Digest48; 4], CorimError> {
        let registers = &self.of(RTMR)?.registers;
        let digests: Option<Vec<Digest48>> = registers.iter().map(|(_, it)| sha384(it)).collect();
        digests.and_then(|it| it.try_into().ok()).ok_or_else(|| lacking(RTMR))
    }

    fn pcrs(&self) -> Result<MeasuredPcrs, CorimError> {
        let registers = &self.of(PCR)?.registers;
        let values = registers.iter().map(|(index, digests)| {
            let [digest] = digests.as_slice() else { return None };
            Some((MeasuredPcr::new(index.parse().ok()?)?, digest.pcr()?))
        });
        let values: Option<Vec<_>> = values.collect();
        MeasuredPcrs::new(values.ok_or_else(|| lacking(PCR))?).map_err(CorimError::profile)
    }
}

fn sha384(digests: &[NamedDigest]) -> Option<Digest48> {
    let [digest] = digests else { return None };
    Digest48::from_slice(digest.sha384()?)
}

fn lacking(key: &str) -> CorimError {
    CorimError::profile(format!("the measurement {key} is missing or of another form"))
}
