//! A bundle: one signed file with everything that verification without a network needs.
//!
//! ```text
//!  Draft --finish--> Bundle --sign--> bytes --open(signer)--> Bundle --in_force(now)--> checks
//!                      |                                        |
//!                      '-- audit(anchors, now)                  +-- audit, policy, references
//!                                                               '-- verify(evidence) --> VerifiedEvidence
//! ```
//!
//! The signature says who put the contents together, and nothing more: every certificate, CRL and
//! document inside is verified to the pinned roots all the same, by [`Bundle::audit`] and again by
//! every [`Bundle::verify`]. What the signature adds is the operator's own word, the appraisal
//! policy and the Reference Values, and that nothing was taken out.
//!
//! The form is a COSE_Sign1 over deterministic CBOR. Contents stand once each, in the order of
//! their SHA-384, and entries refer to them by it; each entry has a typed [`Key`], and a bundle
//! with two entries of one key does not parse. PCK certificate chains are not in a bundle: a quote
//! carries its own.
//!
//! What this module deliberately does not do: fetch anything, or believe a bundle because its
//! signature verifies.
//!
//! Read first: [`Bundle`] and [`Draft`].

mod audit;
pub mod codes;
mod content;
mod draft;
mod error;
mod force;
mod key;
mod lookup;
mod payload;

use core::fmt;

use crate::bytes::Digest48;
use crate::cose::{self, Header};
use crate::key::{PublicKey, ShapeError, SignedMessage, SigningKey};
use crate::limits::BUNDLE_BYTES_MAX;
use crate::policy::Policy;
use crate::reference::ReferenceValues;
use crate::time::{Period, UnixTime};

pub use audit::{Audited, Outcome};
pub use draft::Draft;
pub use error::BundleError;
pub use key::Key;

/// SPEC: RFC 9596: keeps a bundle from being taken for another signed message.
const TYP: &str = "application/vnd.cloister.bundle+cbor";

/// Endorsements for a set of machines, the appraisal policy, and Reference Values.
///
/// [`Self::open`] makes one from received bytes; it asserts that the named signer signed exactly
/// these contents, and that each parses as what its key says. It does not assert that a vendor
/// vouches for any of it ([`Self::audit`]), nor that it is still to be used ([`Self::in_force`]).
#[derive(Clone, Debug)]
pub struct Bundle {
    created: UnixTime,
    expires: UnixTime,
    policy: Policy,
    references: Vec<ReferenceValues>,
    /// In the order of their encoded keys.
    entries: Vec<Entry>,
}

/// One entry: what it is, and its contents.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    key: Key,
    parts: Vec<Vec<u8>>,
    period: Option<Period>,
}

impl Entry {
    /// What it is.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// SHA-384 of each of its contents.
    pub fn digests(&self) -> impl Iterator<Item = Digest48> + '_ {
        self.parts.iter().map(|part| Digest48::sha384(part))
    }

    /// How many bytes its contents have together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Vec::len).fold(0, usize::saturating_add)
    }

    /// Whether its contents have no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From and until when it holds; `None` for what has no dates of its own.
    #[must_use]
    pub const fn period(&self) -> Option<Period> {
        self.period
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {} bytes)", self.key, self.len())
    }
}

impl Bundle {
    /// Reads received bytes and verifies that the signer with this fingerprint signed them.
    ///
    /// # Errors
    /// [`BundleError`] with the first thing that does not hold. Nothing of the contents is looked
    /// at before the signature has verified.
    pub fn open(bytes: &[u8], signer: &Digest48) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::malformed(format!(
                "{} bytes, at most {BUNDLE_BYTES_MAX} are allowed",
                bytes.len()
            )));
        }
        let message = cose::parse(bytes, Some(TYP)).map_err(|error| match error {
            ShapeError::Algorithm => BundleError::malformed("its algorithm is not ES256"),
            ShapeError::Kind => BundleError::malformed("it is a signed message of another kind"),
            ShapeError::Malformed(reason) => BundleError::malformed(reason),
        })?;
        payload::decode(&signed_payload(message, signer)?)
    }

    /// The signed bytes.
    ///
    /// # Errors
    /// [`BundleError::Key`], or [`BundleError::Malformed`] if it is larger than a reader takes.
    pub fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, BundleError> {
        let header = Header { kid: key.public().spki(), typ: Some(TYP) };
        let bytes = cose::sign(&header, &payload::encode(self)?, |signed| key.sign(signed))?;
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::malformed(format!("more than {BUNDLE_BYTES_MAX} bytes")));
        }
        Ok(bytes)
    }

    /// When it was put together.
    #[must_use]
    pub const fn created(&self) -> UnixTime {
        self.created
    }

    /// The last moment at which every part of it holds.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// The appraisal policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The Reference Values, one for each image.
    #[must_use]
    pub fn references(&self) -> &[ReferenceValues] {
        &self.references
    }

    /// Everything inside.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn parts(&self, key: &Key) -> Option<&[Vec<u8>]> {
        let sought = key.encode();
        let place = self.entries.binary_search_by(|entry| entry.key.encode().cmp(&sought)).ok()?;
        self.entries.get(place).map(|entry| entry.parts.as_slice())
    }

    /// The content of an entry that has one.
    fn part(&self, key: &Key) -> Option<Vec<u8>> {
        self.parts(key).and_then(<[_]>::first).cloned()
    }
}

/// `kid` is the signer's whole SubjectPublicKeyInfo: the key comes with the bundle, the reason to
/// believe it does not.
fn signed_payload(message: SignedMessage, expected: &Digest48) -> Result<Vec<u8>, BundleError> {
    let observed = Digest48::sha384(message.kid());
    if observed != *expected {
        return Err(BundleError::Signer { expected: *expected, observed });
    }
    let signer = PublicKey::from_spki(message.kid())?;
    Ok(message.verified_by(&signer)?)
}
