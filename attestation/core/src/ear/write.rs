//! Claims to either form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::label::{self, Label};
use super::read::claim_key;
use super::{Appraisal, Ear, EarError, Format, TrustVector};
use crate::bytes::hex;
use crate::item::{Item, Key};
use crate::result::Tier;
use crate::time::UnixTime;

type Entry = (Key, Item);

impl Ear {
    /// The claims as the payload of a signed result: deterministic for CBOR.
    pub(super) fn encode(&self, format: Format) -> Result<Vec<u8>, EarError> {
        let item = Item::map(Writer { format }.ear(self)?);
        Ok(match format {
            Format::Jwt => item.to_json().to_string().into_bytes(),
            Format::Cwt => item.to_cbor(),
        })
    }
}

#[derive(Clone, Copy)]
struct Writer {
    format: Format,
}

impl Writer {
    fn ear(self, ear: &Ear) -> Result<Vec<Entry>, EarError> {
        let mut entries = vec![
            self.entry(label::PROFILE, Item::text(&ear.profile)),
            self.entry(label::IAT, time(ear.issued_at)),
            self.entry(
                label::VERIFIER,
                Item::map([
                    self.entry(label::DEVELOPER, Item::text(&ear.verifier.developer)),
                    self.entry(label::BUILD, Item::text(&ear.verifier.build)),
                ]),
            ),
            self.entry(label::SUBMODS, self.submodules(&ear.appraisals)?),
        ];
        let optional = [
            (label::ISS, ear.issuer.as_ref().map(Item::text)),
            (label::AUD, ear.audience.as_ref().map(Item::text)),
            (label::EXP, ear.expires_at.map(time)),
            (label::ID, ear.id.as_deref().map(|id| self.id(id)).transpose()?),
            (label::NONCE, ear.nonce.as_deref().map(|nonce| self.nonce(nonce))),
        ];
        entries.extend(
            optional.into_iter().filter_map(|(label, item)| Some(self.entry(label, item?))),
        );
        Ok(entries)
    }

    fn entry(self, label: Label, item: Item) -> Entry {
        (label.key(self.format), item)
    }

    fn id(self, id: &str) -> Result<Item, EarError> {
        match self.format {
            Format::Jwt => Ok(Item::text(id)),
            Format::Cwt => hex::decode(id)
                .map(Item::Bytes)
                .ok_or_else(|| EarError::malformed("an id that is not hex has no CBOR form")),
        }
    }

    fn nonce(self, nonce: &[u8]) -> Item {
        match self.format {
            Format::Jwt => Item::Text(URL_SAFE_NO_PAD.encode(nonce)),
            Format::Cwt => Item::Bytes(nonce.to_vec()),
        }
    }

    fn submodules(self, appraisals: &[(String, Appraisal)]) -> Result<Item, EarError> {
        let entries = appraisals.iter().map(|(name, appraisal)| {
            Ok((Key::Text(name.clone()), Item::map(self.appraisal(appraisal)?)))
        });
        entries.collect::<Result<Vec<Entry>, EarError>>().map(Item::map)
    }

    fn appraisal(self, appraisal: &Appraisal) -> Result<Vec<Entry>, EarError> {
        let mut entries = vec![self.entry(label::STATUS, self.status(appraisal.status))];
        // SPEC: draft-ietf-rats-ar4si: a vector is not empty.
        if appraisal.vector != TrustVector::default() {
            let claims = appraisal.vector.made();
            let claims = claims
                .map(|(claim, value)| (claim_key(claim, self.format), Item::Integer(value.into())));
            entries.push(self.entry(label::VECTOR, Item::map(claims)));
        }
        if !appraisal.policies.is_empty() {
            let policies = appraisal.policies.iter().map(Item::text).collect();
            entries.push(self.entry(label::POLICIES, Item::Array(policies)));
        }
        if let Some(facts) = &appraisal.facts {
            entries.extend(facts.entries()?);
        }
        Ok(entries)
    }

    fn status(self, tier: Tier) -> Item {
        match self.format {
            Format::Jwt => Item::Text(tier.to_string()),
            Format::Cwt => Item::Integer(match tier {
                Tier::None => 0,
                Tier::Affirming => 2,
                Tier::Warning => 32,
                Tier::Contraindicated => 96,
            }),
        }
    }
}

fn time(at: UnixTime) -> Item {
    Item::Integer(at.as_secs().into())
}
