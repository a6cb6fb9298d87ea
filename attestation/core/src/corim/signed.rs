//! A CoRIM that its publisher signed.
//!
//! SPEC: draft-ietf-rats-corim section 4.2, RFC 9052 section 4.2.

use super::read::{CORIM_TAG, SIGNED_TAG, kind, tree, validity};
use super::{Corim, CorimError, ImageRim, PublisherKey, PublisherSigningKey, Validity};
use crate::cose::to_be_signed;
use crate::item::{Fields, Item, ItemError};
use crate::time::UnixTime;

const CONTENT_TYPE: &str = "application/rim+cbor";
// SPEC: RFC 9052 section 3.1; draft-ietf-rats-corim section 4.2.1.
const ALGORITHM: i128 = 1;
const CONTENT: i128 = 3;
const KID: i128 = 4;
const META: i128 = 8;

/// A signed CoRIM, whose signature has not been verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCorim {
    algorithm: i128,
    signer: String,
    validity: Option<Validity>,
    payload: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl SignedCorim {
    /// Whether bytes begin as a signed CoRIM does.
    #[must_use]
    pub fn is_one(bytes: &[u8]) -> bool {
        // The tag's one encoding in a byte.
        bytes.first() == Some(&0xd2)
    }

    /// Reads received bytes.
    ///
    /// # Errors
    /// [`CorimError::Kind`] for what is no COSE_Sign1 over a CoRIM, [`CorimError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CorimError> {
        let parts = match tree(bytes)?.strip(&[SIGNED_TAG]) {
            Ok(parts) => parts.into_array()?,
            Err(Item::Tagged(CORIM_TAG, _)) => return Err(CorimError::Unsigned),
            Err(other) => return Err(CorimError::Kind { found: kind(&other) }),
        };
        let [protected, unprotected, payload, signature] = <[Item; 4]>::try_from(parts)
            .map_err(|_| ItemError::new("a COSE_Sign1 has four parts"))?;
        // SECURITY: what is unprotected nobody has signed, so nothing may stand there.
        Fields::of(unprotected)?.finish()?;
        let (protected, payload) = (protected.into_bytes()?, payload.into_bytes()?);
        let header = Header::read(&protected)?;
        Ok(Self {
            algorithm: header.algorithm,
            signer: header.signer,
            validity: header.validity,
            signed: to_be_signed(&protected, &payload),
            payload,
            signature: signature.into_bytes()?,
        })
    }

    /// Whom the file says that it is by. The key says so, not the name.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// The CoRIM inside, for showing it to somebody who is told that nobody has verified it.
    ///
    /// # Errors
    /// As [`Corim::parse`].
    pub fn dangerous_unverified(&self) -> Result<Corim, CorimError> {
        Corim::parse(&self.payload)
    }

    /// The image's Reference Values, once `key` is known to have signed them and they hold at
    /// `now`.
    ///
    /// # Errors
    /// [`CorimError`] with the first thing that does not hold: algorithm, signature, profile,
    /// dates.
    pub fn verified_by(&self, key: &PublisherKey, now: UnixTime) -> Result<ImageRim, CorimError> {
        if self.algorithm != key.algorithm() {
            return Err(CorimError::Algorithm);
        }
        if !key.verifies(&self.signed, &self.signature) {
            return Err(CorimError::Signature);
        }
        let rim = ImageRim::decode(&self.payload)?;
        let dates = self.validity.iter().chain([&rim.validity]);
        if dates.into_iter().all(|validity| validity.holds_at(now)) {
            Ok(rim)
        } else {
            Err(CorimError::Validity { now })
        }
    }
}

impl ImageRim {
    /// Signs with the algorithm of `key`, in the name of `signer`.
    ///
    /// # Errors
    /// As [`Self::encode`], and [`CorimError::Signing`].
    pub fn sign(&self, key: &PublisherSigningKey, signer: &str) -> Result<Vec<u8>, CorimError> {
        let payload = self.encode()?;
        let meta = Item::map([(0, Item::map([(0, Item::text(signer))]))]).to_cbor();
        let protected = Item::map([
            (ALGORITHM, Item::Integer(key.algorithm())),
            (CONTENT, Item::text(CONTENT_TYPE)),
            (META, Item::Bytes(meta)),
        ])
        .to_cbor();
        let signature = key.sign(&to_be_signed(&protected, &payload))?;
        let parts = vec![
            Item::Bytes(protected),
            Item::Map(std::collections::BTreeMap::new()),
            Item::Bytes(payload),
            Item::Bytes(signature),
        ];
        Ok(Item::Tagged(SIGNED_TAG, Box::new(Item::Array(parts))).to_cbor())
    }
}

struct Header {
    algorithm: i128,
    signer: String,
    validity: Option<Validity>,
}

impl Header {
    fn read(protected: &[u8]) -> Result<Self, CorimError> {
        let mut fields = Fields::of(Item::from_cbor(protected)?)?;
        let algorithm = fields.required(ALGORITHM, Item::into_integer)?;
        let content = fields.required(CONTENT, Item::into_text)?;
        if content != CONTENT_TYPE {
            return Err(CorimError::Kind { found: "a signed message of another type".to_owned() });
        }
        fields.optional(KID, Item::into_bytes)?;
        let meta = fields.required(META, Item::into_bytes)?;
        fields.finish()?;
        let mut meta = Fields::of(Item::from_cbor(&meta)?)?;
        let mut signer = Fields::of(meta.required(0, Ok)?)?;
        let name = signer.required(0, Item::into_text)?;
        signer.optional(1, Ok)?;
        signer.finish()?;
        let validity = meta.optional(1, validity)?;
        meta.finish()?;
        Ok(Self { algorithm, signer: name, validity })
    }
}
