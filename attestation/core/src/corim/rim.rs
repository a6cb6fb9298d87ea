//! One image's Reference Values as a CoRIM of our own profile.

use super::read::{COMID_TAG, CORIM_TAG, TIME_TAG, URI_TAG};
use super::{Corim, CorimError, Link, TagId, Validity, tuple};
use crate::item::Item;
use crate::limits::CORIM_BYTES_MAX;
use crate::reference::{ReferenceTuple, ReferenceValues};
use crate::time::UnixTime;

/// `profile` of every CoRIM of ours.
pub const PROFILE: &str = "tag:cloister.invalid,2026:corim/1";

/// Reference Values of one image, with what their publisher says about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRim {
    /// What is measured, in every launch shape.
    pub values: ReferenceValues,
    /// `tag-version`: grows when the same image is published again.
    pub revision: u64,
    /// The versions of the same image that this one takes the place of.
    pub replaces: Vec<String>,
    /// When the values hold.
    pub validity: Validity,
}

impl ImageRim {
    /// The one encoding, unsigned.
    ///
    /// # Errors
    /// [`CorimError::Malformed`] or [`CorimError::Profile`] for values that no reader would take.
    pub fn encode(&self) -> Result<Vec<u8>, CorimError> {
        let bytes = self.write()?;
        if Self::decode(&bytes)? == *self {
            Ok(bytes)
        } else {
            Err(CorimError::profile("values that would not read back"))
        }
    }

    /// Reads the one encoding.
    ///
    /// # Security
    /// Nobody has signed what this returns: [`super::SignedCorim::verified_by`] reads what
    /// somebody has.
    ///
    /// # Errors
    /// [`CorimError`] for anything that [`Self::encode`] would not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, CorimError> {
        let rim = Self::read(&Corim::parse(bytes)?)?;
        if rim.write()? == bytes {
            Ok(rim)
        } else {
            Err(CorimError::profile("it has other parts, or another encoding"))
        }
    }

    fn write(&self) -> Result<Vec<u8>, CorimError> {
        let tuples = self.values.tuples().map(|it| tuple::write(&it));
        let triples = tuples.collect::<Result<Vec<_>, _>>()?;
        let identity = Item::map([
            (0, tag(&self.values.image, &self.values.version)),
            (1, Item::Integer(self.revision.into())),
        ]);
        let mut comid = vec![(1, identity), (4, Item::map([(0, Item::Array(triples))]))];
        if !self.replaces.is_empty() {
            let links = self.replaces.iter().map(|version| {
                Item::map([(0, tag(&self.values.image, version)), (1, Item::Integer(REPLACES))])
            });
            comid.push((3, Item::Array(links.collect())));
        }
        let comid = Item::Bytes(Item::map::<i128>(comid).to_cbor());
        let corim = Item::map([
            (0, tag(&self.values.image, &self.values.version)),
            (1, Item::Array(vec![Item::Tagged(COMID_TAG, Box::new(comid))])),
            (3, Item::Tagged(URI_TAG, Box::new(Item::text(PROFILE)))),
            (4, validity(&self.validity)),
        ]);
        let bytes = Item::Tagged(CORIM_TAG, Box::new(corim)).to_cbor();
        if bytes.len() > CORIM_BYTES_MAX {
            return Err(CorimError::Malformed { reason: "longer than 256 KiB".to_owned() });
        }
        Ok(bytes)
    }

    fn read(corim: &Corim) -> Result<Self, CorimError> {
        if corim.profile.as_deref() != Some(PROFILE) {
            return Err(CorimError::profile("it names another profile, or none"));
        }
        let validity =
            corim.validity.ok_or_else(|| CorimError::profile("rim-validity is missing"))?;
        let [comid] = corim.comids.as_slice() else {
            return Err(CorimError::profile("not exactly one image"));
        };
        let tuples = comid.references.iter().map(tuple::read).collect::<Result<Vec<_>, _>>()?;
        let values = values(tuples)?;
        let prefix = format!("{}/", values.image);
        let replaces = comid.links.iter().map(|link| replaced(link, &prefix));
        Ok(Self {
            replaces: replaces.collect::<Result<_, _>>()?,
            values,
            revision: comid.version,
            validity,
        })
    }
}

/// SPEC: draft-ietf-rats-corim section 5.1.3, `$tag-rel-type-choice`.
const REPLACES: i128 = 1;

fn tag(image: &str, version: &str) -> Item {
    Item::Text(format!("{image}/{version}"))
}

fn replaced(link: &Link, prefix: &str) -> Result<String, CorimError> {
    match &link.tag {
        TagId::Text(tag) if link.replaces => tag
            .strip_prefix(prefix)
            .map(str::to_owned)
            .ok_or_else(|| CorimError::profile("it replaces another image")),
        TagId::Text(_) | TagId::Uuid(_) => Err(CorimError::profile("a link of another kind")),
    }
}

fn values(tuples: Vec<ReferenceTuple>) -> Result<ReferenceValues, CorimError> {
    let Some(first) = tuples.first() else {
        return Err(CorimError::profile("there is no launch shape"));
    };
    let same = |tuple: &ReferenceTuple| {
        (&tuple.image, &tuple.version, tuple.manifest)
            == (&first.image, &first.version, first.manifest)
    };
    if !tuples.iter().all(same) {
        return Err(CorimError::profile("tuples of several images"));
    }
    let (image, version, manifest) = (first.image.clone(), first.version.clone(), first.manifest);
    let shapes = tuples.into_iter().map(|tuple| tuple.shape).collect();
    let values = ReferenceValues { image, version, manifest, shapes };
    values.check().map_err(|error| CorimError::profile(error.to_string()))?;
    Ok(values)
}

fn validity(validity: &Validity) -> Item {
    let time = |at: UnixTime| Item::Tagged(TIME_TAG, Box::new(Item::Integer(at.as_secs().into())));
    let from = validity.not_before.map(|at| (0, time(at)));
    Item::map::<i128>(from.into_iter().chain([(1, time(validity.not_after))]))
}
