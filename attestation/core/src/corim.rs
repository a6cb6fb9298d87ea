//! CoRIM: Reference Values as their publisher signs them.
//!
//! ```text
//!  ImageRim --sign--> COSE_Sign1 over a CoRIM --SignedCorim::parse--> verified_by(key) --> ImageRim
//!                                   \--Corim::parse--> typed, believed by nobody
//! ```
//!
//! [`Corim`] is the subset that Reference Values need, of anybody's CoRIM: what is in one and not
//! read here is named in `not_read`, so that nothing is taken for complete that is not.
//! [`ImageRim`] is ours: one image under a profile of our own, whole tuples, dates, and what it
//! replaces. It has one encoding, and a CoRIM with anything beside that is refused.
//!
//! SPEC: draft-ietf-rats-corim.

pub mod codes;
mod error;
mod measurement;
mod publisher;
mod read;
mod rim;
mod signed;
mod tuple;

use crate::time::UnixTime;

pub use error::CorimError;
pub use measurement::{Measurement, MeasurementKey, NamedDigest};
pub use publisher::{PublisherKey, PublisherSigningKey};
pub use rim::{ImageRim, PROFILE};
pub use signed::SignedCorim;

/// A CoRIM's own id, or a tag's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TagId {
    /// Text.
    Text(String),
    /// A UUID.
    Uuid([u8; 16]),
}

/// When a CoRIM holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From this second on.
    pub not_before: Option<UnixTime>,
    /// To this second, included.
    pub not_after: UnixTime,
}

impl Validity {
    /// Whether no second is within it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.not_before.is_some_and(|from| from > self.not_after)
    }

    /// Whether `now` is within it.
    #[must_use]
    pub fn holds_at(&self, now: UnixTime) -> bool {
        self.not_before.is_none_or(|from| from <= now) && now <= self.not_after
    }
}

/// A CoRIM, as far as Reference Values need it.
///
/// # Security
/// Nobody has signed what is in here: [`SignedCorim::verified_by`] reads what somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corim {
    /// `id`.
    pub id: TagId,
    /// `profile`: a URI, or the dotted form of an object identifier's DER in hex.
    pub profile: Option<String>,
    /// `rim-validity`.
    pub validity: Option<Validity>,
    /// The CoMIDs among `tags`.
    pub comids: Vec<Comid>,
    /// What else is in it.
    pub not_read: Vec<String>,
}

/// A concise module identifier: what one module has to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comid {
    /// `tag-id`.
    pub id: TagId,
    /// `tag-version`; 0 where it is absent.
    pub version: u64,
    /// `linked-tags`.
    pub links: Vec<Link>,
    /// `reference-triples`.
    pub references: Vec<Reference>,
    /// What else is in it.
    pub not_read: Vec<String>,
}

/// What a tag has to do with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other one.
    pub tag: TagId,
    /// Whether this one takes its place; otherwise it supplements it.
    pub replaces: bool,
}

/// A reference triple: what is expected of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Of what.
    pub environment: Environment,
    /// What it measures, all of it together.
    pub measurements: Vec<Measurement>,
}

/// What measurements are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `class-id`: an object identifier's DER, a UUID or other bytes.
    pub class_id: Option<Vec<u8>>,
    /// `vendor`.
    pub vendor: Option<String>,
    /// `model`.
    pub model: Option<String>,
    /// `layer`.
    pub layer: Option<u64>,
    /// `index`.
    pub index: Option<u64>,
    /// What else is in it.
    pub not_read: Vec<String>,
}
