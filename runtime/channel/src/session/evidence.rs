//! Evidence made for one session: what it has to be made of, and what is checked of it here.

use core::fmt;

use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::manifest::Manifest;

use super::SessionError;
use crate::lease::LeaseClaims;
use crate::tls::Exporter;

/// What Evidence of this side has to be bound to.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvidenceWanted {
    /// SHA-384 of the identity key's SPKI.
    pub identity_key: Digest48,
    /// SHA-384 of the channel key's SPKI.
    pub channel_key: Digest48,
    /// The exporter value of this side's role.
    pub exporter: Exporter,
}

impl EvidenceWanted {
    pub(super) fn new(claims: &LeaseClaims, exporter: &Exporter) -> Self {
        Self {
            identity_key: claims.identity_key,
            channel_key: claims.channel_key,
            exporter: exporter.clone(),
        }
    }

    /// The nonce to bind it to: nobody but the session challenges, so it is the exporter value.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        Nonce::new(*self.exporter)
    }
}

impl fmt::Debug for EvidenceWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvidenceWanted")
            .field("identity_key", &self.identity_key)
            .field("channel_key", &self.channel_key)
            .finish_non_exhaustive()
    }
}

/// A peer's Evidence whose binding is to this session, and that **nobody has appraised yet**.
///
/// It asserts: the envelope reads, its binding names this session's exporter value for the peer's
/// role, the keys in the peer's lease and the manifest in the envelope, and that manifest and the
/// TEE are those of the lease. It does not assert that any hardware signed that binding, or what it
/// runs: whoever demands it has it appraised before deciding about the peer.
#[derive(Clone, PartialEq, Eq)]
pub struct UnappraisedEvidence {
    envelope: Vec<u8>,
    exporter: Exporter,
}

impl UnappraisedEvidence {
    /// Checks an envelope against the lease of whoever sent it and the exporter value of its role.
    pub(super) fn check(
        envelope: Vec<u8>,
        claims: &LeaseClaims,
        exporter: &Exporter,
    ) -> Result<Self, SessionError> {
        let content = Envelope::decode(&envelope)?;
        let binding = Binding::decode(&content.binding)?;
        let manifest = Manifest::decode(&content.manifest)?;
        let bound = [
            ("exporter value", binding.is_for(Some(exporter))),
            ("nonce", binding.nonce.ct_eq(&Nonce::new(**exporter))),
            ("identity key", binding.identity_key == claims.identity_key),
            ("channel key", binding.channel_key == claims.channel_key),
            ("manifest", binding.manifest == Manifest::digest(&content.manifest)),
            ("TEE", content.tee == claims.tee),
            ("agent", manifest.agent == claims.agent.as_str()),
            ("principal", manifest.principal == claims.principal),
            ("scope", manifest.scope == claims.scope),
        ];
        match bound.into_iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(SessionError::EvidenceBinding { what }),
            None => Ok(Self { envelope, exporter: exporter.clone() }),
        }
    }

    /// The envelope, as received.
    #[must_use]
    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// The exporter value that the binding names.
    #[must_use]
    pub fn exporter(&self) -> &[u8; 32] {
        &self.exporter
    }

    pub(super) fn into_envelope(self) -> Vec<u8> {
        self.envelope
    }
}

impl fmt::Debug for UnappraisedEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnappraisedEvidence")
            .field("bytes", &self.envelope.len())
            .finish_non_exhaustive()
    }
}
