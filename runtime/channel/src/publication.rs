//! A published authorization policy: a bundle that the Verifier signed for one agent.
//!
//! A COSE_Sign1 by a lease key, of a media type of its own, over deterministic CBOR:
//!
//! | key | value |
//! | --- | --- |
//! | 1 | `"cloister/policy/1"` |
//! | 2 | trust domain, text |
//! | 3 | the agent that it is for, text |
//! | 4 | policy number: a later publication has a greater one |
//! | 5 | when it was published, seconds since the epoch |
//! | 6 | the bundle, bytes |
//!
//! Policy numbers are not the policy epochs of leases, which tell under which *appraisal* policy a
//! lease was issued. The newest number for an agent is in its lease, so that a publication that was
//! withheld or replayed is noticed within one lease's lifetime, whatever a runtime forgot when it
//! was restarted.

use cloister_attestation::cbor::Writer;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::cose;
use cloister_attestation::key::ShapeError;
use cloister_attestation::time::UnixTime;
use minicbor::{Decoder, decode};

use crate::cbor::{deterministic, entry};
use crate::identity::KeyError;
use crate::lease::LeaseSigner;
use crate::limits::PUBLICATION_BYTES_MAX;
use crate::name::{AgentName, TrustDomain};
use crate::trust::TrustBundle;

/// The media type in the header, so that it is never taken for another message of the same key.
const TYP: &str = "application/vnd.cloister.policy+cose";
const LABEL: &str = "cloister/policy/1";
const ENTRIES: usize = 6;

cloister_attestation::codes! {
    /// Not a publication.
    MALFORMED = "publication.malformed", Operator, "RFC 9052 section 4.2",
        "Use a Verifier and a runtime of the same version.",
        "What the Verifier gave as an authorization policy is longer than is permitted, is not a COSE_Sign1 with ES256 of that media type, or does not have exactly the six entries of a publication.";
    /// Not signed by the Verifier.
    SIGNATURE = "publication.signature", Operator, "",
        "Check which Verifier the runtime follows; only keys of its trust bundle publish policies.",
        "The key that the authorization policy names is not in the trust bundle, or did not sign it. It is not used.";
    /// For somebody else.
    AUDIENCE = "publication.audience", Operator, "",
        "Report this as a defect of the Verifier that signed.",
        "The authorization policy is of another trust domain, or for another agent. What was published for one agent says nothing about another.";
    /// Older than what is in force.
    ROLLBACK = "publication.rollback", Operator, "",
        "Publish the policy again, which gives it a new number; and find out why an old one was delivered.",
        "The number of the authorization policy is not greater than that of the one in force, or below the one that the runtime's lease names. An old policy may permit what has been forbidden since, so the runtime keeps the newer one.";
    /// The image takes none.
    FORBIDDEN = "publication.forbidden", Operator, "",
        "Publish to other agents only, or build an image whose agent.toml has `source = \"verifier\"` in its policy section.",
        "The measured configuration of this image says that its own authorization policy counts and no other. A policy that was published for it is not looked at, whoever signed it.";
    /// It could not be signed.
    SIGNING = "publication.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

/// A publication was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicationError {
    /// Not a publication.
    #[error("published policy is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Not signed by a key of the trust bundle.
    #[error("published policy is not signed by a key of the trust bundle")]
    Signature,
    /// Of another trust domain, or for another agent.
    #[error("published policy is for {observed}, expected {expected}")]
    Audience {
        /// This runtime's agent, with its trust domain.
        expected: String,
        /// The one that it names.
        observed: String,
    },
    /// Not newer than what is in force.
    #[error("published policy has number {observed}, in force is {floor}")]
    Rollback {
        /// The greatest number so far.
        floor: u64,
        /// Its number.
        observed: u64,
    },
    /// The measured configuration keeps to the image's own policy.
    #[error("published policy {number} is not looked at: the image keeps to its own")]
    Forbidden {
        /// Its number, as far as anybody said.
        number: u64,
    },
    /// Signing failed.
    #[error("published policy could not be signed")]
    Signing(#[source] KeyError),
}

impl PublicationError {
    fn malformed(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned() }
    }
}

impl PublicationError {
    /// The number of the publication that was refused; 0 where nobody vouches for one.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::Rollback { observed: number, .. } | Self::Forbidden { number } => *number,
            Self::Malformed { .. } | Self::Signature | Self::Audience { .. } | Self::Signing(_) => {
                0
            }
        }
    }
}

impl From<ShapeError> for PublicationError {
    fn from(error: ShapeError) -> Self {
        Self::malformed(match error {
            ShapeError::Algorithm => "not signed with ES256",
            ShapeError::Kind => "a signed message of another kind",
            ShapeError::Malformed(reason) => reason,
        })
    }
}

impl Diagnostic for PublicationError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &MALFORMED,
            Self::Signature => &SIGNATURE,
            Self::Audience { .. } => &AUDIENCE,
            Self::Rollback { .. } => &ROLLBACK,
            Self::Forbidden { .. } => &FORBIDDEN,
            Self::Signing(_) => &SIGNING,
        }
    }
}

/// An authorization policy for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The trust domain whose Verifier publishes.
    pub trust_domain: TrustDomain,
    /// The agent that it is for.
    pub agent: AgentName,
    /// Grows with every publication in the trust domain; from 1.
    pub number: u64,
    /// When it was published.
    pub published_at: UnixTime,
    /// The bundle. That it loads is for whoever uses it to find out.
    pub bundle: Vec<u8>,
}

impl Publication {
    /// Signs it.
    ///
    /// # Errors
    /// [`PublicationError::Malformed`] if it is longer than is read, [`PublicationError::Signing`].
    pub fn sign(&self, signer: &LeaseSigner) -> Result<Vec<u8>, PublicationError> {
        let signed = signer.sign_other(TYP, &self.encode()).map_err(PublicationError::Signing)?;
        check_len(&signed)?;
        Ok(signed)
    }

    /// Reads a received publication for `agent`, newer than number `floor`, that a lease key of
    /// `trust` signed.
    ///
    /// # Errors
    /// [`PublicationError`] with the first thing that does not hold.
    pub fn verify(
        bytes: &[u8],
        trust: &TrustBundle,
        agent: &AgentName,
        floor: u64,
    ) -> Result<Self, PublicationError> {
        check_len(bytes)?;
        let message = cose::parse(bytes, Some(TYP))?;
        let key = trust.lease_key(message.kid()).ok_or(PublicationError::Signature)?;
        let payload = message.verified_by(key).map_err(|_| PublicationError::Signature)?;
        let said = deterministic(&payload, read, Self::encode)
            .map_err(|error| PublicationError::malformed(&error.to_string()))?;
        if &said.trust_domain != trust.trust_domain() || &said.agent != agent {
            return Err(PublicationError::Audience {
                expected: format!("{agent}@{}", trust.trust_domain()),
                observed: format!("{}@{}", said.agent, said.trust_domain),
            });
        }
        if said.number <= floor {
            return Err(PublicationError::Rollback { floor, observed: said.number });
        }
        Ok(said)
    }

    fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(self.bundle.len().saturating_add(256));
        e.map(ENTRIES).unsigned(1).text(LABEL);
        e.unsigned(2).text(self.trust_domain.as_str());
        e.unsigned(3).text(self.agent.as_str());
        e.unsigned(4).unsigned(self.number);
        e.unsigned(5).unsigned(self.published_at.as_secs());
        e.unsigned(6).bytes(&self.bundle);
        e.into_bytes()
    }
}

fn check_len(bytes: &[u8]) -> Result<(), PublicationError> {
    if bytes.len() > PUBLICATION_BYTES_MAX {
        return Err(PublicationError::malformed("longer than 257 KiB"));
    }
    Ok(())
}

fn read(d: &mut Decoder<'_>) -> Result<Publication, decode::Error> {
    if d.map()? != u64::try_from(ENTRIES).ok() || entry(d, 1)?.str()? != LABEL {
        return Err(decode::Error::message("not a published policy"));
    }
    Ok(Publication {
        trust_domain: named(entry(d, 2)?.str()?)?,
        agent: named(entry(d, 3)?.str()?)?,
        number: entry(d, 4)?.u64()?,
        published_at: UnixTime::from_secs(entry(d, 5)?.u64()?),
        bundle: entry(d, 6)?.bytes()?.to_vec(),
    })
}

fn named<T: core::str::FromStr>(text: &str) -> Result<T, decode::Error> {
    text.parse().map_err(|_| decode::Error::message("a name breaks its rules"))
}
