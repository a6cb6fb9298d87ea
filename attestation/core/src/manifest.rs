//! The manifest: what the runtime declares about the agent it runs, bound into Evidence.
//!
//! The manifest is part of the measured image and its digest is part of every binding and of
//! every Reference Value, so a runtime cannot present another agent's name over its own image.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::bytes::Digest48;
use crate::limits::{MANIFEST_BYTES_MAX, NAME_BYTES_MAX, SCOPES_MAX};

crate::codes! {
    /// The manifest bytes do not decode, or are not in deterministic form.
    MALFORMED = "manifest.malformed", Peer, "",
        "Rebuild the image with a matching version of cloister.",
        "The manifest that came with the Evidence is not the deterministic CBOR that a runtime of this version writes, or a name in it is empty, too long, or not in the permitted alphabet.";
}

/// Why a manifest was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("manifest is malformed: {reason}")]
pub struct ManifestError {
    reason: String,
}

impl crate::code::Diagnostic for ManifestError {
    fn code(&self) -> &'static crate::code::Code {
        &MALFORMED
    }
}

/// What one image declares about its agent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Manifest {
    /// The agent's name within its trust domain: lower-case letters, digits and hyphens.
    #[n(1)]
    pub agent: String,
    /// SHA-384 of the agent's workload as the image builder computed it.
    #[n(2)]
    pub workload: WorkloadDigest,
    /// SHA-384 of the policy bundle inside the image.
    #[n(3)]
    pub policy: PolicyDigest,
    /// Who answers for the agent: an organisation or a person, as declared in `agent.toml`.
    #[n(4)]
    pub principal: String,
    /// What the agent is for; peers' policies decide over it.
    #[n(5)]
    pub scope: Vec<String>,
    /// Where the operator says that the image runs. A claim: nothing here measures geography.
    #[n(6)]
    pub region_claim: Option<String>,
    /// Whose authorization policy counts while the runtime runs.
    #[n(7)]
    pub policy_source: PolicySource,
}

/// Whose authorization policy counts.
///
/// In a manifest the image's own is written by leaving the entry out, and the Verifier's as `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicySource {
    /// The image's, which is measured, and no other.
    Image,
    /// The image's until the Verifier publishes one, then the newest that it published.
    Verifier,
}

/// Digest of an agent's workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadDigest(pub Digest48);

/// Digest of a policy bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyDigest(pub Digest48);

impl Manifest {
    /// The deterministic CBOR form, which [`Self::digest`] covers.
    ///
    /// # Errors
    /// [`ManifestError`] if a name breaks the rules that [`Self::decode`] enforces.
    pub fn encode(&self) -> Result<Vec<u8>, ManifestError> {
        self.check()?;
        minicbor::to_vec(self).map_err(|error| malformed(&error.to_string()))
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    ///
    /// # Errors
    /// [`ManifestError`] with the reason.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(malformed("longer than 16 KiB"));
        }
        let manifest: Self = minicbor::decode(bytes).map_err(|e| malformed(&e.to_string()))?;
        if manifest.encode()? != bytes {
            return Err(malformed("not in deterministic form"));
        }
        Ok(manifest)
    }

    /// SHA-384 over received manifest bytes.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> Digest48 {
        Digest48::sha384(bytes)
    }

    fn check(&self) -> Result<(), ManifestError> {
        if !is_agent_name(&self.agent) {
            return Err(malformed(
                "agent is not 1 to 63 lower-case letters, digits and inner hyphens",
            ));
        }
        let texts = self
            .scope
            .iter()
            .chain(core::iter::once(&self.principal))
            .chain(self.region_claim.as_ref());
        for text in texts {
            if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control)
            {
                return Err(malformed(
                    "a name is empty, longer than 128 bytes, or has control characters",
                ));
            }
        }
        if self.scope.len() > SCOPES_MAX {
            return Err(malformed("more than 64 scope entries"));
        }
        Ok(())
    }
}

/// Whether `name` may name an agent: a DNS label, so that it fits host names and SPIFFE paths.
#[must_use]
pub fn is_agent_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn malformed(reason: &str) -> ManifestError {
    ManifestError { reason: reason.to_owned() }
}

impl<C> Encode<C> for WorkloadDigest {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.0.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for WorkloadDigest {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        digest(d).map(Self)
    }
}

impl<C> Encode<C> for PolicyDigest {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.0.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PolicyDigest {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        digest(d).map(Self)
    }
}

impl<C> Encode<C> for PolicySource {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bool(true)?.ok()
    }

    fn is_nil(&self) -> bool {
        *self == Self::Image
    }
}

impl<'b, C> Decode<'b, C> for PolicySource {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.bool()? {
            return Ok(Self::Verifier);
        }
        Err(minicbor::decode::Error::message("a policy source that is written by leaving it out"))
    }

    fn nil() -> Option<Self> {
        Some(Self::Image)
    }
}

fn digest(d: &mut minicbor::Decoder<'_>) -> Result<Digest48, minicbor::decode::Error> {
    Digest48::from_slice(d.bytes()?)
        .ok_or_else(|| minicbor::decode::Error::message("digest is not 48 bytes"))
}

#[cfg(test)]
mod tests {
    use super::{Manifest, PolicyDigest, PolicySource, WorkloadDigest, is_agent_name};
    use crate::bytes::Digest48;

    fn manifest() -> Manifest {
        Manifest {
            agent: "translator".into(),
            workload: WorkloadDigest(Digest48::sha384(b"workload")),
            policy: PolicyDigest(Digest48::sha384(b"policy")),
            principal: "example.org".into(),
            scope: vec!["translate".into()],
            region_claim: None,
            policy_source: PolicySource::Image,
        }
    }

    #[test]
    fn whose_policy_counts_is_in_the_digest_and_has_one_form() {
        let image = manifest().encode().unwrap();
        let verifier = Manifest { policy_source: PolicySource::Verifier, ..manifest() };
        let bytes = verifier.encode().unwrap();
        assert_eq!(Manifest::decode(&bytes).unwrap(), verifier);
        assert_ne!(Manifest::digest(&bytes), Manifest::digest(&image));
        // Key 7 with anything but `true`: what is left out is never written.
        assert_eq!(bytes.get(bytes.len() - 2..), Some([0x07, 0xf5].as_slice()));
        for other in [0xf4, 0xf6, 0x01] {
            let mut bytes = bytes.clone();
            *bytes.last_mut().unwrap() = other;
            assert!(Manifest::decode(&bytes).is_err(), "{other:#x}");
        }
    }

    #[test]
    fn round_trips_and_refuses_every_single_byte_appended_or_cut() {
        let bytes = manifest().encode().unwrap();
        assert_eq!(Manifest::decode(&bytes).unwrap(), manifest());
        assert!(Manifest::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(Manifest::decode(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn agent_names_are_dns_labels() {
        for good in ["a", "translator-2", &"x".repeat(63)] {
            assert!(is_agent_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "a/b", &"x".repeat(64)] {
            assert!(!is_agent_name(bad), "{bad}");
        }
    }
}
