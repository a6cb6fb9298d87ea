//! The signatures that a card came with, and those that it leaves with.
//!
//! SPEC: A2A 1.0.1 section 8.4; RFC 7515.

use cloister_attestation::jwk::KeySet;
use cloister_attestation::jws::Detached;
use cloister_attestation::key::{KeyError, PublicKey};
use serde::{Deserialize, Serialize};

use super::CardError;
use super::canonical::Canonical;
use crate::limits::SIGNATURES_MAX;
use crate::object::Object;

/// What the local agent's own card has to be, by the measured configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPolicy {
    /// Whether it has to be signed.
    pub rule: SignatureRule,
    /// By one of these keys. None is ever fetched, and none is taken out of a card.
    pub keys: KeySet,
}

/// Whether an agent's own card has to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignatureRule {
    /// A card that no pinned key signed is not shown.
    Require,
    /// A card that is signed, and by no pinned key, is not shown.
    IfPresent,
    /// Signatures are removed unread.
    Off,
}

/// What is known of an agent's own signatures on its card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Origin {
    /// It has none.
    Unsigned,
    /// One by a pinned key holds.
    Verified,
    /// It has some, and nobody looked at them.
    Unchecked,
}

/// As it is in a card.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) protected: String,
    pub(super) signature: String,
}

impl OriginPolicy {
    /// Whether a card with or without signatures may be shown where none can be verified.
    pub(super) fn check_unverifiable(&self, is_signed: bool) -> Result<(), CardError> {
        match self.rule {
            SignatureRule::Off => Ok(()),
            SignatureRule::IfPresent if !is_signed => Ok(()),
            SignatureRule::IfPresent => Err(CardError::Signature),
            SignatureRule::Require => Err(CardError::Unsigned),
        }
    }

    /// What the signatures of a received card say about it.
    pub(super) fn judge(
        &self,
        card: &Object<'_>,
        canonical: &Canonical,
    ) -> Result<Origin, CardError> {
        let signatures = Signatures::of(card)?;
        match (self.rule, signatures.present) {
            (SignatureRule::Off, true) => Ok(Origin::Unchecked),
            (SignatureRule::Off | SignatureRule::IfPresent, false) => Ok(Origin::Unsigned),
            (SignatureRule::Require, false) => Err(CardError::Unsigned),
            (SignatureRule::Require | SignatureRule::IfPresent, true) => {
                let holds = self.holds(&signatures, canonical);
                if holds { Ok(Origin::Verified) } else { Err(CardError::Signature) }
            }
        }
    }

    /// Whether a pinned key made any of the signatures, over one of the card's texts.
    fn holds(&self, signatures: &Signatures, canonical: &Canonical) -> bool {
        let texts = canonical.distinct();
        signatures.readable.iter().any(|signature| {
            let key = self.keys.find(signature.kid());
            key.is_some_and(|key| {
                texts.iter().any(|text| signature.verify(text.as_bytes(), key).is_ok())
            })
        })
    }
}

/// That `key` signed all of a received card, what no version's schema knows included.
pub(super) fn check_whole(
    card: &Object<'_>,
    canonical: &Canonical,
    key: &PublicKey,
) -> Result<(), CardError> {
    let text = canonical.whole().as_bytes();
    let signatures = Signatures::of(card)?.readable;
    let holds = signatures.iter().any(|signature| signature.verify(text, key).is_ok());
    if holds { Ok(()) } else { Err(CardError::Signature) }
}

/// The signatures of a card.
struct Signatures {
    /// Whether there are any, of whatever kind.
    present: bool,
    /// The ones that can be verified: ES256, with a header that reads.
    readable: Vec<Detached>,
}

impl Signatures {
    fn of(card: &Object<'_>) -> Result<Self, CardError> {
        let Some(list) = card.get("signatures") else {
            return Ok(Self { present: false, readable: Vec::new() });
        };
        let list: Vec<Entry> =
            serde_json::from_str(list.get()).map_err(|_| CardError::Signature)?;
        if list.len() > SIGNATURES_MAX {
            return Err(CardError::Signature);
        }
        let read = |entry: &Entry| Detached::parse(&entry.protected, &entry.signature).ok();
        Ok(Self { present: !list.is_empty(), readable: list.iter().filter_map(read).collect() })
    }
}

/// The value of `signatures` for a card of these texts: one for each.
pub(super) fn signed(
    canonical: &Canonical,
    sign: impl Fn(&[u8]) -> Result<Detached, KeyError>,
) -> Result<Vec<Entry>, CardError> {
    let entries = canonical.distinct().into_iter().map(|text| {
        let made = sign(text.as_bytes()).map_err(|_| CardError::Signing)?;
        Ok(Entry { protected: made.protected().to_owned(), signature: made.signature() })
    });
    entries.collect()
}
