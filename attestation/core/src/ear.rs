//! The Attestation Result as a token that relying parties read: an EAR, as JWT or as CWT.
//!
//! ```text
//!  AttestationResult --Ear::of--> Ear --ResultSigner--> JWT or CWT --verify--> VerifiedResult
//! ```
//!
//! An EAR of ours has one submodule, `runtime`, with the status, AR4SI's trustworthiness vector,
//! the digest of the appraisal policy and the claims of [`Facts`]; it lives for minutes and is
//! bound to one audience, and to a nonce where its requester gave one. [`verify`] accepts exactly
//! that. [`Ear::from_json`] and [`Ear::from_cbor`] read the claims of any EAR, for showing them.
//!
//! A result is signed with a key of its own and names its kind in its header, so that neither it
//! nor a lease is ever taken for the other.
//!
//! SPEC: draft-ietf-rats-ear, draft-ietf-rats-ar4si, RFC 9711 (EAT), RFC 7519 (JWT), RFC 8392
//! (CWT).

mod assessment;
pub mod codes;
mod error;
mod facts;
mod format;
mod keys;
mod label;
mod read;
mod sign;
mod vector;
mod verified;
mod write;

use crate::bytes::{Digest48, hex};
use crate::result::{AttestationResult, Tier};
use crate::time::UnixTime;

pub use error::EarError;
pub use facts::{Facts, MatchedImage};
pub use format::Format;
pub use keys::{ResultKeys, keys_for};
pub use sign::ResultSigner;
pub use vector::{TrustClaim, TrustVector};
pub use verified::{Expected, VerifiedResult, verify};

/// `eat_profile` of every result of ours.
pub const PROFILE: &str = "tag:ietf.org,2026:rats/ear#03";

/// The submodule that a result of ours is about.
pub const SUBMODULE: &str = "runtime";

/// The claims of an EAR.
///
/// # Security
/// Claims as such are believed by nobody: [`verify`] makes a [`VerifiedResult`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ear {
    /// `eat_profile`.
    pub profile: String,
    /// `iss`: who speaks.
    pub issuer: Option<String>,
    /// `aud`: for whom.
    pub audience: Option<String>,
    /// `iat`.
    pub issued_at: UnixTime,
    /// `exp`: from this second on the result says nothing.
    pub expires_at: Option<UnixTime>,
    /// `jti`, or `cti` in hex.
    pub id: Option<String>,
    /// `eat_nonce`.
    pub nonce: Option<Vec<u8>>,
    /// `ear_verifier_id`.
    pub verifier: VerifierId,
    /// `submods`, by name.
    pub appraisals: Vec<(String, Appraisal)>,
    /// Names of claims that this version does not read.
    pub extensions: Vec<String>,
}

/// The program that appraised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierId {
    /// Who makes it.
    pub developer: String,
    /// Its name and version.
    pub build: String,
}

/// The conclusion about one submodule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraisal {
    /// `ear_status`.
    pub status: Tier,
    /// `ear_trustworthiness_vector`; no claim at all where it is absent.
    pub vector: TrustVector,
    /// `ear_appraisal_policy_ids`.
    pub policies: Vec<String>,
    /// Our own claims. Absent in others' results.
    pub facts: Option<Facts>,
    /// Names of claims that this version does not read.
    pub extensions: Vec<String>,
}

/// What a result says beside the appraisal's conclusion.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// Who speaks: the Verifier's trust domain as a SPIFFE ID, or the name of a local run.
    pub issuer: &'a str,
    /// For whom.
    pub audience: &'a str,
    /// What the requester gave, so that the result answers this request and no other.
    pub nonce: Option<&'a [u8]>,
    /// Digest of the policy that was applied.
    pub policy: Digest48,
    /// Name and version of the program that appraised.
    pub build: &'a str,
    /// SHA-384 over the SPKI of the identity key that the Evidence is bound to, if it is to one.
    pub identity_key: Option<Digest48>,
    /// When the appraisal was made.
    pub issued_at: UnixTime,
    /// How long the result says anything.
    pub lifetime: core::time::Duration,
    /// Random; names this result.
    pub id: [u8; 16],
}

const DEVELOPER: &str = "cloister";

impl Ear {
    /// What `result` says, under these terms.
    #[must_use]
    pub fn of(result: &AttestationResult, terms: &Terms<'_>) -> Self {
        Self {
            profile: PROFILE.to_owned(),
            issuer: Some(terms.issuer.to_owned()),
            audience: Some(terms.audience.to_owned()),
            issued_at: terms.issued_at,
            expires_at: Some(terms.issued_at.plus(terms.lifetime)),
            id: Some(hex::encode(terms.id)),
            nonce: terms.nonce.map(<[u8]>::to_vec),
            verifier: VerifierId { developer: DEVELOPER.to_owned(), build: terms.build.to_owned() },
            appraisals: vec![(SUBMODULE.to_owned(), Appraisal::of(result, terms))],
            extensions: Vec::new(),
        }
    }
}

impl Appraisal {
    fn of(result: &AttestationResult, terms: &Terms<'_>) -> Self {
        let vector = TrustVector::of(result);
        Self {
            status: vector.limit(result.tier()),
            vector,
            policies: vec![policy_id(&terms.policy)],
            facts: Some(Facts::of(result, terms.identity_key)),
            extensions: Vec::new(),
        }
    }
}

/// How a result names the policy that was applied: by its digest.
#[must_use]
pub fn policy_id(policy: &Digest48) -> String {
    format!("sha-384:{policy}")
}
