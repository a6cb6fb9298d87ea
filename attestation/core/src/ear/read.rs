//! Claims from either form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::label::{self, Label};
use super::vector::TrustClaim;
use super::{Appraisal, Ear, EarError, Facts, Format, TrustVector, VerifierId};
use crate::bytes::hex;
use crate::item::{Fields, Item, ItemError, Key};
use crate::limits::{AUDIENCE_BYTES_MAX, RESULT_BYTES_MAX};
use crate::result::Tier;
use crate::time::UnixTime;

/// SPEC: RFC 9711 section 4.1.
const NONCE_BYTES: core::ops::RangeInclusive<usize> = 8..=64;

impl Ear {
    /// Reads the claims of any EAR in JSON.
    ///
    /// # Security
    /// Nobody has signed what this returns. [`super::verify`] reads what somebody has.
    ///
    /// # Errors
    /// [`EarError::Malformed`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, EarError> {
        Self::decode(bytes, Format::Jwt)
    }

    /// Reads the claims of any EAR in CBOR.
    ///
    /// # Security
    /// As [`Self::from_json`].
    ///
    /// # Errors
    /// [`EarError::Malformed`].
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, EarError> {
        Self::decode(bytes, Format::Cwt)
    }

    pub(super) fn decode(bytes: &[u8], format: Format) -> Result<Self, EarError> {
        if bytes.len() > RESULT_BYTES_MAX {
            return Err(EarError::malformed("longer than 64 KiB"));
        }
        let item = match format {
            Format::Jwt => Item::from_json(bytes).and_then(modernised)?,
            Format::Cwt => Item::from_cbor(bytes)?,
        };
        Ok(Reader { format }.ear(Fields::of(item)?)?)
    }
}

/// Results of the earlier profile, with the names of today.
fn modernised(item: Item) -> Result<Item, ItemError> {
    let entries = item.into_map()?;
    if entries.get(&Key::from("eat_profile")) != Some(&Item::text(label::EARLIER_PROFILE)) {
        return Ok(Item::Map(entries));
    }
    renamed(Item::Map(entries))
}

fn renamed(item: Item) -> Result<Item, ItemError> {
    let Item::Map(entries) = item else { return Ok(item) };
    let mut modern = std::collections::BTreeMap::new();
    for (key, item) in entries {
        let key = Key::Text(label::modern(&key.to_string()));
        if modern.insert(key.clone(), renamed(item)?).is_some() {
            return Err(ItemError::new(format!("the key {key} is there twice")));
        }
    }
    Ok(Item::Map(modern))
}

#[derive(Clone, Copy)]
struct Reader {
    format: Format,
}

impl Reader {
    fn ear(self, mut fields: Fields) -> Result<Ear, ItemError> {
        let key = |label: Label| label.key(self.format);
        let ear = Ear {
            profile: fields.required(key(label::PROFILE), short_text)?,
            issuer: fields.optional(key(label::ISS), short_text)?,
            audience: fields.optional(key(label::AUD), short_text)?,
            issued_at: fields.required(key(label::IAT), time)?,
            expires_at: fields.optional(key(label::EXP), time)?,
            id: fields.optional(key(label::ID), |item| self.id(item))?,
            nonce: fields.optional(key(label::NONCE), |item| self.nonce(item))?,
            verifier: fields.required(key(label::VERIFIER), |item| self.verifier(item))?,
            appraisals: fields.required(key(label::SUBMODS), |item| self.submodules(item))?,
            extensions: Vec::new(),
        };
        Ok(Ear { extensions: names(fields), ..ear })
    }

    /// Hex, so that both forms of one result have one id.
    fn id(self, item: Item) -> Result<String, ItemError> {
        match self.format {
            Format::Jwt => short_text(item),
            Format::Cwt => item.into_bytes().map(hex::encode),
        }
    }

    fn nonce(self, item: Item) -> Result<Vec<u8>, ItemError> {
        let bytes = match self.format {
            Format::Jwt => URL_SAFE_NO_PAD
                .decode(item.into_text()?)
                .map_err(|_| ItemError::new("not base64url"))?,
            Format::Cwt => item.into_bytes()?,
        };
        if NONCE_BYTES.contains(&bytes.len()) {
            Ok(bytes)
        } else {
            Err(ItemError::new("not 8 to 64 bytes"))
        }
    }

    fn verifier(self, item: Item) -> Result<VerifierId, ItemError> {
        let mut fields = Fields::of(item)?;
        let id = VerifierId {
            developer: fields.required(label::DEVELOPER.key(self.format), short_text)?,
            build: fields.required(label::BUILD.key(self.format), short_text)?,
        };
        fields.finish().map(|()| id)
    }

    fn submodules(self, item: Item) -> Result<Vec<(String, Appraisal)>, ItemError> {
        let entries = item.into_map()?;
        if entries.is_empty() {
            return Err(ItemError::new("there is none"));
        }
        let read = |(key, item)| {
            let Key::Text(name) = key else {
                return Err(ItemError::new("a submodule is not named by a text"));
            };
            let fields = Fields::of(item).map_err(|error| error.within(&name))?;
            let appraisal = self.appraisal(fields).map_err(|error| error.within(&name))?;
            Ok((name, appraisal))
        };
        entries.into_iter().map(read).collect()
    }

    fn appraisal(self, mut fields: Fields) -> Result<Appraisal, ItemError> {
        let key = |label: Label| label.key(self.format);
        let status = fields.required(key(label::STATUS), |item| self.status(&item))?;
        let vector = fields.optional(key(label::VECTOR), |item| self.vector(item))?;
        let policies = match fields.optional(key(label::POLICIES), texts)? {
            Some(policies) => policies,
            None => fields.optional(label::EARLIER_POLICY, short_text)?.into_iter().collect(),
        };
        let (ours, others): (std::collections::BTreeMap<_, _>, _) =
            fields.rest().into_iter().partition(|(key, _)| is_fact(key));
        let facts = (!ours.is_empty()).then(|| Facts::read(&Item::Map(ours))).transpose()?;
        Ok(Appraisal {
            status,
            vector: vector.unwrap_or_default(),
            policies,
            facts,
            extensions: others.into_keys().map(|key| key.to_string()).collect(),
        })
    }

    fn status(self, item: &Item) -> Result<Tier, ItemError> {
        const TIERS: [(Tier, i128); 4] = [
            (Tier::None, 0),
            (Tier::Affirming, 2),
            (Tier::Warning, 32),
            (Tier::Contraindicated, 96),
        ];
        let found = TIERS.into_iter().find(|(tier, number)| match self.format {
            Format::Jwt => *item == Item::Text(tier.to_string()),
            Format::Cwt => *item == Item::Integer(*number),
        });
        found.map(|(tier, _)| tier).ok_or_else(|| ItemError::new("not one of the four tiers"))
    }

    fn vector(self, item: Item) -> Result<TrustVector, ItemError> {
        let mut fields = Fields::of(item)?;
        let mut vector = TrustVector::default();
        for claim in TrustClaim::ALL {
            let key = claim_key(claim, self.format);
            let value = fields.optional(key, Item::into_integer::<i8>)?;
            vector = vector.with(claim, value.unwrap_or_default());
        }
        fields.finish().map(|()| vector)
    }
}

pub(super) fn claim_key(claim: TrustClaim, format: Format) -> Key {
    match format {
        Format::Jwt => Key::from(claim.name()),
        // Eight claims: the index always fits.
        Format::Cwt => Key::from(i128::try_from(claim.index()).unwrap_or(i128::MAX)),
    }
}

fn is_fact(key: &Key) -> bool {
    matches!(key, Key::Text(name) if name.starts_with(label::FACTS))
}

fn names(fields: Fields) -> Vec<String> {
    fields.rest().into_keys().map(|key| key.to_string()).collect()
}

fn time(item: Item) -> Result<UnixTime, ItemError> {
    item.into_integer::<u64>().map(UnixTime::from_secs)
}

fn texts(item: Item) -> Result<Vec<String>, ItemError> {
    item.into_array()?.into_iter().map(short_text).collect()
}

fn short_text(item: Item) -> Result<String, ItemError> {
    let text = item.into_text()?;
    if text.is_empty() || text.len() > AUDIENCE_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(ItemError::new("empty, longer than 512 bytes, or with control characters"));
    }
    Ok(text)
}
